"""Whether what broke once breaks again: the same try, afresh, a few times."""

from __future__ import annotations

from dataclasses import replace

from flowprobe.core.exploring.model import Break, Enough, Try, Trying
from flowprobe.core.exploring.shrink import broken
from flowprobe.core.plain import Plain, plain

__all__ = ["Confirmed", "confirm"]


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
