"""Traffic for a long time, and what of it stays in the proxy: memory and descriptors.

Trials come and go: each has a lease, calls on kept and on new connections, and each fault in turn, with callers that give
up. The first half is for warming up: caches fill, and memory that was freed is in pieces. In the second half memory is
read again and again, and a line is laid through it (least squares). Exit 1 where that line rises by more than 5 % of what
was there, or where more descriptors are open at the end than at the beginning.

`--minutes 60` is the long form. Without it: two minutes; `--quick`: 20 seconds.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import fmean

from proxy_load import Caller, origin, request

from flowprobe.core.faults.body import Body
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Fault, FaultPlan, Match, Position
from flowprobe.proxy.process import EdgeSpec, ProxyProcess

TARGET = 0.05
WORKERS = 4
CALLS_A_TRIAL = 40
PATIENCE_S = 0.02
NOWHERE = Position("", 0, 0)
KINDS: tuple[Kind, ...] = (Latency(0.005), Status(503), Reset(), Close(), Hang(30), Body("empty"))


@dataclass
class Traffic:
    """Workers that call until they are told to stop."""

    proxy: ProxyProcess
    port: int
    calls: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    failed: list[BaseException] = field(default_factory=list)

    def work(self, worker: int) -> None:
        try:
            for number in count():
                if self.over.is_set():
                    return
                self._trial(f"{0x50A0000000000000 + worker * (1 << 32) + number:016x}", KINDS[number % len(KINDS)])
        except BaseException as error:  # said at the end
            self.failed.append(error)
            self.over.set()

    def _trial(self, trial: str, kind: Kind) -> None:
        fault = Fault("payments", "payments", kind, NOWHERE, Match(path="/v1/refunds"))
        self.proxy.apply(lease=trial, trial=trial, plan=FaultPlan("soak", (fault,)), seed=1)
        kept, sound = Caller(self.port), request("/v1/charges", trial)
        for _ in range(CALLS_A_TRIAL):
            kept.call(sound)
        kept.close()
        self._suffer(request("/v1/refunds", trial))
        self.proxy.drain(trial, timeout_s=10)
        self.proxy.release(trial)
        self.calls += CALLS_A_TRIAL + 1

    def _suffer(self, faulted: bytes) -> None:
        """One call on a connection of its own, and no patience."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S) as connection:
            connection.sendall(faulted)
            try:
                while connection.recv(65536):
                    pass
            except OSError:
                pass  # the reset, or the end of patience


def rss_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def settled(pid: int, wanted: int) -> int:
    """How many descriptors are open, once the last connections are gone."""
    deadline = time.monotonic() + 5
    while (now := descriptors(pid)) > wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return now


def rise(points: Sequence[tuple[float, float]]) -> float:
    """How far the line through them rises from the first to the last."""
    middle_x, middle_y = fmean(x for x, _ in points), fmean(y for _, y in points)
    width = sum((x - middle_x) ** 2 for x, _ in points)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in points) / width
    return slope * (points[-1][0] - points[0][0])


def soak(proxy: ProxyProcess, port: int, seconds: float) -> int:
    time.sleep(1.0)  # the connections of the calibration go
    before = descriptors(proxy.pid)
    traffic = Traffic(proxy, port)
    workers = [threading.Thread(target=traffic.work, args=(number,)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    traffic.over.wait(seconds / 2)  # warm-up
    points, ends = [], time.monotonic() + seconds / 2
    while time.monotonic() < ends and not traffic.over.wait(min(1.0, seconds / 40)):
        points.append((float(traffic.calls), rss_mib(proxy.pid)))
    traffic.over.set()
    for worker in workers:
        worker.join()
    if traffic.failed:
        raise RuntimeError("the traffic failed") from traffic.failed[0]
    return judge(points, before, settled(proxy.pid, before), traffic.calls)


def judge(points: Sequence[tuple[float, float]], before: int, after: int, calls: int) -> int:
    first, grown = points[0][1], rise(points)
    print(f"{calls} calls, of which {points[-1][0] - points[0][0]:.0f} counted: {first:.1f} to {points[-1][1]:.1f} MiB, "
          f"{grown:+.2f} along the line (target {TARGET * first:.1f}); {before} descriptors before, {after} after")
    return int(grown > TARGET * first or after > before)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=2.0)
    options.add_argument("--quick", action="store_true", help="20 seconds")
    chosen = options.parse_args()
    seconds = 20.0 if chosen.quick else chosen.minutes * 60
    with origin() as port, tempfile.TemporaryDirectory() as folder:
        edges = [EdgeSpec("payments", "reverse", f"http://127.0.0.1:{port}")]
        with ProxyProcess(run="bench", edges=edges, journal=Path(folder) / "proxy.jsonl", owned=False) as proxy:
            return soak(proxy, int(proxy.ready().edges["payments"].rpartition(":")[2]), seconds)


if __name__ == "__main__":
    sys.exit(main())
