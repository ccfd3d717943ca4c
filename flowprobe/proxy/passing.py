"""What a reply goes through that passes as it is sent: it is counted, cut short, and cut into pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flowprobe.proxy.exchange import Exchange
from flowprobe.proxy.line import pieces

__all__ = ["Passing"]


class Passing:
    """The pieces of one reply's body, one call for each that comes. `piece` is their size, 0 leaves them as they are.

    After `limit` bytes nothing more passes, and `ended` is called, once, when these have been written.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.piece = 0
        self.limit: int | None = None
        self.ended: Callable[[], bool] = lambda: True
        self._exchange = exchange
        self._over = False

    def __call__(self, chunk: bytes) -> Iterator[bytes]:
        if self._over:
            return
        kept = self._kept(chunk)
        self._exchange.reply_bytes += len(kept)
        for part in pieces(memoryview(kept), self.piece):
            yield bytes(part)
        # mitmproxy comes back for more when it has written what it was given
        if self.limit is not None and self._exchange.reply_bytes >= self.limit:
            self._over = self.ended()
            if not self._over:  # the lease is over: the rest passes
                self.limit = None
                self._exchange.reply_bytes += len(chunk) - len(kept)
                yield chunk[len(kept):]

    def _kept(self, chunk: bytes) -> bytes:
        return chunk if self.limit is None else chunk[: self.limit - self._exchange.reply_bytes]
