"""From a try that broke a promise to the smallest one that breaks the same: fit for tries that take a second each.

In this order, the cheapest first: faults are dropped, fields of the state put back to their defaults and what is left
of them brought near, kinds exchanged for simpler ones, calls told by their exact ordinals, delays brought down to the
shortest that breaks. Then all of it again, one by one, until nothing changes. Steps of the journey stay: a try has no
way to leave one out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from math import sqrt
from typing import Any, TypeAlias

from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Site, Try, Trying
from flowprobe.core.exploring.simpler import Simpler, delay_of, delayed, simpler
from flowprobe.core.exploring.smaller import nearer, needed, singly_needed
from flowprobe.core.plain import Plain, plain

__all__ = ["Allowed", "Shrunk", "Threshold", "broken", "fineness", "shrink"]

Allowed: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Whether the account may be in a state."""

MOST = 100
_FEW = 3
_FINE_S = 0.01
_FINE = 0.05
_SURE = 0.02
_ROUNDS = 4


@plain
class Threshold(Plain):
    """The delay from which on it breaks, in seconds: with `breaks_s` it did, with `holds_s` it did not. `fault` is the
    place of the fault in the try."""

    fault: int
    breaks_s: float
    holds_s: float


@plain
class Shrunk(Plain):
    """The smallest try that breaks the same, and what came of it. `tries` are those that it took. `minimal`: nothing
    of it can be left out or made simpler; else `ended` says why it is only the best so far. `broke` is the promise that
    is broken, as it was broken last."""

    smallest: Try
    learned: Learned
    tries: int = 0
    minimal: bool = True
    ended: str = ""
    thresholds: tuple[Threshold, ...] = ()
    broke: Break | None = None


def broken(learned: Learned, wanted: Break | None) -> bool:
    """Whether this promise was broken; with None, whether any was."""
    return learned.broke and (wanted is None or wanted in learned.breaks)


def shrink(first: Try, learned: Learned, trying: Trying, *, defaults: Mapping[str, Any], simpler: Simpler = simpler,
           any_break: bool = False, allowed: Allowed = lambda _state: True, most: int = MOST) -> Shrunk:
    """`learned` is what came of `first`, which broke. The same is broken where its first break is, or (`any_break`)
    where any promise is. An inconclusive try is made once more, and then counts as one that breaks nothing.

    No try is made twice, nor one in a state that is not `allowed`, nor more than `most`; Enough ends it with the best
    so far.
    """
    wanted = None if any_break or not learned.breaks else learned.breaks[0]
    bench = _Bench(trying, wanted, most, replace(first, phase="shrink"), learned)
    try:
        for number in range(_ROUNDS):
            before = bench.best.key
            _round(bench, defaults, simpler, allowed, again=number > 0)
            if bench.best.key == before:
                return bench.shrunk()
    except Enough as enough:
        return bench.shrunk(str(enough) or "stopped")
    return bench.shrunk(f"it went on getting smaller after {_ROUNDS} rounds")


def _round(bench: _Bench, defaults: Mapping[str, Any], simpler: Simpler, allowed: Allowed, *, again: bool) -> None:
    _drop_faults(bench, again=again)
    _shrink_state(bench, defaults, allowed, again=again)
    for number in range(len(bench.best.faults)):
        _simplify(bench, number, simpler)
        _point(bench, number)
    for number in range(len(bench.best.faults)):
        _bisect(bench, number)


class _Bench:
    """Where tries are compared: the best so far, and what came of all of them. `holds` are delays that did not break,
    by the place of their fault."""

    def __init__(self, trying: Trying, wanted: Break | None, most: int, first: Try, learned: Learned) -> None:
        self.best, self.learned = first, learned
        self._trying, self._wanted, self._most = trying, wanted, most
        self._known: dict[tuple[str, tuple[str, ...]], Learned | None] = {first.key: learned}
        self.holds: dict[int, float] = {}
        self._tries = 0

    def breaks(self, attempt: Try) -> bool:
        """Whether it breaks the same; then it is the best so far. Raises Enough."""
        if attempt.key not in self._known:
            learned = self._learn(attempt)
            self._known[attempt.key] = learned if broken(learned, self._wanted) else None
        if (same := self._known[attempt.key]) is not None:
            self.best, self.learned = attempt, same
        return same is not None

    def _learn(self, attempt: Try) -> Learned:
        learned = self._try(attempt)
        return self._try(attempt) if learned.judged == "inconclusive" else learned

    def _try(self, attempt: Try) -> Learned:
        if self._tries >= self._most:
            raise Enough(f"{self._most} tries were not enough")
        self._tries += 1
        return self._trying(attempt)

    def placed(self, number: int, fault: Placed) -> bool:
        """The same with another fault in this place."""
        faults = self.best.faults
        return self.breaks(replace(self.best, faults=(*faults[:number], fault, *faults[number + 1:])))

    def shrunk(self, ended: str = "") -> Shrunk:
        thresholds = tuple(
            Threshold(number, delay, self.holds[number]) for number, fault in enumerate(self.best.faults)
            if (delay := delay_of(fault.kind)) is not None and number in self.holds)
        broke = next((each for each in self.learned.breaks if self._wanted in (None, each)), self._wanted)
        return Shrunk(self.best, self.learned, self._tries, not ended, ended, thresholds, broke)


# --- what it does, in this order ------------------------------------------------------------------


def _drop_faults(bench: _Bench, *, again: bool) -> None:
    """A few faults: their smallest subset. Many: halves of them."""
    faults = bench.best.faults

    def breaks(kept: Sequence[Placed]) -> bool:
        return bench.breaks(replace(bench.best, faults=tuple(kept)))

    if again:
        if len(singly_needed(faults, breaks)) < len(faults):
            bench.holds.clear()  # they are numbered anew
    elif len(faults) > _FEW:
        needed(faults, breaks)
    else:
        any(breaks(kept) for size in range(len(faults)) for kept in combinations(faults, size))


def _shrink_state(bench: _Bench, defaults: Mapping[str, Any], allowed: Allowed, *, again: bool) -> None:
    def breaks(state: Mapping[str, Any]) -> bool:
        return allowed(state) and bench.breaks(replace(bench.best, state=state))

    nearer(bench.best.state, defaults, breaks, again=again)


def _simplify(bench: _Bench, number: int, simpler: Simpler) -> None:
    fault = bench.best.faults[number]
    any(bench.placed(number, replace(fault, kind=kind)) for kind in simpler(fault.kind))


def _point(bench: _Bench, number: int) -> None:
    """Where every call of a site is meant, one of them may do: those that were seen, in their order."""
    fault = bench.best.faults[number]
    if fault.site.ordinal == 0:
        seen = [reached.site for reached in bench.learned.reached if _alike(reached.site, fault.site)]
        ordinals = sorted({site.ordinal for site in seen if site.ordinal}) or range(1, len(seen) + 1)
        any(bench.placed(number, replace(fault, site=replace(fault.site, ordinal=ordinal))) for ordinal in ordinals)


def _alike(one: Site, other: Site) -> bool:
    return (one.edge, one.call, one.step) == (other.edge, other.call, other.step)


def _bisect(bench: _Bench, number: int) -> None:
    """To half of the larger of 10 ms and 5 %: the other half is for a product that does not always give up after the
    same time. Without the fault it is known to hold; when the product itself gave up tells where to look first."""
    fault = bench.best.faults[number]
    high, low = delay_of(fault.kind), 0.0
    if high is None:
        return
    hints = [bench.holds[number]] if number in bench.holds else _hints(bench.learned, fault.site)
    while high - low > fineness(low) / 2:
        middle = next((hint for hint in hints if low < hint < high), None) or _middle(low, high)
        if not low < middle < high:
            break
        if bench.placed(number, replace(fault, kind=delayed(fault.kind, middle))):
            high = middle
        else:
            low = middle
    bench.holds[number] = low


def fineness(seconds: float) -> float:
    """How exactly a delay of about so many seconds is to be known."""
    return max(_FINE_S, _FINE * seconds)


def _middle(low: float, high: float) -> float:
    """Of what grows by percents, and in whole milliseconds."""
    return round(sqrt(max(low, _FINE_S) * high), 3) if high > 2 * _FINE_S else round((low + high) / 2, 3)


def _hints(learned: Learned, site: Site) -> list[float]:
    """A little more than the product waited, and a little less."""
    waits = {reached.gave_up_s for reached in learned.reached if _alike(reached.site, site) and reached.gave_up_s}
    return [round(wait * factor, 3) for wait in sorted(waits) for factor in (1 + _SURE, 1 - _SURE)]
