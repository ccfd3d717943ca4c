"""Whether what broke once breaks again: the same try, afresh, a few times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from flowprobe.core.exploring.bench import broken
from flowprobe.core.exploring.delays import fineness
from flowprobe.core.exploring.model import Break, Enough, Learned, Try, Trying
from flowprobe.core.exploring.shrink import Shrunk
from flowprobe.core.exploring.simpler import delayed
from flowprobe.core.plain import Plain, plain

__all__ = ["Confirmed", "confirm", "counted", "longer", "steadied", "surest"]

_STEPS = 3
_LEFT = 0.48  # half of it is the search's, and a millisecond is the least that is told
T = TypeVar("T")


@plain
class Confirmed(Plain):
    """It broke `k` times of `n` that could tell. `otherwise` of the others broke another promise, `untold` more were
    inconclusive; `ended` says why there were no more."""

    k: int
    n: int
    otherwise: int = 0
    untold: int = 0
    ended: str = ""

    @property
    def flake_rate(self) -> float:
        """How often it did not break, from 0 to 1."""
        return 1 - self.k / self.n if self.n else 0.0

    @property
    def is_flaky(self) -> bool:
        return 0 < self.k < self.n

    @property
    def is_sure(self) -> bool:
        return 0 < self.k == self.n

    def __str__(self) -> str:
        return f"{self.k} of {self.n}"


def confirm(attempt: Try, trying: Trying, n: int = 3, *, wanted: Break | None = None) -> Confirmed:
    """Make the try `n` times; with `wanted` only this promise counts. Enough ends it with what there is."""
    again = replace(attempt, phase="confirm")
    return counted(lambda: trying(again), n, wanted=wanted)


def counted(once: Callable[[], Learned], n: int, *, wanted: Break | None = None) -> Confirmed:
    """The same for whatever `once` tries."""
    k = told = otherwise = untold = 0
    try:
        for _ in range(n):
            learned = once()
            same = broken(learned, wanted)
            k, otherwise = k + same, otherwise + (learned.broke and not same)
            told, untold = told + (learned.judged != "inconclusive"), untold + (learned.judged == "inconclusive")
    except Enough as enough:
        return Confirmed(k, told, otherwise, untold, str(enough) or "stopped")
    return Confirmed(k, told, otherwise, untold)


def steadied(shrunk: Shrunk, trying: Trying, n: int = 3) -> tuple[Shrunk, Confirmed]:
    """Confirm the smallest try, its delay a little longer than the very edge: who replays the case another day, on
    another machine, is not to see it hold by chance. Where it still breaks now and then only, with a longer one, a few
    times. What it was seen to do most surely is what is kept; what never breaks with a longer delay stays as it was."""
    def confirmed(each: Shrunk) -> Confirmed:
        return confirm(each.smallest, trying, n, wanted=shrunk.broke)

    if not shrunk.thresholds:
        return shrunk, confirmed(shrunk)
    best, how = surest(_later(shrunk), confirmed, _later)
    return (best, how) if how.k or how.ended else (shrunk, confirmed(shrunk))


def surest(first: T, confirm: Callable[[T], Confirmed], later: Callable[[T], T] | None) -> tuple[T, Confirmed]:
    """What broke most surely: `first`, or what `later` makes of it with a delay that is a little longer; None where it
    has none."""
    confirmed = confirm(first)
    best, now = (first, confirmed), first
    for _ in range(_STEPS):
        if confirmed.is_sure or confirmed.ended or later is None:
            break
        now = later(now)
        confirmed = confirm(now)
        if confirmed.k > best[1].k:
            best = now, confirmed
    return best


def longer(seconds: float) -> float:
    """A delay at the very edge, made longer by what is left of what it is exact to."""
    return round(seconds + _LEFT * fineness(seconds), 3)


def _later(shrunk: Shrunk) -> Shrunk:
    """The same with each delay, where one was measured, a little longer."""
    faults, thresholds = list(shrunk.smallest.faults), []
    for each in shrunk.thresholds:
        seconds = longer(each.breaks_s)
        placed = faults[each.fault]
        faults[each.fault] = replace(placed, kind=delayed(placed.kind, seconds))
        thresholds.append(replace(each, breaks_s=seconds))
    return replace(shrunk, smallest=replace(shrunk.smallest, faults=tuple(faults)), thresholds=tuple(thresholds))
