"""A product of five calls in a process of its own, fast enough that what is measured is its caller.

It keeps connections alive, answers the five calls of `journey.py` from bytes that were made beforehand, and looks
at nothing but the first line and the length of the body.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import re
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

__all__ = ["loopback"]

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_START_S = 30


def _reply(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


_REPLIES = {
    b"GET /v1/me": _reply(b"200 OK", b'{"account":"acc_eu_pro","team":"team_eu","role":"admin"}'),
    b"GET /v1/billing": _reply(b"200 OK", b'{"seats":3,"currency":"EUR","card":{"state":"valid"},"total":3600}'),
    b"POST /v1/teams": _reply(b"201 Created", b'{"id":"inv_7","state":"pending","items":[{"role":"member"}]}'),
    b"GET /v1/invites": _reply(b"200 OK", b'{"id":"inv_7","state":"pending","team":"team_eu","seats":3}'),
    b"GET /v1/search": _reply(b"200 OK", b'{"query":"europe","hits":[{"id":"doc_1"},{"id":"doc_2"}]}'),
}
_UNKNOWN = _reply(b"404 Not Found", b"{}")
_FIRST = re.compile(rb"[A-Z]+ /v1/[a-z]+")


class _Answering(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self) -> None:
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._seen += data
        head = self._seen.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(self._seen, 0, head)
        if len(self._seen) < head + 4 + (int(length[1]) if length else 0):
            return
        first = _FIRST.match(self._seen)
        self._seen = b""
        self._transport.write(_REPLIES.get(first[0], _UNKNOWN) if first else _UNKNOWN)


async def _serve(ready: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def _run(ready: Connection) -> None:
    asyncio.run(_serve(ready))


@contextmanager
def loopback() -> Iterator[str]:
    """Its base URL, while it runs."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(theirs,), daemon=True)
    process.start()
    try:
        if not ours.poll(_START_S):
            raise RuntimeError("the loopback product did not start")
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.kill()
        process.join()
