"""Whether what broke once breaks again: the same try, afresh, a few times."""

from __future__ import annotations

from dataclasses import replace

from flowprobe.core.exploring.model import Break, Enough, Try, Trying
from flowprobe.core.exploring.shrink import Shrunk, broken, fineness
from flowprobe.core.exploring.simpler import delayed
from flowprobe.core.plain import Plain, plain

__all__ = ["Confirmed", "confirm", "steadied"]

_STEPS = 3


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
    k = told = otherwise = untold = 0
    again = replace(attempt, phase="confirm")
    try:
        for _ in range(n):
            learned = trying(again)
            same = broken(learned, wanted)
            k, otherwise = k + same, otherwise + (learned.broke and not same)
            told, untold = told + (learned.judged != "inconclusive"), untold + (learned.judged == "inconclusive")
    except Enough as enough:
        return Confirmed(k, told, otherwise, untold, str(enough) or "stopped")
    return Confirmed(k, told, otherwise, untold)


def steadied(shrunk: Shrunk, trying: Trying, n: int = 3) -> tuple[Shrunk, Confirmed]:
    """Confirm the smallest try; where it breaks now and then only, for its delay is at the very edge, with a delay that
    is a little longer, a few times. What it was seen to do most surely is what is kept."""
    confirmed = confirm(shrunk.smallest, trying, n, wanted=shrunk.broke)
    best = shrunk, confirmed
    for _ in range(_STEPS):
        if confirmed.is_sure or confirmed.ended or not shrunk.thresholds:
            break
        shrunk = _later(shrunk)
        confirmed = confirm(shrunk.smallest, trying, n, wanted=shrunk.broke)
        if confirmed.k > best[1].k:
            best = shrunk, confirmed
    return best


def _later(shrunk: Shrunk) -> Shrunk:
    """The same with each delay, where one was measured, longer by half of what it is exact to."""
    faults, thresholds = list(shrunk.smallest.faults), []
    for each in shrunk.thresholds:
        seconds = round(each.breaks_s + fineness(each.breaks_s) / 2, 3)
        placed = faults[each.fault]
        faults[each.fault] = replace(placed, kind=delayed(placed.kind, seconds))
        thresholds.append(replace(each, breaks_s=seconds))
    return replace(shrunk, smallest=replace(shrunk.smallest, faults=tuple(faults)), thresholds=tuple(thresholds))
