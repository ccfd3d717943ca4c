"""Two costs measured side by side, round by round, and what may be said of their ratio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

__all__ = ["Comparison", "compare"]

Cost = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`ratio` is the median of the rounds' ratios; `spread` is how far the same estimate is off where both sides are
    the base. `target` None: for information only. `ours` and `base` are medians, in seconds or in `unit`."""

    name: str
    ratio: float
    spread: float
    target: float | None
    rounds: int
    ours: float
    base: float
    unit: str = "s"

    @property
    def held(self) -> bool:
        return self.target is None or self.ratio <= self.target * (1 + self.spread)

    def __str__(self) -> str:
        wanted = f"target {self.target:g}" if self.target is not None else "no target"
        verdict = "-" if self.target is None else "held" if self.held else "MISSED"
        return (f"{self.name:<44} {self.ratio:7.2f}x  {wanted:<12} A against A ±{self.spread:.0%}  {verdict:<7}"
                f" ({self._shown(self.ours)} / {self._shown(self.base)}, {self.rounds} rounds)")

    def _shown(self, cost: float) -> str:
        return _time(cost) if self.unit == "s" else f"{cost:.1f} {self.unit}"


def compare(name: str, ours: Cost, base: Cost, *, target: float | None, rounds: int, unit: str = "s") -> Comparison:
    """One discarded run of each; then in every round the base, ours, the base again."""
    ours(), base()
    lines = [(base(), ours(), base()) for _ in range(rounds)]
    return Comparison(
        name, target=target, rounds=rounds, unit=unit,
        ratio=median(2 * cost / (before + after) for before, cost, after in lines),
        spread=_spread([after / before for before, _, after in lines]),
        ours=median(cost for _, cost, _ in lines),
        base=median((before + after) / 2 for before, _, after in lines),
    )


def _spread(ratios: Sequence[float]) -> float:
    """Of A against A: how far its median is from 1, or how far one of that many rounds makes it stray, if that is
    more. A single median can be 1 by luck; a wide scatter alone must not make every target hold."""
    scatter = median(abs(ratio - 1) for ratio in ratios)
    return max(abs(median(ratios) - 1), scatter / sqrt(len(ratios)))


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1e6:.0f} µs"
