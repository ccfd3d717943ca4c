"""Injected latency as a client sees it: what is realised less what was asked.

For 5, 50 and 500 ms, on 1, 20 and 50 warm connections, whose calls arrive at a steady pace. Every second call is
faulted; the others go the same way without a fault, and what they take at the median comes off. Direct calls are made as
well, for information: against them, what the proxy costs is in it.

Judged: the median within 2 ms, plus the spread of the unfaulted calls against themselves; at one connection the 99th
percentile within 15 ms; at more of them that percentile against the same ask of `mitmdump -q -s` with one rule of
`asyncio.sleep`, in the same run: at most half of its error, plus the spread of ours between two halves. A run in which
the proxy said that it fell behind is marked, and not judged. With `--quick` the 99th percentile is printed, and not judged:
so few calls have none.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from statistics import median

from proxy_cpu import mitmdump
from proxy_load import TRIAL, Caller, origin, request

from flowprobe.core.events import Saturated
from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Fault, FaultPlan, Match, Position
from flowprobe.journal.reader import Follower
from flowprobe.proxy.process import EdgeSpec, ProxyProcess

P50_MS, P99_MS, OF_MITMDUMP = 2.0, 15.0, 0.5
PACE_S = 1 / 50
"""Between two arrivals, over all connections: about a tenth of what a proxy can take."""

FAULTED, UNFAULTED = request("/v1/charges"), request("/v1/refunds")
NOWHERE = Position("", 0, 0)


# --- the calls ------------------------------------------------------------------------------------


@dataclass
class Times:
    """Seconds of each call: held up, through the proxy as it is, and past it."""

    faulted: list[float] = field(default_factory=list)
    unfaulted: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)

    def errors_ms(self, asked_s: float, base: Sequence[float]) -> list[float]:
        return sorted(1000 * (took - asked_s - median(base)) for took in self.faulted)

    @property
    def spread_ms(self) -> float:
        return 1000 * abs(median(self.unfaulted[::2]) - median(self.unfaulted[1::2]))


def paced(port: int, direct: int, asked_s: float, connections: int, samples: int) -> Times:
    """Calls on warm connections, each of which keeps its own beat; half of them faulted."""
    times, gap = Times(), max(connections * PACE_S, asked_s + 0.1)
    if connections == 1:
        gap = 0.0  # one call at a time, the next one when it is answered
    callers = [(Caller(port), Caller(direct)) for _ in range(connections)]
    for caller in chain(*callers):
        caller.call(UNFAULTED)
    begins = time.perf_counter() + 0.1
    threads = [
        threading.Thread(target=_beat, args=(*pair, times, begins + gap * number / connections, gap,
                                             math.ceil(2 * samples / connections), number))
        for number, pair in enumerate(callers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for caller in chain(*callers):
        caller.close()
    return times


def _beat(
    caller: Caller, straight: Caller, times: Times, begins: float, gap: float, calls: int, number: int
) -> None:
    for index in range(calls):
        time.sleep(max(0.0, begins + index * gap - time.perf_counter()))
        if (index + number) % 2:
            times.faulted.append(caller.call(FAULTED))
        else:
            times.unfaulted.append(caller.call(UNFAULTED))
        times.direct.append(straight.call())


# --- the proxies ----------------------------------------------------------------------------------


class Ours:
    """Our proxy, and whether it has said since last asked that it fell behind."""

    def __init__(self, proxy: ProxyProcess, journal: Path) -> None:
        self.proxy = proxy
        self.port = int(proxy.ready().edges["payments"].rpartition(":")[2])
        self._journal = Follower(journal)

    def arm(self, asked_s: float) -> None:
        fault = Fault("payments", "payments", Latency(asked_s), NOWHERE, Match(("POST",), "/v1/charges"))
        self.proxy.apply(lease="bench", trial=TRIAL, plan=FaultPlan("bench", (fault,)), seed=1, ceiling_s=3600)

    def fell_behind(self) -> bool:
        return any(isinstance(stamped.event, Saturated) for stamped in self._journal.new())


@contextmanager
def ours(port: int) -> Iterator[Ours]:
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "proxy.jsonl"
        edges = [EdgeSpec("payments", "reverse", f"http://127.0.0.1:{port}")]
        with ProxyProcess(run="bench", edges=edges, journal=journal, owned=False) as proxy:
            print(f"calibrated own cost {1000 * proxy.ready().own_cost_s:.2f} ms")
            yield Ours(proxy, journal)


# --- what is said of them -------------------------------------------------------------------------


def at(errors: Sequence[float], share: float) -> float:
    return errors[min(len(errors) - 1, math.ceil(share * len(errors)) - 1)]


@dataclass(frozen=True)
class Errors:
    """Milliseconds: the median against unfaulted calls and against direct ones, the 99th percentile against both, the
    spread of the unfaulted calls against themselves, and that of the 99th percentile between two halves."""

    p50: float
    p50_direct: float
    p99: float
    p99_direct: float
    spread: float
    p99_spread: float

    @classmethod
    def of(cls, times: Times, asked_s: float) -> Errors:
        unfaulted, direct = (times.errors_ms(asked_s, base) for base in (times.unfaulted, times.direct))
        halves = (at(sorted(times.faulted[start::2]), 0.99) for start in (0, 1))
        return cls(at(unfaulted, 0.5), at(direct, 0.5), at(unfaulted, 0.99), at(direct, 0.99), times.spread_ms,
                   1000 * abs(next(halves) - next(halves)))

    @property
    def centred(self) -> bool:
        return abs(self.p50) <= P50_MS + self.spread

    def __str__(self) -> str:
        return (f"p50 {self.p50:+6.2f} ms ({self.p50_direct:+.2f} against direct calls, ±{self.spread:.2f})  "
                f"p99 {self.p99:+7.2f} ms ({self.p99_direct:+.2f})")


TELLING = 100
"""So many calls have a 99th percentile."""


def one_connection(proxy: Ours, direct: int, asked_s: float, samples: int) -> bool:
    """Whether it held."""
    proxy.arm(asked_s)
    proxy.fell_behind()
    errors, behind = Errors.of(paced(proxy.port, direct, asked_s, 1, samples), asked_s), proxy.fell_behind()
    held = errors.centred and (samples < TELLING or errors.p99 <= P99_MS)
    print(f"{1000 * asked_s:3.0f} ms,  1 connection : {errors}  {verdict(held, behind)}", flush=True)
    return held or behind


def many(proxy: Ours, direct: int, asked_s: float, connections: int, samples: int) -> bool:
    """Whether it held; mitmdump has the same calls in the same run."""
    proxy.arm(asked_s)
    with mitmdump(direct, RULE_EVERY="1", RULE_DELAY_S=str(asked_s)) as (_, plain):
        proxy.fell_behind()
        mine, theirs = _in_turns((proxy.port, plain), direct, asked_s, connections, samples)
        behind = proxy.fell_behind()
    errors, beside = Errors.of(mine, asked_s), Errors.of(theirs, asked_s)
    held = errors.centred and (samples < TELLING or errors.p99 <= OF_MITMDUMP * beside.p99 + errors.p99_spread)
    print(f"{1000 * asked_s:3.0f} ms, {connections:2} connections: {errors}  {verdict(held, behind)}\n"
          f"{'mitmdump':>23}: {beside}; ours at p99 {errors.p99 / beside.p99:.2f} of it "
          f"(±{errors.p99_spread:.2f} ms)", flush=True)
    return held or behind


def _in_turns(
    ports: tuple[int, int], direct: int, asked_s: float, connections: int, samples: int
) -> tuple[Times, Times]:
    """The one and the other in short turns: so both have the same weather."""
    both, turns = (Times(), Times()), max(1, samples // 50)
    for _ in range(turns):
        for times, port in zip(both, ports, strict=True):
            made = paced(port, direct, asked_s, connections, samples // turns)
            times.faulted += made.faulted
            times.unfaulted += made.unfaulted
            times.direct += made.direct
    return both


def verdict(held: bool, behind: bool) -> str:
    return "saturated, not judged" if behind else "held" if held else "MISSED"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--samples", type=int, default=200, help="faulted calls of each line")
    options.add_argument("--quick", action="store_true", help="few calls, and 20 connections at most")
    chosen = options.parse_args()
    samples, crowds = (50, (20,)) if chosen.quick else (chosen.samples, (20, 50))
    with origin() as port, ours(port) as proxy:
        held = [one_connection(proxy, port, asked, samples if asked < 0.1 else min(samples, 15 if chosen.quick else 100))
                for asked in (0.005, 0.05, 0.5)]
        held += [many(proxy, port, asked, connections, samples)
                 for connections in crowds for asked in (0.005, 0.05, 0.5)]
    return int(not all(held))


if __name__ == "__main__":
    sys.exit(main())
