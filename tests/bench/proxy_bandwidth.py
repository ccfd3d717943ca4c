"""Injected bandwidth as a client sees it: the rate that is realised, as a ratio to the one that was asked.

A call that is not faulted follows each slow one, on the same connection: what it takes comes off. A slow reply passes
while it comes, so that the other call has none; a request is whole before it goes on slowly, so that the other has the
same. Printed for three rates, down and up: the median, and those that are farthest off. Exit 1 where a median is off by
more than 5 %.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from proxy_load import TRIAL

from flowprobe.core import tracing
from flowprobe.core.faults.bandwidth import Bandwidth
from flowprobe.core.scenario import Fault, FaultPlan, Position
from flowprobe.proxy.process import EdgeSpec, ProxyProcess

TARGET = 0.05
NOWHERE = Position("", 0, 0)
CASES = ((50_000.0, 20_000), (1_000_000.0, 400_000), (5_000_000.0, 2_000_000))
"""Bytes in a second, and how many are sent: 0.4 s each."""


def _serve(ready: multiprocessing.Queue[int]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    ready.put(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    """Each request is answered, when it is whole, by as many bytes as its path says."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while head := _head(connection):
        path, length = head.split(b" ", 2)[1], _length(head)
        _body(connection, head, length)
        size = int(path.rpartition(b"/")[2])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)


def _head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    return received


def _length(received: bytes) -> int:
    lines = received.partition(b"\r\n\r\n")[0].lower().split(b"\r\n")
    return next((int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")), 0)


def _body(connection: socket.socket, received: bytes, length: int) -> int:
    """Read the rest of a message; how many bytes it has in all."""
    head = len(received.partition(b"\r\n\r\n")[0]) + 4
    count = len(received)
    while count < head + length:
        count += len(connection.recv(1 << 20))
    return count


@contextmanager
def origin() -> Iterator[int]:
    """The port of an origin in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.Queue[int] = context.Queue()
    server = context.Process(target=_serve, args=(ready,), daemon=True)
    server.start()
    try:
        yield ready.get(timeout=30)
    finally:
        server.kill()
        server.join()


def call(connection: socket.socket, *, down: int, up: int) -> tuple[float, int]:
    """The seconds from the first byte sent to the last one read, and the bytes that were read."""
    trace = tracing.traceparent(tracing.call_id(TRIAL, 1, 1)).encode()
    head = b"POST /%d HTTP/1.1\r\nHost: 127.0.0.1\r\ntraceparent: %s\r\nContent-Length: %d\r\n\r\n" % (down, trace, up)
    began = time.perf_counter()
    connection.sendall(head + b"u" * up)
    received = _head(connection)
    count = _body(connection, received, _length(received))
    return time.perf_counter() - began, count if down else len(head) + up


def measure(proxy: ProxyProcess, connection: socket.socket, way: str, rate: float, size: int, rounds: int) -> int:
    kind = Bandwidth(**{way: rate})
    sizes = {"down": size if way == "down" else 0, "up": size if way == "up" else 0}
    ratios = []
    for _ in range(rounds):
        arm(proxy, (Fault("payments", "payments", kind, NOWHERE),))
        slow, count = call(connection, **sizes)
        arm(proxy, ())
        fast, _ = call(connection, down=0, up=sizes["up"])
        ratios.append(count / (slow - fast) / rate)
    middle = median(ratios)
    print(f"{way:>4} {rate / 1000:6.0f} KB/s: realised / asked {middle:.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
    return int(abs(middle - 1) > TARGET)


def arm(proxy: ProxyProcess, faults: tuple[Fault, ...]) -> None:
    proxy.apply(lease="bench", trial=TRIAL, plan=FaultPlan("bench", faults), seed=1, ceiling_s=3600)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--quick", action="store_true", help="5 rounds")
    chosen = options.parse_args()
    rounds = 5 if chosen.quick else chosen.rounds
    with origin() as port, tempfile.TemporaryDirectory() as folder:
        edges = [EdgeSpec("payments", "reverse", f"http://127.0.0.1:{port}")]
        with ProxyProcess(run="bench", edges=edges, journal=Path(folder) / "proxy.jsonl", owned=False) as proxy:
            at = int(proxy.ready().edges["payments"].rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", at), timeout=30) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return max(measure(proxy, connection, way, rate, size, rounds)
                           for way in ("down", "up") for rate, size in CASES)


if __name__ == "__main__":
    sys.exit(main())
