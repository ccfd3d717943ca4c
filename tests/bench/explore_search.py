"""How many tries the search needs, on a product that is a function and has planted weaknesses: to the last of them, against
uniform random search over the same calls, kinds, parameters and states, and what the searcher itself takes.

`python tests/bench/explore_search.py [--quick] [--seeds N]`: exit 1 beyond a target.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flowprobe.core.exploring.exploration import Exploration
from flowprobe.core.exploring.model import Enough, Learned, Placed, Try
from flowprobe.core.exploring.searching import Terms, explore
from tests.core.exploring.fake_products import DEFAULT, PLANTED, VALUES, FakeProduct, reset_fields, rows, shop

TRIES = 3.0
"""To the last weakness, in (call sites × applicable kinds)."""
FEWER = 3.0
CPU = 0.05
CALL_S = 0.05
_CENSOR = 20
"""Random search is given up after so many times the tries that the search took."""


@dataclass(frozen=True)
class Searched:
    tries: int
    calls: int
    calls_alone: int
    cells: int
    missed: int
    cpu: float
    shrinking: int
    exploration: Exploration


class _Timed:
    """The product, with the time that it takes itself."""

    def __init__(self, product: FakeProduct) -> None:
        self.product, self.seconds, self.calls = product, 0.0, 0

    def __call__(self, tried: Try) -> Learned:
        began = time.process_time()
        try:
            learned = self.product(tried)
        finally:
            self.seconds += time.process_time() - began
        self.calls += learned.calls
        return learned


def searched(seed: int, *, mended: bool = False) -> Searched:
    timed = _Timed(shop(mended=mended))
    states = rows(seed)
    began = time.process_time()
    found = explore(timed, DEFAULT, states, terms=Terms(seed=seed), reduce=reset_fields, fields=VALUES)
    cpu = time.process_time() - began - timed.seconds
    product = timed.product
    return Searched(max(product.first_seen.values(), default=0), max(product.first_calls.values(), default=0),
                    _alone(product), _cells(found), 0 if mended else len(PLANTED) - len(_reported(found)), cpu / timed.calls,
                    found.phases.get("shrink", 0) + found.phases.get("confirm", 0), found)


def _reported(found: Exploration) -> set[str]:
    return {broke.where for each in found.found for broke in each.breaks}


def _cells(found: Exploration) -> int:
    """Call sites of an unfaulted run in the default state × the kinds that can fall on each."""
    usual = {each.site for each in found.baseline.sites}
    return sum(cell.site in usual and cell.outcome != "not applicable" for cell in found.cells)


def _alone(product: FakeProduct) -> int:
    """Calls to the last weakness of those that need no second fault."""
    return max((product.first_calls.get(each.name, product.calls_made) for each in product.weaknesses
                if len(each.needs) < 2), default=0)


def by_chance(seed: int, ground: Exploration, most: int) -> tuple[int, int, bool]:
    """Calls to the last weakness, to the last that needs one fault at most, and whether random search came there at all: a state, and one or two faults of all
    that the search has placed anywhere, also on retries and fallbacks."""
    product, dice = shop(budget=most), random.Random(seed)
    states = [dict(DEFAULT), *rows(seed)]
    faults = _faults(ground)
    try:
        for _ in count():
            some = tuple(dice.choice(faults) for _ in range(dice.choice((1, 1, 2))))
            product(Try(dice.choice(states), some, "random"))
            if len(product.first_seen) == len(PLANTED):
                return product.calls_made, _alone(product), True
    except Enough:
        pass
    return product.calls_made, _alone(product), False


def _faults(ground: Exploration) -> list[Placed]:
    from flowprobe.core.exploring.catalogue import offers
    from flowprobe.core.exploring.model import Reached

    seen = [Reached(cell.site, 200, 0.05, True, True, 300) for cell in ground.cells]
    made = offers(seen, connections=False, cap_s=10.0)
    return [Placed(site, kind) for site, some in made.items() for offer in some for kind in offer.kinds]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--quick", action="store_true", help="three seeds")
    chosen = options.parse_args()
    seeds = range(3 if chosen.quick else chosen.seeds)
    ours = [searched(seed) for seed in seeds]
    mended = [searched(seed, mended=True) for seed in seeds]
    chance = [by_chance(seed, each.exploration, _CENSOR * each.tries) for seed, each in zip(seeds, ours, strict=True)]
    return max(_tries(ours), _mended(ours, mended), _against(ours, chance), _cpu(ours))


def _tries(ours: list[Searched]) -> int:
    tries, cells = median(each.tries for each in ours), ours[0].cells
    missed = sum(each.missed for each in ours)
    shrinking = median(each.shrinking for each in ours)
    print(f"  tries to the last of {len(PLANTED)} weaknesses / (call sites × applicable kinds): median {tries:.0f} / {cells}"
          f" = {tries / cells:.2f} (target ≤ {TRIES:g}; {min(each.tries for each in ours)} to "
          f"{max(each.tries for each in ours)}), {missed} missed; {shrinking:.0f} more to reduce and confirm")
    return int(tries / cells > TRIES or missed > 0)


def _mended(ours: list[Searched], mended: list[Searched]) -> int:
    reported = sum(len(each.exploration.found) + len(each.exploration.flaky) for each in mended)
    fewest = min(each.exploration.tries for each in mended)
    print(f"  reported of the mended product: {reported} in at least {fewest} tries each (target 0)")
    return int(reported > 0 or fewest < max(each.tries for each in ours))


def _against(ours: list[Searched], chance: list[tuple[int, int, bool]]) -> int:
    ratios = [calls / each.calls for each, (calls, _, _) in zip(ours, chance, strict=True)]
    alone = [calls / each.calls_alone for each, (_, calls, _) in zip(ours, chance, strict=True)]
    given_up = sum(not all_found for _, _, all_found in chance)
    print(f"  calls of uniform random search / ours, to the last weakness: median {median(ratios):.1f} (target ≥ {FEWER:g}; "
          f"{min(ratios):.1f} to {max(ratios):.1f}; {given_up} of {len(chance)} given up after {_CENSOR} times our tries)")
    print(f"  the same, to the last that needs one fault at most: median {median(alone):.1f} (for information)")
    return int(median(ratios) < FEWER)


def _cpu(ours: list[Searched]) -> int:
    share = median(each.cpu for each in ours) / CALL_S
    print(f"  CPU of the searcher / {CALL_S * 1000:.0f} ms of each call: {share:.4f} (target ≤ {CPU:g})")
    return int(share > CPU)


if __name__ == "__main__":
    sys.exit(main())
