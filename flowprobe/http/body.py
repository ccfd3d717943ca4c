"""Read a body to its end, keep its start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowprobe.http.inflate import inflater_for
from flowprobe.http.limits import Limits

__all__ = ["read_body"]


def read_body(chunks: Iterable[bytes], coding: str, limits: Limits) -> tuple[bytes, bool]:
    """The first `limits.keep` bytes of the plain body, and whether there were more.

    `coding` is the Content-Encoding ('' for none). Raises `Ended` over a cap.
    """
    kept = bytearray()
    truncated = False
    for piece in _plain(chunks, coding, limits) if coding else chunks:
        room = limits.keep - len(kept)
        if len(piece) > room:
            truncated = True
            piece = piece[:room]
        kept += piece
    return bytes(kept), truncated


def _plain(chunks: Iterable[bytes], coding: str, limits: Limits) -> Iterator[bytes]:
    inflater = inflater_for(coding, limits)
    if inflater is None:
        yield from chunks
        return
    for chunk in chunks:
        yield from inflater.feed(chunk)
    inflater.finish()
