"""What a call through the driver costs beside a bare `httpx.Client.request`.

Both make the same kept-alive GETs and POSTs against a raw-socket server in a process of its own, in turn,
round by round. Printed: medians of the CPU time of this process per call, the ratio, and the spread of
httpx against itself. Exit 1 beyond the target plus that spread.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import sys
import threading
import time
from collections.abc import Callable
from statistics import median

import httpx

from flowprobe.core.wire import Body, Call, Reply
from flowprobe.http import Driver

TARGET = 1.08
BODY = b'{"id": "inv_1", "state": "pending"}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)
HEADERS = {"Authorization": "Bearer abc", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}


def serve(ready: multiprocessing.Queue[int]) -> None:
    """Answer whatever comes, one thread a connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    ready.put(listener.getsockname()[1])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := connection.recv(65536):
        if data.startswith(b"POST") and data.endswith(b"\r\n\r\n"):
            connection.recv(65536)  # httpx sends the body on its own
        connection.sendall(HEAD + BODY)


def with_httpx(base: str) -> Callable[[int], None]:
    client = httpx.Client(verify=False, trust_env=False)

    def run(calls: int) -> None:
        for number in range(calls):
            client.request("GET", f"{base}/v1/teams/{number}", headers=HEADERS)
            client.request("POST", f"{base}/v1/invites/{number}", headers=HEADERS, content=BODY)

    return run


def with_driver(base: str) -> Callable[[int], None]:
    driver = Driver()
    body = Body(BODY, "application/json")

    def run(calls: int) -> None:
        for number in range(calls):
            for method, path, sent in (("GET", "teams", Body()), ("POST", "invites", body)):
                reply = driver.send(Call(id="c", trial="t", step="s", persona="p", method=method,
                                         url=f"{base}/v1/{path}/{number}", headers=HEADERS, body=sent))
                assert isinstance(reply, Reply), reply

    return run


def cpu_per_call(run: Callable[[int], None], calls: int) -> float:
    """Microseconds of CPU; each round makes two calls."""
    before = time.process_time()
    run(calls)
    return (time.process_time() - before) * 1e6 / (2 * calls)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--calls", type=int, default=200)
    chosen = options.parse_args()
    context = multiprocessing.get_context("spawn")
    ready: multiprocessing.Queue[int] = context.Queue()
    server = context.Process(target=serve, args=(ready,), daemon=True)
    server.start()
    try:
        return compare(f"http://127.0.0.1:{ready.get(timeout=30)}", chosen.rounds, chosen.calls)
    finally:
        server.kill()
        server.join()


def compare(base: str, rounds: int, calls: int) -> int:
    runs = {"httpx": with_httpx(base), "driver": with_driver(base), "httpx again": with_httpx(base)}
    for run in runs.values():
        run(20)
    costs: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            costs[name].append(cpu_per_call(run, calls))
    for name, values in costs.items():
        print(f"{name:12} {median(values):8.0f} µs CPU a call ({min(values):.0f} to {max(values):.0f})")
    ratio = median(d / h for d, h in zip(costs["driver"], costs["httpx"], strict=True))
    spread = abs(median(a / h for a, h in zip(costs["httpx again"], costs["httpx"], strict=True)) - 1)
    print(f"driver / httpx {ratio:.2f} (target {TARGET}; httpx against itself ±{spread:.2f})")
    return int(ratio > TARGET + spread)


if __name__ == "__main__":
    sys.exit(main())
