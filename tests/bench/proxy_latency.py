"""Injected latency as a client sees it: what is realised less what was asked, on one connection.

A call that is not faulted follows each one that is; both go through the proxy, and a direct one goes with them.
Realised is what the faulted call takes longer than the direct one, which is what a slower provider would be.
Printed for 50 and 500 ms: the median of that error, and the same against the unfaulted calls through the proxy.
Exit 1 where either is beyond 3 ms plus the spread of the unfaulted calls against themselves.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from proxy_load import TRIAL, Caller, origin

from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Fault, FaultPlan, Position
from flowprobe.proxy.process import EdgeSpec, ProxyProcess

TARGET_MS = 3.0
NOWHERE = Position("", 0, 0)


def arm(proxy: ProxyProcess, delay_s: float | None) -> None:
    faults = () if delay_s is None else (Fault("payments", "payments", Latency(delay_s), NOWHERE),)
    proxy.apply(lease="bench", trial=TRIAL, plan=FaultPlan("bench", faults), seed=1, ceiling_s=3600)


def measure(proxy: ProxyProcess, through: Caller, direct: Caller, delay_s: float, rounds: int) -> int:
    faulted, unfaulted, plain = [], [], []
    for _ in range(rounds):
        arm(proxy, delay_s)
        faulted.append(through.call())
        arm(proxy, None)
        unfaulted.append(through.call())
        plain.append(direct.call())
    own = [u - p for u, p in zip(unfaulted, plain, strict=True)]
    against_direct = 1000 * (median(f - p for f, p in zip(faulted, plain, strict=True)) - delay_s)
    against_proxied = 1000 * (median(f - u for f, u in zip(faulted, unfaulted, strict=True)) - delay_s)
    spread = 1000 * abs(median(unfaulted[::2]) - median(unfaulted[1::2]))
    print(
        f"asked {1000 * delay_s:3.0f} ms: realised less asked p50 {against_direct:+.2f} ms against direct calls, "
        f"{against_proxied:+.2f} ms against unfaulted ones (±{spread:.2f}); own cost {1000 * median(own):.2f} ms"
    )
    return int(max(abs(against_direct), abs(against_proxied)) > TARGET_MS + spread)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=60)
    options.add_argument("--quick", action="store_true", help="12 rounds")
    chosen = options.parse_args()
    rounds = 12 if chosen.quick else chosen.rounds
    with origin() as port, tempfile.TemporaryDirectory() as folder:
        edges = [EdgeSpec("payments", "reverse", f"http://127.0.0.1:{port}")]
        proxy = ProxyProcess(run="bench", edges=edges, journal=Path(folder) / "proxy.jsonl", owned=False)
        with proxy:
            ready = proxy.ready()
            print(f"calibrated own cost {1000 * ready.own_cost_s:.2f} ms")
            through, direct = Caller(int(ready.edges["payments"].rpartition(":")[2])), Caller(port)
            try:
                return max(measure(proxy, through, direct, delay_s, rounds) for delay_s in (0.05, 0.5))
            finally:
                through.close()
                direct.close()


if __name__ == "__main__":
    sys.exit(main())
