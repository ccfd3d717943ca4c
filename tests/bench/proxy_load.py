"""What the benches of the proxy share: a raw origin in a process of its own, and a raw keep-alive caller."""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flowprobe.core import tracing

TRIAL = "5eed5eed5eed5eed"
BODY = b'{"amount": 4900, "currency": "eur", "customer": "cus_9s6XKzkNRiz8i3", "confirm": true}'
REPLY = b'{"id": "ch_3MmlLrLkdIwHu7ix", "amount": 4900, "state": "succeeded", "padding": "' + b"p" * 400 + b'"}'
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(REPLY)


def _serve(ready: multiprocessing.Queue[int]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    ready.put(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(ConnectionError):  # of who goes away
        waiting = b""
        while data := connection.recv(65536):
            waiting += data
            _, end, rest = waiting.partition(b"\r\n\r\n")
            if end and len(rest) >= len(BODY):
                waiting = rest[len(BODY) :]
                connection.sendall(_HEAD + REPLY)


@contextmanager
def origin() -> Iterator[int]:
    """The port of an origin that answers one reply to one kind of call."""
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.Queue[int] = context.Queue()
    server = context.Process(target=_serve, args=(ready,), daemon=True)
    server.start()
    try:
        yield ready.get(timeout=30)
    finally:
        server.kill()
        server.join()


def request(path: str, trial: str = TRIAL) -> bytes:
    trace = tracing.traceparent(tracing.call_id(trial, 1, 1)).encode()
    return (
        b"POST " + path.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Idempotency-Key: order-17\r\ntraceparent: " + trace + b"\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
    )


class Caller:
    """One kept connection."""

    def __init__(self, port: int, path: str = "/v1/charges") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request(path)

    def call(self, made: bytes | None = None) -> float:
        """Seconds from the first byte sent to the last one read; `made` is another request than its own."""
        began = time.perf_counter()
        self.socket.sendall(made or self._request)
        read = b""
        while not read.endswith(REPLY):
            piece = self.socket.recv(65536)
            if not piece:
                raise ConnectionError(f"the reply ended early: {read!r}")
            read += piece
        return time.perf_counter() - began

    def close(self) -> None:
        self.socket.close()
