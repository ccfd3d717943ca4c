"""From recorded calls to what the provider did: segments with quantiles, errors, and how calls hang together."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from flowprobe.core.incidents.changing import change_points
from flowprobe.core.incidents.model import (
    Errors,
    Incident,
    OperationFit,
    Recording,
    Segment,
    Window,
    is_error,
)
from flowprobe.core.incidents.quantiles import points_of, quantile

__all__ = ["FEWEST", "fit", "fit_operation", "width_for"]

FEWEST = 20
"""Calls of an operation in the window: fewer say nothing, and are left out."""
_NARROWEST, _WIDEST, _MANY = 10.0, 60.0, 240
_CLASSES = (25.0, 50.0, 75.0, 90.0, 97.0)
"""The percentiles of all answers that part their latencies into classes."""
_RARE = 0.001
"""An error that is rarer is not injected."""
Call = tuple[float, float, str]


def width_for(window: Window) -> float:
    """The windows in which change is looked for: 10 to 60 seconds, and longer only where there would be too many."""
    return max(_NARROWEST, min(_WIDEST, window.seconds / 60), window.seconds / _MANY)


def fit(name: str, recordings: Iterable[Recording], window: Window, *, healthy: Window | None = None,
        sources: Sequence[str] = ()) -> Incident:
    """What each operation did in the window. Those of which too little is known are named in `left_out`."""
    width, fits, left_out = width_for(window), [], []
    for recording in recordings:
        calls = sorted(recording.within(window))
        if len(calls) < FEWEST:
            left_out.append(f"{recording.operation}: {len(calls)} calls in the window, and {FEWEST} are needed")
            continue
        ordinary = () if healthy is None else _answered(sorted(recording.within(healthy)))
        if healthy is not None and len(ordinary) < FEWEST:
            left_out.append(f"{recording.operation}: {len(ordinary)} answers in the healthy window, and {FEWEST} are "
                            "needed: its latencies are told as they were, and not as what came on top")
            ordinary = ()
        segments = fit_operation(calls, window, width)
        fits.append(OperationFit(recording.operation, segments, points_of(ordinary)))
    return Incident(name, window, width, tuple(fits), tuple(sources), tuple(left_out))


def fit_operation(calls: Sequence[Call], window: Window, width: float) -> tuple[Segment, ...]:
    """The segments of one operation; `calls` in the order of their beginning."""
    edges = _classes(calls)
    kinds = sorted({outcome for _, _, outcome in calls if is_error(outcome)})
    count = max(1, round(window.seconds / width))
    counts = [[0] * (len(edges) + 1 + len(kinds)) for _ in range(count)]
    for at, seconds, outcome in calls:
        number = min(count - 1, int((at - window.begin) / window.seconds * count))
        place = len(edges) + 1 + kinds.index(outcome) if is_error(outcome) else bisect_right(edges, seconds)
        counts[number][place] += 1
    begins = [0, *change_points(counts), count]
    return tuple(_segment(calls, window, begin * window.seconds / count, end * window.seconds / count)
                 for begin, end in pairwise(begins))


def _classes(calls: Sequence[Call]) -> list[float]:
    ordered = _answered(calls)
    return sorted({quantile(ordered, percent) for percent in _CLASSES}) if ordered else []


def _answered(calls: Iterable[Call]) -> tuple[float, ...]:
    """How long the calls took that were answered, in rising order."""
    return tuple(sorted(seconds for _, seconds, outcome in calls if not is_error(outcome)))


def _segment(calls: Sequence[Call], window: Window, begin: float, end: float) -> Segment:
    within = [call for call in calls if window.begin + begin <= call[0] < window.begin + end]
    ordered = _answered(within)
    errors = tuple(each for each in _errors(within) if each.rate >= _RARE)
    return Segment(begin, end, len(within), points_of(ordered), ordered[0] if ordered else 0.0,
                   ordered[-1] if ordered else 0.0, errors, _sticky([outcome for _, _, outcome in within]))


def _errors(calls: Sequence[Call]) -> list[Errors]:
    took: dict[str, list[float]] = {}
    for _, seconds, outcome in calls:
        if is_error(outcome):
            took.setdefault(outcome, []).append(seconds)
    return [Errors(outcome, len(each), len(each) / len(calls), points_of(sorted(each)))
            for outcome, each in sorted(took.items(), key=lambda item: -len(item[1]))]


def _sticky(outcomes: Sequence[str]) -> float:
    """How likely a call came out as the one before it because of that, and not by chance: the share of pairs that agree
    on having failed, less what chance makes of it, as a part of what is left (as in Cohen's kappa). Nothing below a
    tenth, which chance reaches as well."""
    failed = [is_error(outcome) for outcome in outcomes]
    pairs = Counter(pairwise(failed))
    count = sum(pairs.values())
    share = sum(failed) / len(failed) if failed else 0.0
    by_chance = share * share + (1 - share) * (1 - share)
    if count < FEWEST or by_chance == 1:
        return 0.0
    beyond = ((pairs[True, True] + pairs[False, False]) / count - by_chance) / (1 - by_chance)
    return round(beyond, 2) if beyond >= 0.1 else 0.0
