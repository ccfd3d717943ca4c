"""CPU of the proxy for each request, receipts on, beside `mitmdump -q` with a script of one rule.

Both stand before the same origin and get the same kept-alive calls, in turn, round by round; only their own CPU
time counts. Printed: the medians, the ratio, and the spread of our proxy against itself. Exit 1 where the ratio
is beyond the target plus that spread.
"""

from __future__ import annotations

import argparse
import math
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from proxy_load import TRIAL, Caller, origin

from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Fault, FaultPlan, Match, Position, When
from flowprobe.proxy.process import EdgeSpec, ProxyProcess

TARGET = 0.65
CONNECTIONS = 4
SCRIPT = Path(__file__).with_name("proxy_one_rule.py")


RULE = Fault("payments", "payments", Latency(0.0), Position("", 0, 0), Match(("POST",), "/v1/charges"), When(every=10))


@contextmanager
def ours(origin_port: int, faults: tuple[Fault, ...] = (RULE,)) -> Iterator[tuple[int, int]]:
    """The pid and the port of our proxy, with a lease of these faults in force."""
    edges = [EdgeSpec("payments", "reverse", f"http://127.0.0.1:{origin_port}")]
    with tempfile.TemporaryDirectory() as folder:
        proxy = ProxyProcess(run="bench", edges=edges, journal=Path(folder) / "proxy.jsonl", owned=True)
        with proxy:
            ready = proxy.ready()
            proxy.apply(lease="bench", trial=TRIAL, plan=FaultPlan("bench", faults), seed=1, ceiling_s=3600)
            yield proxy.pid, int(ready.edges["payments"].rpartition(":")[2])


@contextmanager
def mitmdump(origin_port: int, **rule: str) -> Iterator[tuple[int, int]]:
    """The pid and the port of mitmdump with the script of one rule; `rule` sets the script's environment."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-c", "from mitmproxy.tools.main import mitmdump; mitmdump()", "-q", "-s", str(SCRIPT),
            "--mode", f"reverse:http://127.0.0.1:{origin_port}@127.0.0.1:{port}", "--set", f"confdir={folder}",
        ]
        child = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **rule},
        )
        try:
            _wait_for(port)
            yield child.pid, port
        finally:
            child.terminate()
            child.wait()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("mitmdump did not start")


def cpu_s(pid: int) -> float:
    """CPU seconds of every thread of a process."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


def load(port: int, calls: int) -> None:
    """The calls, over several connections at once."""
    callers = [Caller(port) for _ in range(CONNECTIONS)]
    threads = [
        threading.Thread(target=lambda c=caller: [c.call() for _ in range(calls // CONNECTIONS)])
        for caller in callers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for caller in callers:
        caller.close()


def microseconds(server: tuple[int, int], calls: int) -> float:
    pid, port = server
    before = cpu_s(pid)
    load(port, calls)
    return (cpu_s(pid) - before) * 1e6 / calls


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=60)
    options.add_argument("--calls", type=int, default=160, help="a round: short, so that a pair has one weather")
    options.add_argument("--quick", action="store_true", help="20 rounds")
    chosen = options.parse_args()
    rounds, calls = 20 if chosen.quick else chosen.rounds, chosen.calls
    with origin() as port, ours(port) as proxy, mitmdump(port) as plain:
        return compare({"flowprobe": proxy, "mitmdump": plain, "flowprobe again": proxy}, rounds, calls)


def uncertainty(ratios: list[float]) -> float:
    """Twice the standard error of the median of ratios that ought to be 1, and how far it is from there."""
    deviation = 1.48 * median(abs(ratio - median(ratios)) for ratio in ratios)
    return max(abs(median(ratios) - 1), 2 * 1.25 * deviation / math.sqrt(len(ratios)))


def compare(servers: dict[str, tuple[int, int]], rounds: int, calls: int) -> int:
    for server in servers.values():
        load(server[1], 100)
    costs: dict[str, list[float]] = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            costs[name].append(microseconds(server, calls))
    for name, values in costs.items():
        print(f"{name:16} {median(values):7.0f} µs CPU a request ({min(values):.0f} to {max(values):.0f})")
    ratio = median(a / b for a, b in zip(costs["flowprobe"], costs["mitmdump"], strict=True))
    spread = uncertainty([a / b for a, b in zip(costs["flowprobe again"], costs["flowprobe"], strict=True)])
    print(f"flowprobe / mitmdump {ratio:.2f} (target {TARGET}; flowprobe against itself ±{spread:.2f})")
    return int(ratio > TARGET + spread)


if __name__ == "__main__":
    sys.exit(main())
