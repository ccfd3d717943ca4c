"""Quantiles of what was recorded, and how sure they are."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from flowprobe.core.distributions import normal_at
from flowprobe.core.incidents.model import Points

__all__ = ["PERCENTS", "added", "distance", "interval", "points_of", "quantile", "value_at"]

PERCENTS = (10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9)
"""Those that a table of quantiles has in a fault profile."""
_BEYOND = 5
"""So many calls have to lie above a high percentile for it to be told: with fewer it is the longest call, by chance."""


def quantile(ordered: Sequence[float], percent: float) -> float:
    """Of values in rising order, straight between two of them (Hyndman and Fan 1996, type 7)."""
    place = percent / 100 * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def points_of(ordered: Sequence[float]) -> Points:
    """The percentiles that so many values can tell; the median always."""
    return tuple((percent, quantile(ordered, percent)) for percent in PERCENTS if percent == 50 or (
        len(ordered) * min(percent, 100 - percent) / 100 >= _BEYOND)) if ordered else ()


def interval(ordered: Sequence[float], percent: float, *, sure: float = 0.95) -> tuple[float, float]:
    """Where the true percentile lies, with so much probability, by the order of the values alone: the binomial
    distribution's normal approximation, and the ends where it leaves them."""
    count, share = len(ordered), percent / 100
    spread = normal_at(0.5 + sure / 2) * math.sqrt(count * share * (1 - share))
    low, high = math.floor(count * share - spread), math.ceil(count * share + spread)
    return ordered[max(0, low)], ordered[min(count - 1, high)]


def value_at(points: Points, percent: float, *, least: float = 0.0, most: float | None = None) -> float:
    """What a table says of any percentile: straight between its points, from `least` and up to `most`."""
    line = ((0.0, least), *points, (100.0, points[-1][1] if most is None else most))
    place = min(bisect_right([share for share, _ in line], percent), len(line) - 1)
    (low, under), (high, over) = line[place - 1], line[place]
    return under + (over - under) * ((percent - low) / (high - low))


def added(points: Points, healthy: Points) -> Points:
    """What came on top of an ordinary time, percentile by percentile: never below nothing, and never falling."""
    found, least = [], 0.0
    for percent, seconds in points:
        least = max(least, seconds - value_at(healthy, percent))
        found.append((percent, least))
    return tuple(found)


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Kolmogorov and Smirnov's: the largest difference of the shares below any value. Both in rising order."""
    if not one or not other:
        return 1.0 if one or other else 0.0
    return max(abs(bisect_right(one, value) / len(one) - bisect_right(other, value) / len(other))
               for value in (*one, *other))
