"""How often a night cries wolf, and how soon it sees what is there: the judges that ship, on nights that are drawn from
a fixed seed.

`python tests/bench/nights.py [--quick] [--worlds N] [--seed S]`: exit 1 beyond a target. In full a target holds where the
whole 95 % interval is on its right side; a quick run is too short for that, and fails where it is on the wrong one.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flowprobe.core.nights.beta import share_below
from flowprobe.core.nights.classified import Classified, classified, open_attempt
from flowprobe.core.nights.latency import NEWEST, candidates, comparable, confirmed, readings, trend
from flowprobe.core.nights.model import Attempt, Journey, Sample, Trending
from flowprobe.core.nights.outcomes import Outcome
from flowprobe.core.nights.rates import Gathering
from flowprobe.core.nights.settings import Attempting
from flowprobe.core.nights.watching import Watch
from flowprobe.core.verdict import Blame, Kind
from tests.bench.noise import ALONE, BASE, GAPS, NOISY, STEP, WEAK, Drawn, World, drawn
from tests.bench.textbook import episodes, mann_whitney, p95_beyond_three_deviations

SEED = 20261122
PER = 10_000
SHIFT, WITHIN = 90, 14
"""The night on which the product becomes slower, and how many nights there are to see it."""

FALSE: tuple[tuple[World, float | None], ...] = ((BASE, 2.0), (NOISY, 5.0), (WEAK, 5.0), (GAPS, 5.0), (ALONE, None))
"""Latency episodes per 10,000 nights."""

POWER = {1.2: 0.90, 1.3: 0.98, 1.5: 0.99}
FIRST_NIGHT = {1.5: 0.85}
TEXTBOOK = (p95_beyond_three_deviations, mann_whitney)
TRANSIENT, FALSE_ALERTS = 0.02, 2.0
COMPARED = 100
"""What the textbook says of the power is for information, and of no more than so many."""

RATE, TRIES = 0.005, 20
RATES = {0.05: 0.90, 0.1: 0.99}


# --- what is printed and judged -------------------------------------------------------------------


@dataclass
class Judge:
    quick: bool
    missed: int = 0

    def at_most(self, what: str, count: int, nights: int, target: float | None) -> None:
        """Per 10,000 nights."""
        low, high = (bound * PER / nights for bound in mean_between(count))
        wanted = "for information" if target is None else f"target ≤ {target:g}"
        self._say(f"{what}: {count * PER / nights:.2f} per 10,000 nights ({count} in {nights:,}; 95 %: {low:.2f} to "
                  f"{high:.2f}; {wanted})", target is None or (low if self.quick else high) <= target)

    def at_least(self, what: str, seen: int, of: int, target: float | None) -> None:
        low, high = share_between(seen, of)
        wanted = "for information" if target is None else f"target ≥ {target:g}"
        self._say(f"{what}: {seen / of:.3f} ({seen} of {of:,}; 95 %: {low:.3f} to {high:.3f}; {wanted})",
                  target is None or (high if self.quick else low) >= target)

    def below(self, what: str, seconds: float, target: float) -> None:
        self._say(f"{what}: {seconds * 1000:.1f} ms (target ≤ {target * 1000:g} ms)", seconds <= target)

    def _say(self, line: str, held: bool) -> None:
        print(f"  {line}{'' if held else '  MISSED'}", flush=True)
        self.missed += not held


def mean_between(count: int) -> tuple[float, float]:
    """The exact 95 % interval of the mean of a Poisson distribution of which `count` were seen."""
    def at_most(most: int, rate: float) -> float:
        return sum(math.exp(each * math.log(rate) - rate - math.lgamma(each + 1)) for each in range(most + 1))

    low = _crossed(lambda rate: 1 - at_most(count - 1, rate) > 0.025, count) if count else 0.0
    return low, _crossed(lambda rate: at_most(count, rate) < 0.025, 4 * count + 10)


def share_between(seen: int, of: int) -> tuple[float, float]:
    """The exact 95 % interval of a share (Clopper and Pearson)."""
    low = _crossed(lambda share: share_below(share, seen, of - seen + 1) > 0.025, 1) if seen else 0.0
    return low, _crossed(lambda share: share_below(share, seen + 1, of - seen) > 0.975, 1) if seen < of else 1.0


def _crossed(beyond: Callable[[float], bool], high: float) -> float:
    """Where `beyond` becomes true, between zero and `high`."""
    low = 1e-12
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return high


# --- latencies ------------------------------------------------------------------------------------


@dataclass
class Lived:
    """What was said over some nights: `changed` and `confirmed` are the indices of those on which a change was told, and
    the ones on which that was the same night; `again` how many were measured again, `open` how many were in a change."""

    changed: list[int] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    again: int = 0
    open: int = 0


def lived(world: Drawn) -> Lived:
    """Night by night, as the command does it: what stands out is measured again, and what was found is remembered."""
    found, watch = Lived(), Watch()
    index = {name: night for night, name in enumerate(world.names)}
    for name, value, trust in comparable(readings(world.samples)[STEP]):
        before, again = watch.state, False
        if watch.stands_out(value, trust=trust):
            again = _measured_again(world, index[name], found)
        watch.see(name, value, trust=trust, confirmed=again)
        found.open += watch.state is Trending.CHANGED
        if watch.state is Trending.CHANGED and before is not Trending.CHANGED:
            found.changed.append(index[name])
            found.confirmed += [index[name]] * again
    return found


def _measured_again(world: Drawn, night: int, found: Lived) -> bool:
    found.again += 1
    before = world.before(night, NEWEST)
    tonight = [Sample(each, samples[-1][1]) for each, samples in world.before(night + 1, 1).items() if samples]
    batches = [world.batch(night), world.batch(night)]
    return STEP in candidates(before, tonight) and confirmed(STEP, before, batches)


def latency(judge: Judge, runs: int, nights: int, seed: int) -> None:
    for world, target in FALSE:
        some = runs if target is not None else max(1, runs // 4)
        compared = max(1, some // 5)
        told, beside, again, shown = 0, [0, 0], 0, 0
        for run in range(some):
            made = drawn(world, nights, random.Random(f"{seed} {world.name} {run}"))
            found = lived(made)
            told, again, shown = told + len(found.changed), again + found.again, shown + found.open
            if run < compared:
                beside = [so_far + each for so_far, each in zip(beside, _textbook(made), strict=True)]
        judge.at_most(f"false episodes of latency, {world.name}", told, some * nights, target)
        print(f"    {again * PER / some / nights:.0f} nights of 10,000 measured again, {shown / some / nights:.2%} in a "
              f"false change; {_beside(beside, compared * nights / PER)}", flush=True)


def _textbook(made: Drawn) -> list[int]:
    seconds = [each for _, each in made.samples[STEP]]
    return [episodes(textbook(seconds)) for textbook in TEXTBOOK]


def _beside(counts: Sequence[int], per: float) -> str:
    p95, ranks = (f"{count / per:.0f}" for count in counts)
    return f"beside it p95 > mean + 3 sd: {p95} episodes, Mann-Whitney: {ranks}"


def power(judge: Judge, worlds: Sequence[World], most: int, seed: int) -> None:
    for world in worlds:
        times, young, lasted = most if world is BASE else most // 5, 0, 0
        for slower, target in POWER.items():
            made = [drawn(world, SHIFT + WITHIN, random.Random(f"{seed} {world.name} {slower} {run}"), times=slower,
                          since=SHIFT) for run in range(times)]
            every = [each.changed for each in map(lived, made)]
            young, lasted = young + sum(night < SHIFT for each in every for night in each), lasted + SHIFT * times
            found = [each for each in every if not any(night < SHIFT for night in each)]
            nights = sorted(changed[0] - SHIFT for changed in found if changed)
            judge.at_least(f"×{slower:g} seen within {WITHIN} nights, {world.name}", len(nights), len(found),
                           target if world is BASE else None)
            if slower in FIRST_NIGHT:
                judge.at_least(f"×{slower:g} seen in the first night, {world.name}", nights.count(0), len(found),
                               FIRST_NIGHT[slower] if world is BASE else None)
            some = [[each for _, each in one.samples[STEP]] for one in made[:COMPARED]]
            seen = [sum(any(list(textbook(seconds))[SHIFT:]) for seconds in some) / len(some) for textbook in TEXTBOOK]
            print(f"    the middle one of them in night {nights[len(nights) // 2] + 1}; beside it "
                  f"p95 > mean + 3 sd: {seen[0]:.2f}, Mann-Whitney: {seen[1]:.2f}", flush=True)
        judge.at_most(f"false episodes of latency in the first {SHIFT} nights of a series, {world.name}", young, lasted,
                      dict(FALSE)[world])


def again(judge: Judge, times: int, seed: int) -> None:
    """After a person's mark, when the level is known from two weeks and the spread from before."""
    told, nights = 0, 100
    for run in range(times):
        made = drawn(BASE, SHIFT + nights, random.Random(f"{seed} again {run}"), times=1.5, since=SHIFT)
        watch = Watch()
        for night, (name, value, trust) in enumerate(comparable(readings(made.samples)[STEP])):
            watch = watch.anew() if night == SHIFT else watch
            before = watch.state
            watch.see(name, value, trust=trust)
            told += night > SHIFT and watch.state is Trending.CHANGED and before is not Trending.CHANGED
    judge.at_most(f"false episodes of latency in the {nights} nights after a re-basing, base", told, times * nights, 5.0)


def windowed(judge: Judge, nights: int, seed: int) -> None:
    """Each night judged afresh from the newest nights alone, as it is done, against one watch over all of them; and
    what that takes."""
    made = drawn(NOISY, NEWEST + nights, random.Random(f"{seed} windowed"))
    watch, apart, began = Watch(), 0, 0.0
    for night, (_, value, trust) in enumerate(comparable(readings(made.samples)[STEP])):
        watch.see(made.names[night], value, trust=trust)
        if night >= NEWEST:
            started = time.process_time()
            known = readings(made.before(night + 1, NEWEST))[STEP]
            apart += (trend(STEP, known).state is Trending.CHANGED) != (watch.state is Trending.CHANGED)
            began += time.process_time() - started
    judge.at_most(f"nights told otherwise from the newest {NEWEST} than from all, noisy", apart, nights, None)
    judge.below(f"CPU for a series and a night, of {NEWEST} nights with its control", began / nights, 0.05)


# --- failures -------------------------------------------------------------------------------------

RULE = Attempting()
"""How often, and when, what failed is made again: as where nothing is said."""


@dataclass(frozen=True)
class Outage:
    """From and to, in seconds after the first attempt begins."""

    begins: float = 0.0
    ends: float = 0.0


def attempted(dice: random.Random, outage: Outage) -> tuple[Classified, float]:
    """A journey of half a minute, made as often as a night asks; what breaks, breaks in the same way each time, which
    is the worst case. With when the last attempt began."""
    made: list[Attempt] = []
    number, at = 1, 0.0
    while number:
        broke = dice.random() < TRANSIENT or outage.begins <= at < outage.ends
        kind, blame = (Kind.FAIL, Blame.PRODUCT) if broke else (Kind.PASS, Blame.NONE)
        made.append(Attempt(Journey("order", ""), number, at, 30.0, kind, blame, "pay: 503" if broke else ""))
        number = open_attempt(made, RULE.most)
        at = RULE.due(made[0].at, number) if number else at
    found, = classified(made)
    return found, at


def alerts(judge: Judge, nights: int, seed: int) -> None:
    dice = random.Random(f"{seed} alerts")
    found = [attempted(dice, Outage())[0] for _ in range(nights)]
    judge.at_most("false product alerts, each attempt failing by itself in 2 %", _confirmed(found), nights,
                  FALSE_ALERTS)
    recovered = sum(each.outcome is Outcome.RECOVERED for each in found)
    print(f"    {recovered / nights:.2%} of the nights recovered: an alert at the first failure "
          f"would be {recovered * PER / nights:.0f} in 10,000")
    short = [attempted(dice, _short(dice))[0] for _ in range(nights)]
    judge.at_most("the same, with an outage of less than ten minutes in 2 % of the nights",
                  _confirmed(short), nights, FALSE_ALERTS)
    full = [attempted(dice, Outage(-1.0, 86_400.0)) for _ in range(nights // 20)]
    told = sum(each.confirmed and at <= 900 for each, at in full)
    judge.at_least("a full outage told the same night, within fifteen minutes", told, len(full), 0.99)


def _confirmed(found: Sequence[Classified]) -> int:
    return sum(each.confirmed for each in found)


def _short(dice: random.Random) -> Outage:
    if dice.random() >= 0.02:
        return Outage()
    begins = dice.uniform(-600, 900)
    return Outage(begins, begins + dice.uniform(0, 600))


def rates(judge: Judge, nights: int, times: int, seed: int) -> None:
    """So many of the tries break, and then more."""
    dice = random.Random(f"{seed} rates")
    for tries, target in ((TRIES, 2.0), (3, 2.0), (1, None)):
        gathered, found = Gathering(), 0
        for _ in range(nights):
            before = gathered.state
            gathered.see(tries, _broken(dice, tries, RATE))
            found += gathered.state is Trending.CHANGED and before is not Trending.CHANGED
        judge.at_most(f"false episodes of rates, {RATE:.1%} of {tries} tries a night", found, nights, target)
    for share, least in RATES.items():
        seen = sum(_noticed(dice, share) for _ in range(times))
        judge.at_least(f"{share:.0%} of {TRIES} tries seen within {WITHIN} nights", seen, times, least)


def _noticed(dice: random.Random, share: float) -> bool:
    gathered = Gathering()
    for _ in range(SHIFT):
        gathered.see(TRIES, _broken(dice, TRIES, RATE))
    for _ in range(WITHIN):
        gathered.see(TRIES, _broken(dice, TRIES, share))
        if gathered.state is Trending.CHANGED:
            return True
    return False


def _broken(dice: random.Random, tries: int, share: float) -> int:
    return sum(dice.random() < share for _ in range(tries))


def main() -> int:
    options = argparse.ArgumentParser(description="How often a night cries wolf, and how soon it sees what is there.")
    options.add_argument("--quick", action="store_true", help="two worlds of 5,000 nights, and not twenty of 10,000")
    options.add_argument("--worlds", type=int, default=20, help="so many of 10,000 nights")
    options.add_argument("--seed", type=int, default=SEED, help=f"of the draws; default: {SEED}")
    chosen = options.parse_args()
    judge = Judge(chosen.quick)
    worlds, nights = (2, 5_000) if chosen.quick else (chosen.worlds, PER)
    power(judge, (BASE,) if chosen.quick else (BASE, NOISY, WEAK), 5 * worlds * nights // 1000, chosen.seed)
    latency(judge, worlds, nights, chosen.seed)
    again(judge, worlds * nights // 200, chosen.seed)
    windowed(judge, 50 if chosen.quick else 1_000, chosen.seed)
    alerts(judge, worlds * nights, chosen.seed)
    rates(judge, worlds * nights, worlds * nights // 200, chosen.seed)
    return int(judge.missed > 0)


if __name__ == "__main__":
    sys.exit(main())
