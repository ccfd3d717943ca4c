"""From a try that broke a promise to the smallest one that breaks the same: fit for tries that take a second each.

In this order: steps are left out, for what is tried after that is the shorter; faults are dropped, fields of the state
put back to their defaults and what is left of them brought near, kinds exchanged for simpler ones, calls told by their
exact ordinals, delays brought down to the shortest that breaks. Then all of it again, one by one, until nothing
changes.

A journey without some of its steps may break a promise because it misses them. So what breaks without them counts only
where the same steps, in the ordinary state and without a fault, keep every promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from flowprobe.core.exploring.bench import Bench
from flowprobe.core.exploring.ceilings import is_about_ceiling
from flowprobe.core.exploring.delays import hinted, shortest
from flowprobe.core.exploring.leaving_out import Links
from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Site, Try, Trying
from flowprobe.core.exploring.simpler import Simpler, delay_of, delayed, simpler
from flowprobe.core.exploring.smaller import fewest, nearer, needed, singly_needed
from flowprobe.core.plain import Plain, plain

__all__ = ["Allowed", "Shrunk", "Threshold", "shrink"]

Allowed: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Whether the account may be in a state."""

MOST = 100
NO_LINKS = Links()
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


def shrink(first: Try, learned: Learned, trying: Trying, *, defaults: Mapping[str, Any], simpler: Simpler = simpler,
           any_break: bool = False, allowed: Allowed = lambda _state: True, links: Links = NO_LINKS,
           most: int = MOST) -> Shrunk:
    """`learned` is what came of `first`, which broke. The same is broken where its first break is, or (`any_break`)
    where any promise is. An inconclusive try is made once more, and then counts as one that breaks nothing. `links` are
    the steps that may be left out.

    No try is made twice, nor one in a state that is not `allowed`, nor more than `most`; Enough ends it with the best
    so far.
    """
    wanted = None if any_break or not learned.breaks else learned.breaks[0]
    bench = _Bench(trying, wanted, most, replace(first, phase="shrink"), learned, Try(defaults, (), "shrink"))
    try:
        for number in range(_ROUNDS):
            before = bench.best.key
            _leave_out(bench, links, again=number > 0)
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


class _Bench(Bench[Try]):
    """`held` are delays that did not break, by the place of their fault. `ordinary` is the try of an ordinary night,
    which is known to hold with all of the steps."""

    def __init__(self, trying: Trying, wanted: Break | None, most: int, first: Try, learned: Learned,
                 ordinary: Try) -> None:
        super().__init__(trying, wanted, most, first, learned)
        self.held: dict[int, float] = {}
        self._ordinary = ordinary
        self._sound: dict[tuple[str, ...], bool] = {(): True}

    def is_sound(self, attempt: Try) -> bool:
        """Whether the journey without these steps is one that holds on an ordinary night."""
        without = attempt.without
        if without not in self._sound:
            learned = self._learn(replace(self._ordinary, without=without))
            self._sound[without] = learned.judged in ("pass", "degraded")
        return self._sound[without]

    def placed(self, number: int, fault: Placed) -> bool:
        """The same with another fault in this place."""
        faults = self.best.faults
        return self.breaks(replace(self.best, faults=(*faults[:number], fault, *faults[number + 1:])))

    def shrunk(self, ended: str = "") -> Shrunk:
        thresholds = tuple(
            Threshold(number, delay, self.held[number]) for number, fault in enumerate(self.best.faults)
            if (delay := delay_of(fault.kind)) is not None and number in self.held)
        broke = next((each for each in self.learned.breaks if self.wanted in (None, each)), self.wanted)
        return Shrunk(self.best, self.learned, self.tries, not ended, ended, thresholds, broke)


# --- what it does, in this order ------------------------------------------------------------------


def _leave_out(bench: _Bench, links: Links, *, again: bool) -> None:
    """All at once that nothing needs; or all that comes after what broke; then halves of the others."""
    broke = bench.wanted.step if bench.wanted else ""
    gone = {name for part in bench.best.without for name in links.steps(part)}
    stay = [name for part in (broke, *(placed.site.step for placed in bench.best.faults)) for name in links.steps(part)]
    free = [name for name in links.names if name not in gone | links.with_needed(stay)]

    def breaks(kept: Sequence[str]) -> bool:
        return bench.breaks(replace(bench.best, without=links.left_out(links.with_needed([*stay, *kept]))))

    if again:
        singly_needed(free, breaks)
    elif free and not breaks(()):
        last = max((links.names.index(name) for name in links.steps(broke)), default=len(links.names))
        before = [name for name in free if links.names.index(name) < last]
        needed(before if len(before) < len(free) and breaks(before) else free, breaks)


def _drop_faults(bench: _Bench, *, again: bool) -> None:
    faults = bench.best.faults

    def breaks(kept: Sequence[Placed]) -> bool:
        return bench.breaks(replace(bench.best, faults=tuple(kept)))

    if again:
        if len(singly_needed(faults, breaks)) < len(faults):
            bench.held.clear()  # they are numbered anew
    else:
        fewest(faults, breaks)


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
    """When the product itself gave up tells where to look first. Any product still waits when a short hang ends."""
    fault = bench.best.faults[number]
    delay = delay_of(fault.kind)
    if delay is None or is_about_ceiling(bench.wanted):
        return
    waits = (reached.gave_up_s for reached in bench.learned.reached if _alike(reached.site, fault.site))
    hints = [bench.held[number]] if number in bench.held else hinted(filter(None, waits))
    _, bench.held[number] = shortest(
        delay, lambda seconds: bench.placed(number, replace(fault, kind=delayed(fault.kind, seconds))), hints)
