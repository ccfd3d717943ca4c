"""What the proxy itself costs a call: the same small request straight to an echo and through a listener, in turn."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Callable

__all__ = ["Echo", "own_cost"]

_WARM_UP, _ROUNDS = 5, 25
_REQUEST = b"GET /calibrate HTTP/1.1\r\nHost: echo\r\nAccept: */*\r\n\r\n"
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Echo:
    """A server of one reply, in this process."""

    async def start(self) -> tuple[str, int]:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(_REPLY)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def stop(self) -> None:
        self._server.close()


class _Caller:
    """One connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def call(self) -> None:
        self.writer.write(_REQUEST)
        await self._reader.readuntil(b"\r\n\r\n{}")


async def own_cost(direct: tuple[str, int], through: tuple[str, int], clock: Callable[[], float]) -> float:
    """The median of what a call takes through the proxy, less that of a direct one; never below zero."""
    plain = _Caller(*await asyncio.open_connection(*direct))
    proxied = _Caller(*await asyncio.open_connection(*through))
    try:
        pairs = [(await _timed(plain, clock), await _timed(proxied, clock)) for _ in range(_WARM_UP + _ROUNDS)]
    finally:
        plain.writer.close()
        proxied.writer.close()
    measured = pairs[_WARM_UP:]
    difference = statistics.median(p for _, p in measured) - statistics.median(d for d, _ in measured)
    return max(0.0, difference)


async def _timed(caller: _Caller, clock: Callable[[], float]) -> float:
    began = clock()
    await caller.call()
    return clock() - began
