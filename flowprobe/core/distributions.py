"""How long: distributions as quantile functions. A draw u in [0, 1) gives seconds; nothing here rolls dice.

Every one is monotone in u, never below zero and never above its `cap`: what would be longer is the cap itself, so that
the percentiles below it stay what was asked. Where the draws come from is said in `flowprobe.core.decide`.
"""

from __future__ import annotations

import math
from typing import TypeAlias

from flowprobe.core.faults.durations import in_words
from flowprobe.core.plain import Plain, plain

__all__ = ["Around", "Distribution", "Lognormal", "Normal", "Pareto", "Quantiles", "Recorded", "Uniform", "normal_at",
           "seconds_at"]

_TOLD, _FOREMOST = 4, (50, 90, 99)
"""Of a table with more percentiles than so many only these are said."""
_LEAST = 2.0 ** -53
"""The draws nearest to 0 and to 1: a tail without a cap ends there."""


@plain
class Around(Plain):
    """Evenly between `fixed` - `jitter` and `fixed` + `jitter`."""

    fixed: float
    jitter: float

    def at(self, u: float) -> float:
        return self.fixed + (2 * u - 1) * self.jitter

    def describe(self) -> str:
        return f"{in_words(self.fixed)} ± {in_words(self.jitter)}"


@plain
class Uniform(Plain):
    """Evenly between `min` and `max`."""

    min: float
    max: float

    def at(self, u: float) -> float:
        return self.min + u * (self.max - self.min)

    def describe(self) -> str:
        return f"{in_words(self.min)} to {in_words(self.max)}"


@plain
class Normal(Plain):
    """A normal distribution without its part below zero: what is left of it fills the whole range of draws. So with
    an `sd` that is large beside the mean, the median lies above `mean`."""

    mean: float
    sd: float
    cap: float | None = None

    def at(self, u: float) -> float:
        if self.sd == 0:
            return _capped(self.mean, self.cap)
        below = _normal_share(-self.mean / self.sd)
        return _capped(max(0.0, self.mean + self.sd * normal_at(below + u * (1 - below))), self.cap)

    def describe(self) -> str:
        return f"{in_words(self.mean)} ± {in_words(self.sd)} (normal){_up_to(self.cap)}"


@plain
class Lognormal(Plain):
    """The usual shape of response times, by its median and one high percentile (`high` at `percentile`)."""

    p50: float
    high: float
    percentile: float = 99
    cap: float | None = None

    def at(self, u: float) -> float:
        sigma = math.log(self.high / self.p50) / normal_at(self.percentile / 100)
        return _capped(self.p50 * math.exp(sigma * normal_at(u)), self.cap)

    def describe(self) -> str:
        return f"p50 {in_words(self.p50)}, p{self.percentile:g} {in_words(self.high)} (lognormal){_up_to(self.cap)}"


@plain
class Pareto(Plain):
    """A heavy tail that begins at `min`: the smaller `alpha`, the heavier; it always needs a cap."""

    min: float
    alpha: float
    cap: float

    def at(self, u: float) -> float:
        # By its logarithm: a very heavy tail is longer than a float can say, and is cut anyway.
        beyond = -math.log1p(-u) / self.alpha
        return self.cap if beyond >= math.log(self.cap / self.min) else self.min * math.exp(beyond)

    def describe(self) -> str:
        return f"{in_words(self.min)} and more (pareto {self.alpha:g}){_up_to(self.cap)}"


@plain
class Quantiles(Plain):
    """What was measured: `points` are (percent, seconds), rising. Between two of them it goes straight; below the
    lowest straight down to `min`; above the highest straight up to `cap`, or no further where there is none."""

    points: tuple[tuple[float, float], ...]
    min: float = 0.0
    cap: float | None = None

    def at(self, u: float) -> float:
        last = self.points[-1][1] if self.cap is None else self.cap
        line = ((0.0, self.min), *((percent / 100, seconds) for percent, seconds in self.points), (1.0, last))
        index = next(index for index, (share, _) in enumerate(line) if share > u)
        (low, least), (high, most) = line[index - 1], line[index]
        return least + (most - least) * ((u - low) / (high - low))

    def describe(self) -> str:
        many = len(self.points) > _TOLD
        told = [point for point in self.points if not many or point[0] in _FOREMOST]
        return ", ".join(f"p{percent:g} {in_words(seconds)}" for percent, seconds in told) + _up_to(self.cap)


@plain
class Recorded(Plain):
    """Times that were seen: `sampled`, each as likely as the others, or by the n-th matching call the n-th of them,
    from the beginning again after the last."""

    values: tuple[float, ...]
    sampled: bool = True
    cap: float | None = None

    def at(self, u: float) -> float:
        return _capped(sorted(self.values)[int(u * len(self.values))], self.cap)

    def describe(self) -> str:
        how = "sampled from" if self.sampled else "one after the other of"
        return f"{how} {len(self.values)} recorded times{_up_to(self.cap)}"


Distribution: TypeAlias = Around | Uniform | Normal | Lognormal | Pareto | Quantiles | Recorded


def seconds_at(distribution: Distribution, u: float, ordinal: int = 1) -> float:
    """The seconds that a draw u in [0, 1) stands for; `ordinal` counts the matching calls from 1."""
    if isinstance(distribution, Recorded) and not distribution.sampled:
        return _capped(distribution.values[(ordinal - 1) % len(distribution.values)], distribution.cap)
    return distribution.at(min(max(u, _LEAST), 1 - _LEAST))


def _capped(seconds: float, cap: float | None) -> float:
    return seconds if cap is None else min(seconds, cap)


def _up_to(cap: float | None) -> str:
    return "" if cap is None else f", at most {in_words(cap)}"


# --- the normal distribution ----------------------------------------------------------------------

_FARTHEST, _HALVINGS = 8.5, 60


def normal_at(u: float) -> float:
    """The standard normal quantile of u, to the last digits of a float: halving, so that it is monotone for sure."""
    if u > 0.5:  # the upper tail by the lower one, where there are digits left to tell 1 - u from 1
        return -normal_at(1 - u)
    low, high = -_FARTHEST, _FARTHEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _normal_share(middle) < u else (low, middle)
    return (low + high) / 2


def _normal_share(z: float) -> float:
    """How much of a standard normal distribution lies below z."""
    return math.erfc(-z / math.sqrt(2)) / 2
