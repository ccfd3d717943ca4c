"""What rules cost: CPU of our proxy for each request with a hundred faults in force, beside one without any.

None of the hundred falls on the calls that are made: each is held against every call all the same. Exit 1 where the
ratio is beyond the target plus the spread of the proxy without rules against itself.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from statistics import median

from proxy_cpu import load, microseconds, ours, uncertainty
from proxy_load import origin

from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Fault, Match, Position

TARGET = 1.05
NOWHERE = Position("", 0, 0)


def elsewhere(number: int) -> Fault:
    """A fault on another path; every third one on another edge."""
    edge = "mail" if number % 3 == 0 else "payments"
    return Fault(f"{edge}[{number}]", edge, Latency(0.0), NOWHERE, Match(("POST",), f"/v1/things{number}/*"))


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=60)
    options.add_argument("--calls", type=int, default=160, help="a round: short, so that a pair has one weather")
    options.add_argument("--quick", action="store_true", help="20 rounds")
    chosen = options.parse_args()
    rounds = 20 if chosen.quick else chosen.rounds
    with ExitStack() as stack:
        port = stack.enter_context(origin())
        none = stack.enter_context(ours(port, faults=()))
        hundred = stack.enter_context(ours(port, faults=tuple(elsewhere(number) for number in range(100))))
        for server in (none, hundred):
            load(server[1], 100)
        costs = [tuple(microseconds(server, chosen.calls) for server in (none, hundred, none)) for _ in range(rounds)]
    ratio = median(2 * with_rules / (before + after) for before, with_rules, after in costs)
    spread = uncertainty([after / before for before, _, after in costs])
    print(f"no rules {median(each[0] for each in costs):.0f} µs, 100 rules {median(each[1] for each in costs):.0f} µs CPU "
          f"a request: {ratio:.2f} (target {TARGET:g}; without rules against itself ±{spread:.2f})")
    return int(ratio > TARGET + spread)


if __name__ == "__main__":
    sys.exit(main())
