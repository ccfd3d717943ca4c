"""Peak memory of the proxy while a body of 100 MB passes that nobody needs to read, down and up.

A lease is in force, with a fault on other calls of the same edge where the body comes down, and none where it goes up:
what has to be read to decide is held. The peak is that of the kernel (VmHWM), which is set back before each body.
Exit 1 where one adds more than 2 MiB.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxy_load import TRIAL

from flowprobe.core import tracing
from flowprobe.core.faults.body import Body
from flowprobe.core.scenario import Fault, FaultPlan, Match, Position
from flowprobe.proxy.process import EdgeSpec, ProxyProcess

SIZE = 100 << 20
TARGET_MIB = 2.0
PIECE = b"x" * 65536
WARM_UP = 4 << 20


def _serve(ready: multiprocessing.Queue[int]) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    ready.put(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    """Take what the request brings, and send as many bytes as its path says."""
    while head := _head(connection):
        size = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // len(PIECE)):
            connection.sendall(PIECE)


def _head(connection: socket.socket) -> bytes:
    """The head of a message whose body was read and dropped; b'' at the end of the connection."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    left = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0) - len(body)
    while left > 0:
        left -= len(connection.recv(1 << 20)) or left
    return head


@contextmanager
def origin() -> Iterator[int]:
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.Queue[int] = context.Queue()
    server = context.Process(target=_serve, args=(ready,), daemon=True)
    server.start()
    try:
        yield ready.get(timeout=30)
    finally:
        server.kill()
        server.join()


def call(port: int, *, down: int = 0, up: int = 0) -> None:
    trace = tracing.traceparent(tracing.call_id(TRIAL, 1, 1)).encode()
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"POST /%d HTTP/1.1\r\nHost: origin\r\ntraceparent: %s\r\nContent-Length: %d\r\n\r\n"
                           % (down, trace, up))
        for _ in range(up // len(PIECE)):
            connection.sendall(PIECE)
        if not _head(connection).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("the body did not pass")


def peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def added_mib(pid: int, port: int, **body: int) -> float:
    call(port, **dict.fromkeys(body, WARM_UP))  # buffers of sockets, which stay
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = peak_mib(pid)
    call(port, **body)
    return peak_mib(pid) - before


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="is quick anyway")
    options.parse_args()
    spoilt = Fault("payments", "payments", Body("empty"), Position("", 0, 0), Match(("GET",), "/elsewhere"))
    with origin() as port, tempfile.TemporaryDirectory() as folder:
        edges = [EdgeSpec("payments", "reverse", f"http://127.0.0.1:{port}")]
        with ProxyProcess(run="bench", edges=edges, journal=Path(folder) / "proxy.jsonl", owned=False) as proxy:
            through = int(proxy.ready().edges["payments"].rpartition(":")[2])
            added = {}
            for way, faults in (("down", (spoilt,)), ("up", ())):
                proxy.apply(lease="bench", trial=TRIAL, plan=FaultPlan("bench", faults), seed=1, ceiling_s=3600)
                added[way] = added_mib(proxy.pid, through, **{way: SIZE})
    for way, mib in added.items():
        print(f"100 MB {way}: {mib:+.1f} MiB (target {TARGET_MIB:g})")
    return int(max(added.values()) > TARGET_MIB)


if __name__ == "__main__":
    sys.exit(main())
