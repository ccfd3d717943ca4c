"""When a provider began to do something else: change points of a series of windows.

Each call is counted in one of a few classes (an error, or a range of latencies); a segment is as good as its classes
are even over its windows: the multinomial log-likelihood, which asks for no shape of the latencies (Haynes, Fearnhead
and Eckley 2017, *A computationally efficient nonparametric approach for changepoint detection*, with the classes as
its quantiles). The best segmentation is found exactly, by dynamic programming (Jackson et al. 2005, *optimal
partitioning*); each further segment costs what the Bayesian information criterion asks for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["MOST", "change_points"]

MOST = 12
"""Segments at most: more are no shape that a person would recognise."""
_DEAREST = 3.0
"""So much of what the criterion asks for is asked for a segment: latencies are less independent than it takes them for,
and a change that is not there is worse than one that is seen a window later."""


def change_points(counts: Sequence[Sequence[int]], *, most: int = MOST, dear: float = _DEAREST) -> tuple[int, ...]:
    """The windows at which a new segment begins, without the first. `counts` has for each window how many calls fell in
    each class; a window without a call belongs to the segment around it."""
    if not counts:
        return ()
    sums = _sums(counts)
    total = sum(sums[-1])
    price = dear * 0.5 * max(1, len(counts[0]) - 1) * math.log(max(2, total))
    return _best(sums, price, most)


def _sums(counts: Sequence[Sequence[int]]) -> list[list[int]]:
    sums = [[0] * len(counts[0])]
    for row in counts:
        sums.append([before + here for before, here in zip(sums[-1], row, strict=True)])
    return sums


def _misfit(sums: Sequence[Sequence[int]], begin: int, end: int) -> float:
    """Minus the log-likelihood of the windows from `begin` up to `end` as one segment."""
    counts = [high - low for low, high in zip(sums[begin], sums[end], strict=True)]
    total = sum(counts)
    return total * math.log(total) - sum(count * math.log(count) for count in counts if count) if total else 0.0


def _best(sums: Sequence[Sequence[int]], price: float, most: int) -> tuple[int, ...]:
    """Level by level, so that there are no more than `most` segments."""
    windows = len(sums) - 1
    misfit = [[_misfit(sums, begin, max(begin, end)) for end in range(windows + 1)] for begin in range(windows)]
    costs = [math.inf] * (windows + 1)
    costs[0] = 0.0
    backs: list[list[int]] = []
    found = (math.inf, 0)
    for level in range(1, min(most, windows) + 1):
        costs, back = _level(costs, misfit, windows)
        backs.append(back)
        found = min(found, (costs[windows] + price * (level - 1), level))
    return _traced(backs[:found[1]], windows)


def _level(costs: Sequence[float], misfit: Sequence[Sequence[float]], windows: int) -> tuple[list[float], list[int]]:
    """The cheapest way to end a further segment at each window, and where that segment begins."""
    further, back = [math.inf] * (windows + 1), [0] * (windows + 1)
    for end in range(1, windows + 1):
        for begin in range(end):
            cost = costs[begin] + misfit[begin][end]
            if cost < further[end]:
                further[end], back[end] = cost, begin
    return further, back


def _traced(backs: Sequence[Sequence[int]], windows: int) -> tuple[int, ...]:
    points, end = [], windows
    for back in reversed(backs):
        end = back[end]
        points.append(end)
    return tuple(sorted(point for point in points if point))
