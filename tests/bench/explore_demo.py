"""How many trials `explore` needs on the bundled product, whose journeys for odd accounts have fourteen planted weaknesses:
until each of them is on the list, how small the cases are, what the mended product is blamed for, what the searcher takes.

`python tests/bench/explore_demo.py [--quick] [--seeds N]`: exit 1 beyond a target.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from flowprobe.core.exploring.catalogue import offers
from flowprobe.core.exploring.delays import fineness
from flowprobe.core.exploring.exploration import Baseline, Exploration, Found, Progress
from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Reached, Try
from flowprobe.core.exploring.notebook import AIMED
from flowprobe.core.exploring.shrink import shrink
from flowprobe.core.exploring.simpler import delay_of
from flowprobe.running import exploring
from flowprobe.running.exploring import Wish, explore
from flowprobe.running.selection import Request, select
from flowprobe.running.trying import Bounds
from tests.bench.cpu import ROOT, python, surroundings
from tests.end_to_end.test_odd_accounts import FOUND, ODD

TRIES, FEWER, CPU, CALL_S, SHRINK = 3.0, 3.0, 0.05, 0.05, 100
"""Targets: tries for each cell; times fewer calls than by chance; CPU for each call of so many seconds; tries to shrink."""
_FURTHER = 1.5
"""The search goes on for so many times the tries of the target, so that a miss is a number."""
_AIMED = ("shrink", "confirm")
_LONGEST_S = 600


@dataclass(frozen=True)
class Answer:
    """The smallest account that shows a weakness, and where a delay does, how long the product waits, in seconds."""

    state: Callable[[Mapping[str, Any]], bool]
    waits_s: float | None = None


def _is(**fields: Any) -> Callable[[Mapping[str, Any]], bool]:
    return lambda odd: odd == fields


ANSWERS: Mapping[str, Answer] = {
    "invite-zero-seats": Answer(_is(seats=0)),
    "invite-coupon-twice": Answer(_is(coupon="TEN")),
    "renewal-hasty-yes": Answer(_is(card="expired"), 0.25),
    "renewal-in-cents": Answer(lambda odd: odd["currency"] in ("JPY", "KWD")),
    "renewal-retries-late": Answer(_is(billing_day=29)),
    "settling-forgets-credit": Answer(_is(credit=1)),
    "outbox-in-latin-1": Answer(lambda odd: len(odd["company"]) == 1 and ord(odd["company"]) > 0xFF),
    "outbox-cuts-subjects": Answer(_is(company="a" * (65 - len(" renews in 2027-01")))),
    "outbox-needs-a-phone": Answer(_is(phone=None)),
    "fallback-crashes-suspended": Answer(_is(status="suspended"), 0.15),
    "fallback-reads-singly": Answer(_is(documents=1001), 0.15),
    "renewal-bills-nothing": Answer(_is(seats=0)),
    "renewal-price-gap": Answer(_is(plan="basic", currency="KWD")),
    "term-leap-day": Answer(_is(opened_on="2024-02-29")),
}


@dataclass
class Searched:
    """What one search came to. `first` is in how many tries, and calls, of the search each weakness was on the list;
    `cells` are of the calls that an untroubled journey makes, `all_cells` of all in the table."""

    journey: str
    seed: int
    tries: int = 0
    aimed: int = 0
    cells: int = 0
    all_cells: int = 0
    calls: int = 0
    first: dict[str, tuple[int, int]] = field(default_factory=dict)
    inexact: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    cases: int = 0
    flaky: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    ended: str = ""
    chance: dict[str, int] = field(default_factory=dict)
    chance_calls: int = 0

    def last(self) -> int | None:
        """Tries to the last weakness; None where one is not on the list."""
        wanted = _wanted(self.journey)
        return max(self.first[name][0] for name in wanted) if wanted <= set(self.first) else None


def _wanted(journey: str) -> set[str]:
    return {name for name, of, *_ in FOUND if of == journey}


# --- one search, in a process of its own ----------------------------------------------------------


class _Clock:
    """Follows a search: its tries, and the CPU of its thread between one try and the next. Ends it after so many."""

    def __init__(self, most: int | None) -> None:
        self.made: list[tuple[str, int]] = []
        self.reached: dict[Any, Reached] = {}
        self.cpu_s = 0.0
        self._most, self._resumed = most, time.thread_time()

    def told(self, progress: Progress) -> None:
        if progress.learned is None:
            self.cpu_s += time.thread_time() - self._resumed
            if progress.phase not in AIMED and len(self.searched()) >= (self._most or self._far()):
                raise Enough("as far as this benchmark goes")
            return
        self.made.append((progress.phase, progress.learned.calls))
        if progress.phase == "calibrate":
            self.reached |= {each.site: each for each in progress.learned.reached}
        self._resumed = time.thread_time()

    def searched(self, until: int | None = None) -> list[int]:
        """The calls of each try that was no reducing."""
        return [calls for phase, calls in self.made[:until] if phase not in _AIMED]

    def _far(self) -> float:
        made = offers(tuple(self.reached.values()), connections=True, cap_s=10.0)
        return _FURTHER * TRIES * sum(bool(offer.kinds) for each in made.values() for offer in each) or float("inf")

    def on_the_list(self, found: Found) -> tuple[int, int]:
        """Tries and calls of the search until a find was narrowed down, and reducing it began."""
        until = next((at for at in range(found.at, len(self.made)) if self.made[at][0] in _AIMED), found.at)
        calls = self.searched(until)
        return len(calls), sum(calls)

    def opened(self, *_: Any) -> None: ...
    def event(self, *_: Any) -> None: ...
    def trial(self, *_: Any) -> None: ...
    def notice(self, *_: Any) -> None: ...


def one(journey: str, seed: int, weaknesses: str, most: int | None, chance: int) -> Searched:
    """Search, in a folder of its own; then `chance` times as many calls by chance."""
    with tempfile.TemporaryDirectory() as folder:
        _fill(Path(folder), weaknesses)
        os.chdir(folder)
        clock, began = _Clock(most), time.monotonic()
        explored = _explore(journey, seed, clock)
        wall_s = time.monotonic() - began
        if explored.exploration is None:
            raise RuntimeError(f"{journey} was not explored: exit code {explored.exit_code}")
        found = _read(journey, seed, explored.exploration, explored.ordinary, clock)
        found.wall_s = round(wall_s, 1)
        if chance and found.last() is not None:
            _by_chance(found, explored.exploration, chance)
        os.chdir(ROOT)
    return found


def _fill(folder: Path, weaknesses: str) -> None:
    for name in ("renewal.yaml", "onboard.yaml", "openapi.yaml"):
        shutil.copy(ROOT / "scenarios" / name, folder)
    project = (ROOT / "scenarios" / "flowprobe.yaml").read_text()
    (folder / "flowprobe.yaml").write_text(project.replace("ACME_WEAKNESSES: none", f"ACME_WEAKNESSES: {weaknesses}"))


@dataclass(frozen=True)
class _Explored:
    exploration: Exploration | None
    ordinary: Mapping[str, Any]
    exit_code: int


def _explore(journey: str, seed: int, clock: _Clock) -> _Explored:
    request = Request((Path(f"{journey}.yaml"),), environment="demo", faults="none", seed=seed)
    selection = select(request)
    ordinary = {name: each.default for name, each in selection.chosen[0].scenario.account.items()}
    explored = explore(request, selection, clock, Wish(Bounds(seconds=_LONGEST_S)))
    return _Explored(explored.exploration, ordinary, explored.exit_code)


def _read(journey: str, seed: int, found: Exploration, ordinary: Mapping[str, Any], clock: _Clock) -> Searched:
    usual = {each.site for each in found.baseline.sites}
    there = [cell for cell in found.cells if cell.outcome != "not applicable"]
    searched = clock.searched()
    result = Searched(
        journey, seed, len(searched), len(clock.made) - len(searched), sum(cell.site in usual for cell in there),
        len(there), sum(calls for _, calls in clock.made), cases=len(found.found), flaky=len(found.flaky),
        cpu_s=clock.cpu_s, ended=f"{found.ended}: {found.because}")
    for each in found.found:
        shown = [name for name in _wanted(journey) if _shows(each, name, ordinary)]
        result.others += [] if shown else [_told(each, ordinary)]
        for name in shown:
            result.first[name] = min(clock.on_the_list(each), result.first.get(name, (10**9, 0)))
            if not _exact(each, ANSWERS[name], ordinary):
                result.inexact.append(f"{name}: {_told(each, ordinary)}")
    return result


def _odd(state: Mapping[str, Any], ordinary: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in state.items() if value != ordinary[name]}


def _shows(found: Found, name: str, ordinary: Mapping[str, Any]) -> bool:
    """Its first break is in the weakness's step; in its case, or one of the like, no fields are odd but the weakness's,
    and no provider is in trouble but its own."""
    _, _, fields, fault, step = next(each for each in FOUND if each[0] == name)
    edges = set() if fault == "none" else {fault.strip("{").partition(":")[0]}
    return found.breaks[0].step == step and any(
        set(_odd(each.state, ordinary)) == set(fields) and {placed.site.edge for placed in each.faults} == edges
        for each in (found.case, *found.also))


def _exact(found: Found, answer: Answer, ordinary: Mapping[str, Any]) -> bool:
    """At most one fault, in the least account, with the shortest delay."""
    delays = [delay for placed in found.case.faults if (delay := delay_of(placed.kind)) is not None]
    waits = answer.waits_s
    return answer.state(_odd(found.case.state, ordinary)) and len(found.case.faults) < 2 and all(
        waits is None or abs(delay - waits) <= fineness(waits) for delay in delays)


def _told(found: Found, ordinary: Mapping[str, Any]) -> str:
    odd = " ".join(f"{name}={value!r}" for name, value in _odd(found.case.state, ordinary).items())
    faults = " + ".join(str(placed) for placed in found.case.faults)
    return f"[{odd}] [{faults}] {found.breaks[0].step}: {found.breaks[0].sentence}"


# --- by chance ------------------------------------------------------------------------------------


def _by_chance(ours: Searched, ground: Exploration, times: int) -> None:
    """The same journey, states and faults, drawn uniformly, until all weaknesses were seen or so many times our calls
    were made. To see one is enough: nobody looks for its cause."""
    most = times * max(calls for _, calls in ours.first.values())
    exploring.search = partial(_search_by_chance, ours, ground, most)  # type: ignore[attr-defined]
    _explore(ours.journey, ours.seed, _Clock(sys.maxsize))


def _search_by_chance(ours: Searched, ground: Exploration, most: int, trying: Callable[[Try], Learned],
                      default: Mapping[str, Any], states: Iterator[Mapping[str, Any]], **_: Any) -> Exploration:
    dice, made = random.Random(ours.seed), 0
    accounts, faults = [default, *states], list(_faults(ground))
    while made < most and set(ours.chance) < _wanted(ours.journey):
        some = tuple(dice.choice(faults) for _ in range(dice.choice((0, 1, 1, 2))))
        tried = Try(dice.choice(accounts), some, "random")
        learned = trying(tried)
        made += learned.calls
        for name in _wanted(ours.journey) - set(ours.chance):
            if _seen(name, tried, learned, default):
                ours.chance[name] = made
    ours.chance_calls = made
    return Exploration("stopped", "", Baseline())


def _faults(ground: Exploration) -> Iterator[Placed]:
    """Every representative of each kind at each call of the table."""
    seen = [Reached(site, 200, 0.05, True, True, 300) for site in dict.fromkeys(cell.site for cell in ground.cells)]
    there = {(cell.site, cell.kind) for cell in ground.cells if cell.outcome != "not applicable"}
    for site, each in offers(seen, connections=True, cap_s=10.0).items():
        yield from (Placed(site, kind) for offer in each if (site, offer.name) in there for kind in offer.kinds)


def _seen(name: str, tried: Try, learned: Learned, ordinary: Mapping[str, Any]) -> bool:
    _, _, fields, fault, step = next(each for each in FOUND if each[0] == name)
    edge = fault.strip("{").partition(":")[0]
    fell = any(tried.faults[number].site.edge == edge for number in learned.fired)
    odd = _odd(tried.state, ordinary)
    return learned.broke and learned.breaks[0].step == step and set(fields) <= set(odd) and (fault == "none" or fell)


# --- all of them ----------------------------------------------------------------------------------


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=10)
    options.add_argument("--quick", action="store_true", help="one seed, and no search by chance")
    options.add_argument("--one", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(asdict(one(**json.loads(chosen.one)))))
        return 0
    seeds = range(1 if chosen.quick else chosen.seeds)
    ours = _searches([(journey, seed, ",".join(ODD), None, 0 if chosen.quick else int(FEWER) + 1)
                      for seed in seeds for journey in ("renewal", "onboard")])
    mended = _searches([(each.journey, each.seed, "none", each.tries, 0) for each in ours])
    codes = [_tries([each for each in ours if each.journey == journey]) for journey in ("renewal", "onboard")]
    return max(*codes, _small(ours), _blamed(ours, mended), _cpu([*ours, *mended]), _shrinking(),
               0 if chosen.quick else _against(ours))


def _searches(wanted: list[tuple[str, int, str, int | None, int]]) -> list[Searched]:
    """Two at a time: they mostly wait."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda each: _apart(*each), wanted))


def _apart(journey: str, seed: int, weaknesses: str, most: int | None, chance: int) -> Searched:
    asked = json.dumps({"journey": journey, "seed": seed, "weaknesses": weaknesses, "most": most, "chance": chance})
    ended = subprocess.run(python(__file__, "--one", asked), cwd=ROOT, env=surroundings(), text=True,
                           capture_output=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{journey}, seed {seed}, ended with {ended.returncode}: {ended.stderr[-2000:]}")
    return Searched(**json.loads(ended.stdout.splitlines()[-1]))


def _tries(ours: list[Searched]) -> int:
    journey, cells, every = ours[0].journey, ours[0].cells, round(median(each.all_cells for each in ours))
    lasts = [last for each in ours if (last := each.last()) is not None]
    missed = sorted({name for each in ours for name in _wanted(journey) - set(each.first)})
    tries = median(each.last() or float("inf") for each in ours)
    print(f"  {journey}: tries to the last of {len(_wanted(journey))} weaknesses / (call sites × applicable kinds): median "
          f"{tries:.0f} / {cells} = {tries / cells:.2f} (target ≤ {TRIES:g}; {min(lasts, default=0)} to "
          f"{max(lasts, default=0)}); / {every} with the calls that faults bring out = {tries / every:.2f}")
    print(f"    not on the list after {median(each.tries for each in ours):.0f} tries: {', '.join(missed) or 'none'}; "
          f"{median(each.aimed for each in ours):.0f} more to reduce and confirm, "
          f"{median(each.wall_s for each in ours):.0f} s")
    for name in sorted(_wanted(journey)):
        firsts = [each.first[name][0] for each in ours if name in each.first]
        print(f"    {name}: {median(firsts) if firsts else float('nan'):.0f} ({len(firsts)} of {len(ours)} seeds)")
    return int(tries / cells > TRIES)


def _small(ours: list[Searched]) -> int:
    inexact = [words for each in ours for words in each.inexact]
    print(f"  cases of {sum(len(each.first) for each in ours)} weaknesses that are not the smallest: {len(inexact)} (target 0)")
    for words in inexact[:10]:
        print(f"    {words}")
    others = sorted({words for each in ours for words in each.others})
    print(f"  other cases that were reported of it: {sum(len(each.others) for each in ours)}")
    for words in others[:10]:
        print(f"    {words[:150]}")
    return int(bool(inexact))


def _blamed(ours: list[Searched], mended: list[Searched]) -> int:
    reported = [words for each in mended for words in each.others]
    flaky = sum(each.flaky for each in mended)
    fewer = [each for each, weak in zip(mended, ours, strict=True) if each.tries < weak.tries]
    print(f"  reported of the mended product: {sum(each.cases for each in mended)}, flaky {flaky} (target 0) in as many tries: "
          f"{sum(each.tries for each in mended)} of {sum(each.tries for each in ours)}")
    for words in reported[:10]:
        print(f"    {words}")
    return int(any(each.cases or each.flaky for each in mended) or bool(fewer))


def _cpu(searched: list[Searched]) -> int:
    share = median(each.cpu_s / each.calls for each in searched) / CALL_S
    print(f"  CPU of the searcher / {CALL_S * 1000:.0f} ms of each call: {share:.4f} (target ≤ {CPU:g})")
    return int(share > CPU)


def _against(ours: list[Searched]) -> int:
    ratios, given_up = [], 0
    for each in ours:
        if each.chance_calls:
            ratios.append(each.chance_calls / max(calls for _, calls in each.first.values()))
            given_up += set(each.chance) < _wanted(each.journey)
    if not ratios:
        print("  calls of uniform random search / ours: not measured, for no search found all")
        return 1
    print(f"  calls of uniform random search / ours, to the last weakness: median {median(ratios):.1f} (target ≥ {FEWER:g}; "
          f"{min(ratios):.1f} to {max(ratios):.1f}; {given_up} of {len(ratios)} given up after {int(FEWER) + 1} times ours)")
    return int(median(ratios) < FEWER)


# --- ten fields, on a product that is a function --------------------------------------------------

_USUAL: Mapping[str, Any] = {
    "seats": 3, "plan": "pro", "currency": "EUR", "card": "valid", "credit": 0, "billing_day": 15, "company": "Acme",
    "phone": "+49 30 901820", "opened_on": "2025-03-01", "receipts": True}
_TEN: Mapping[str, Any] = {
    "seats": 1000, "plan": "basic", "currency": "KWD", "card": "expired", "credit": 99_999, "billing_day": 31,
    "company": "x" * 80, "phone": None, "opened_on": "2024-02-29", "receipts": False}
_NEEDS: Mapping[str, Callable[[Any], bool]] = {
    "seats": lambda value: value > 100, "credit": lambda value: value > 12_345, "billing_day": lambda value: value > 28,
    "company": lambda value: len(value) > 46, "card": lambda value: value == "expired", "phone": lambda value: not value,
    "currency": lambda value: value != "EUR"}


def _shrinking() -> int:
    """Ten odd fields, of which each two are needed."""
    names = list(_NEEDS)
    took = [_shrunk((one, other)) for number, one in enumerate(names) for other in names[number + 1:]]
    print(f"  executions to shrink ten fields, of which two are needed: at most {max(took)}, median {median(took):.0f} "
          f"(target ≤ {SHRINK})")
    return int(max(took) > SHRINK)


def _shrunk(needed: tuple[str, ...]) -> int:
    broke = Learned("fail", (Break("pay", "status", "status", "broken"),))

    def product(tried: Try) -> Learned:
        return broke if all(_NEEDS[name](tried.state[name]) for name in needed) else Learned("pass")

    found = shrink(Try(_TEN), broke, product, defaults=_USUAL)
    if not found.minimal or set(_odd(found.smallest.state, _USUAL)) != set(needed):
        raise RuntimeError(f"{needed} are not what is left: {found.smallest.state}")
    return found.tries


if __name__ == "__main__":
    sys.exit(main())
