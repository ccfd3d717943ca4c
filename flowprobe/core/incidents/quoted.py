"""What people say of an incident, "p50 180 ms, p90 700 ms, p99 2.6 s, 4 % 503", as what a provider did all the time."""

from __future__ import annotations

import math
import re
from itertools import pairwise

from flowprobe.core.distributions import normal_at
from flowprobe.core.incidents.model import NO_REPLY, Errors, Points, Segment
from flowprobe.core.incidents.quantiles import PERCENTS
from flowprobe.core.plain import Plain, plain

__all__ = ["CLOSE", "Quoted", "quoted"]

CLOSE = 0.1
"""A lognormal distribution stands for quoted percentiles where it misses none by more than this part."""
_UNITS = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "sec": 1.0, "seconds": 1.0, "min": 60.0, "m": 60.0}
_HIGHEST = 86_400.0
_NUMBER = r"(?P<number>\d+(?:\.\d+)?)"
_UNIT = r"(?P<unit>us|µs|ms|sec|seconds|s|min|m)?"
_PERCENTILE = re.compile(rf"p(?P<percent>\d{{1,2}}(?:\.\d+)?|999|9999)\s*[:=]?\s*{_NUMBER}\s*{_UNIT}", re.IGNORECASE)
_MIDDLE = re.compile(rf"(?P<which>median|mean|avg|average|min|max)\s*[:=]?\s*{_NUMBER}\s*{_UNIT}", re.IGNORECASE)
_RATE = re.compile(rf"{_NUMBER}\s*%\s*(?:of\s+)?(?P<outcome>\d{{3}}|[a-z ]+?)(?:s|\s+errors?)?", re.IGNORECASE)
_OUTCOMES = {**{name: name for name in NO_REPLY}, "timeout": "hang", "timed out": "hang",
             "connection refused": "refused", "connection reset": "reset"}


@plain
class Quoted(Plain):
    """`points` of the segment are exact at every percentile of `exact`; the others are of the lognormal distribution
    with this `sigma`, and not there where none fits (`sigma` is 0). `worst` is by what part that distribution misses
    the worst of those that were quoted."""

    segment: Segment
    exact: tuple[float, ...]
    sigma: float
    worst: float


def quoted(text: str, *, seconds: float) -> Quoted:
    """What was said, of a time so long. Raises ValueError with the part that is not understood, and what to write."""
    points: dict[float, float] = {}
    rates: dict[str, float] = {}
    ends: dict[str, float] = {}
    for part in filter(None, (each.strip() for each in re.split(r"[,;\n]", text))):
        _take(part, points, rates, ends)
    given = _rising(points)
    if sum(rates.values()) > 1:
        raise ValueError("the errors are more than all calls; write the part of all calls that came to each: 4 % 503")
    if not given and sum(rates.values()) < 1:
        raise ValueError("no percentile is quoted; write at least the median: p50 180 ms")
    sigma, worst = _lognormal(given)
    filled = _filled(given, sigma if worst <= CLOSE else 0.0)
    errors = tuple(Errors(outcome, 0, rate, ()) for outcome, rate in sorted(rates.items(), key=lambda item: -item[1]))
    least = ends.get("min", 0.0)
    most = max(ends.get("max", 0.0), filled[-1][1] if filled else 0.0)
    if given and (least > given[0][1] or ends.get("max", most) < given[-1][1]):
        raise ValueError("a quoted percentile is not between min and max; see which of them is meant")
    return Quoted(Segment(0.0, seconds, 0, filled, least, most, errors), tuple(percent for percent, _ in given),
                  sigma if worst <= CLOSE else 0.0, worst)


def _take(part: str, points: dict[float, float], rates: dict[str, float], ends: dict[str, float]) -> None:
    if found := _PERCENTILE.fullmatch(part):
        percent = _percent(found["percent"])
        if percent in points:
            raise ValueError(f"p{percent:g} is quoted twice; write it once")
        points[percent] = _seconds(part, found)
    elif found := _MIDDLE.fullmatch(part):
        match found["which"].lower():
            case "median":
                points[50.0] = _seconds(part, found)
            case "min" | "max" as which:
                ends[which] = _seconds(part, found)
            case which:
                raise ValueError(f"{part[:60]!r} is an average, which says little of a distribution; "
                                 "write percentiles: p50 180 ms, p99 2.6 s")
    elif found := _RATE.fullmatch(part):
        outcome = _outcome(part, found["outcome"].lower())
        rates[outcome] = rates.get(outcome, 0.0) + float(found["number"]) / 100
    else:
        raise ValueError(f"{part[:60]!r} is not understood; write p50 180 ms, p99 2.6 s, 4 % 503, 1 % hang")


def _percent(text: str) -> float:
    """`p999` is 99.9, as people write it."""
    percent = float(f"{text[:2]}.{text[2:]}") if len(text) > 2 and "." not in text else float(text)
    if not 0 < percent < 100:
        raise ValueError(f"p{text} is no percentile; there are p1 to p99.99")
    return percent


def _seconds(part: str, found: re.Match[str]) -> float:
    if found["unit"] is None:
        raise ValueError(f"{part[:60]!r} has no unit; write {part[:60]} ms, or s")
    seconds = float(found["number"]) * _UNITS[found["unit"].lower()]
    if not 0 < seconds <= _HIGHEST:
        raise ValueError(f"{part[:60]!r} is not between nothing and a day; see its unit")
    return seconds


def _outcome(part: str, said: str) -> str:
    if said.isdigit() and 100 <= int(said) <= 599:
        return said
    known = _OUTCOMES.get(said.strip()) or _OUTCOMES.get(said.strip() + "s")
    if known is None:
        raise ValueError(f"{part[:60]!r} does not say which error; write 4 % 503, or one of {', '.join(NO_REPLY)}")
    return known


def _rising(points: dict[float, float]) -> Points:
    ordered = tuple(sorted(points.items()))
    for (low, under), (high, over) in pairwise(ordered):
        if over < under:
            raise ValueError(f"p{high:g} is less than p{low:g}; see which is which")
    return ordered


def _lognormal(given: Points) -> tuple[float, float]:
    """Its sigma, by least squares through the median, and by what part it misses the worst percentile. Without a
    median, or with it alone, there is none."""
    middle = dict(given).get(50.0)
    others = [(normal_at(percent / 100), math.log(seconds / middle)) for percent, seconds in given
              if percent != 50.0] if middle else []
    if not others:
        return 0.0, math.inf
    sigma = sum(z * log for z, log in others) / sum(z * z for z, _ in others)
    worst = max(abs(math.exp(sigma * z - log) - 1) for z, log in others)
    return (sigma, worst) if sigma > 0 else (0.0, math.inf)


def _filled(given: Points, sigma: float) -> Points:
    """What was quoted, and between it the percentiles of the distribution, bent to lie on what was quoted. Without a
    distribution what was quoted is all there is."""
    points = dict(given)
    if sigma:
        for percent in PERCENTS:
            points.setdefault(percent, _bent(given, percent, sigma))
    return tuple(sorted(points.items()))


def _bent(given: Points, percent: float, sigma: float) -> float:
    """Straight in the logarithm over the normal's quantile, between the neighbours; beyond them with its sigma."""
    z = normal_at(percent / 100)
    below = next(((p, q) for p, q in reversed(given) if p < percent), None)
    above = next(((p, q) for p, q in given if p > percent), None)
    if below is not None and above is not None:
        low, high = normal_at(below[0] / 100), normal_at(above[0] / 100)
        part = (z - low) / (high - low)
        between = math.exp(math.log(below[1]) * (1 - part) + math.log(above[1]) * part)
        return min(max(between, below[1]), above[1])  # the last digit of a float may lie beyond them
    percent, seconds = below or above or (50.0, 0.0)
    return seconds * math.exp(sigma * (z - normal_at(percent / 100)))
