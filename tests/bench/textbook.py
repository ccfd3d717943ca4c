"""What is usually done with a latency every night, to stand beside what we do. Each is asked night by night whether it
would alert, and sees no control."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from statistics import mean, stdev

DAYS, BEFORE, ONE_PERCENT = 28, 14, 2.3263
APART = 4
"""Alerts that are fewer nights apart are one episode."""


def p95_beyond_three_deviations(nights: Sequence[Sequence[float]]) -> Iterator[bool]:
    """p95 > mean + 3 sd of the p95 of 28 nights."""
    known: deque[float] = deque(maxlen=DAYS)
    for seconds in nights:
        p95 = sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]
        yield len(known) == DAYS and p95 > mean(known) + 3 * stdev(known)
        known.append(p95)


def mann_whitney(nights: Sequence[Sequence[float]]) -> Iterator[bool]:
    """Tonight against the samples of 14 nights, slower at the level of one percent."""
    kept: deque[Sequence[float]] = deque()
    ordered: list[float] = []
    for seconds in nights:
        yield len(kept) == BEFORE and _slower(seconds, ordered)
        kept.append(seconds)
        for each in seconds:
            insort(ordered, each)
        if len(kept) > BEFORE:
            for each in kept.popleft():
                del ordered[bisect_left(ordered, each)]


def _slower(seconds: Sequence[float], ordered: Sequence[float]) -> bool:
    """By the normal approximation of U, which is close for 20 against 280."""
    ours, theirs = len(seconds), len(ordered)
    above = sum((bisect_left(ordered, each) + bisect_right(ordered, each)) / 2 for each in seconds)
    return above - ours * theirs / 2 > ONE_PERCENT * math.sqrt(ours * theirs * (ours + theirs + 1) / 12)


def episodes(alerts: Iterable[bool]) -> int:
    found, last = 0, -APART
    for night, alert in enumerate(alerts):
        if alert:
            found += night - last >= APART
            last = night
    return found
