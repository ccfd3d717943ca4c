"""How long a step or a provider takes, from night to night, against controls that are measured beside it.

A night's number is the logarithm of what its middle half of samples takes, less what the controls say of the network
that night: of each control how far it is from its own usual, and of several the median of that, so that one which is
added, missing or broken does not move the others. What a slow night of the network does falls out; what is left is
watched (`watching`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from statistics import median
from types import MappingProxyType
from typing import TypeAlias

from flowprobe.core.nights.model import Sample, Series, Trend, Trending
from flowprobe.core.nights.watching import FAR, Watch

__all__ = ["NEWEST", "Reading", "candidates", "comparable", "confirmed", "middle", "readings", "trend", "watched"]

Reading: TypeAlias = tuple[str, float, float]
"""A night, its seconds (`middle`), and the logarithm of that less the one of the controls. Where no control was
measured in that night, nothing is taken off."""

Samples: TypeAlias = Mapping[Series, Sequence[tuple[str, tuple[float, ...]]]]
"""(night, seconds), oldest first."""

NEWEST = 400
"""No more nights are judged: the cost of a night does not grow with the history. A change that nobody has marked as
usual becomes it after a year."""

FEWEST = 3
"""Samples. A night with fewer, or with less than half of what the series usually has, says nothing of it."""

KNOWN = 14
"""Nights. A control of which fewer are known has no usual yet, and is left out."""

ALONE = 0.5
"""How far a night without a control is trusted: it has to be twice as far out, and a slow network is no reason to
measure again below two and a half times the usual."""

_WIDE = 3.0
"""The band, in spreads."""

_SHORTEST = 1e-6
"""A microsecond: what took no time has no logarithm."""

_TONIGHT = "\uffff"
"""A name after each night's."""


def readings(samples: Samples) -> Mapping[Series, tuple[Reading, ...]]:
    """Of each step and provider; nights that say nothing of a series are not among its readings."""
    levels = _levels({series: nights for series, nights in samples.items() if series.kind == "control"})
    return {series: tuple((night, seconds, math.log(seconds) - levels.get(night, 0.0))
                          for night, seconds in _medians(nights))
            for series, nights in samples.items() if series.kind != "control"}


def trend(series: Series, readings: Sequence[Reading], *, rebased: str = "", confirmed: Collection[str] = ()) -> Trend:
    """What the series does as of its newest reading. `rebased` is the night from which on a person has said that it is
    as usual; `confirmed` names the nights in which it stood out and was measured again, which said the same.

    A change stays open until it is rebased, or until the median of a week is within four percent of the usual."""
    shown = readings[-NEWEST:]
    judged = [each for each in shown if each[0] >= rebased]
    watch = watched(shown, rebased=rebased, confirmed=confirmed)
    if not judged:
        return Trend(series, Trending.LEARNING, 0)
    level = _usual_level(shown)
    usual, spread = watch.baseline
    *_, (_, value, _) = comparable(shown)
    low, typical, high = (math.exp(usual + level + wide * spread) for wide in (-_WIDE, 0.0, _WIDE))
    since = watch.since if watch.state is Trending.CHANGED else ""
    return Trend(series, watch.state, len(judged), typical, low, high, judged[-1][1], math.exp(value - usual), since)


def watched(readings: Sequence[Reading], *, rebased: str = "", confirmed: Collection[str] = ()) -> Watch:
    """What has seen the newest readings, from the first to the last."""
    watch, before = Watch(), True
    for night, value, trust in comparable(readings[-NEWEST:]):
        if before and rebased and night >= rebased:
            watch, before = watch.anew(), False
        watch.see(night, value, trust=trust, confirmed=night in confirmed)
    return watch


def comparable(readings: Sequence[Reading]) -> Iterator[tuple[str, float, float]]:
    """Of each night its number, and how far that is trusted. Where no control was measured, they are taken to have been
    as they usually are."""
    level = _usual_level(readings)
    for reading in readings:
        night, seconds, relative = reading
        if _level(reading):
            yield night, relative, 1.0
        else:
            yield night, math.log(seconds) - level, ALONE


def candidates(samples_before: Samples, tonight: Sequence[Sample], *,
               rebased: Mapping[str, str] = MappingProxyType({})) -> tuple[Series, ...]:
    """The steps and providers that have to be measured again tonight, in two more batches with the controls beside
    them: they are far slower than usual, and a trend would need more nights to say it. `rebased`: a series' text ->
    the night from which on it is as usual."""
    return tuple(series for series, watch, value, trust in _tonight(samples_before, tonight, rebased)
                 if watch.stands_out(value, trust=trust))


def confirmed(series: Series, samples_before: Samples, batches: Sequence[Sequence[Sample]], *,
              rebased: Mapping[str, str] = MappingProxyType({})) -> bool:
    """Whether the further batches of a night say the same. There have to be two at the least, each with the series and
    its controls; the first of the night may be among them."""
    known = {each: nights for each, nights in samples_before.items() if each == series or each.kind == "control"}
    found = [night for batch in batches for night in _tonight(known, batch, rebased) if night[0] == series]
    if len(found) < max(len(batches), 2):
        return False
    return found[0][1].confirms([value for _, _, value, _ in found], trust=min(trust for *_, trust in found))


def _tonight(before: Samples, tonight: Sequence[Sample], rebased: Mapping[str, str],
             ) -> Iterator[tuple[Series, Watch, float, float]]:
    """Of each series that was measured tonight: what watched it until yesterday, tonight's number and how far that is
    trusted."""
    known: dict[Series, Sequence[tuple[str, tuple[float, ...]]]] = dict(before)
    for sample in tonight:
        known[sample.series] = [*known.get(sample.series, ()), (_TONIGHT, sample.seconds)]
    for series, found in readings(known).items():
        if found and found[-1][0] == _TONIGHT:
            *_, (_, value, trust) = comparable(found)
            yield series, watched(found[:-1], rebased=rebased.get(str(series), "")), value, trust


def _usual_level(found: Sequence[Reading]) -> float:
    """Of the controls, over the nights that have one."""
    levels = [level for level in map(_level, found) if level]
    return median(levels) if levels else 0.0


def _level(reading: Reading) -> float:
    """What was taken off for the controls; zero where none was measured."""
    _, seconds, relative = reading
    return math.log(seconds) - relative


def _levels(controls: Samples) -> dict[str, float]:
    """By night: the logarithm of what the controls took, all of them as one."""
    every = {series: {night: math.log(seconds) for night, seconds in _medians(nights)}
             for series, nights in controls.items()}
    logs = {series: found for series, found in every.items() if len(found) >= KNOWN}
    usual = {series: median(found.values()) for series, found in logs.items()}
    if not usual:
        return {}
    together = median(usual.values())
    strays: dict[str, list[float]] = {}
    for series, found in logs.items():
        for night, level in found.items():
            strays.setdefault(night, []).append(level - usual[series])
    return {night: together + _agreed(sorted(each)) for night, each in strays.items()}


def _agreed(strays: Sequence[float]) -> float:
    """The middle of what the controls say. Where an even number of them is at odds, those that are as usual are
    believed: one of two that breaks is likelier than a network that is slow for the other one alone."""
    low, high = strays[(len(strays) - 1) // 2], strays[len(strays) // 2]
    return (low + high) / 2 if high - low < FAR else min(low, high, key=abs)


def _medians(nights: Sequence[tuple[str, tuple[float, ...]]]) -> Iterator[tuple[str, float]]:
    """Of the nights that have enough samples to say anything."""
    if not nights:
        return
    fewest = max(FEWEST, median(len(seconds) for _, seconds in nights) / 2)
    for night, seconds in nights:
        if len(seconds) >= fewest:
            yield night, middle(seconds)


def middle(seconds: Sequence[float]) -> float:
    """What the middle half of the samples takes, on a logarithmic scale: no more moved by a tail than the median, and
    as steady with twenty samples as the median with twenty-six."""
    ordered = sorted(seconds)
    quarter = len(ordered) // 4
    logs = [math.log(max(each, _SHORTEST)) for each in ordered[quarter:len(ordered) - quarter]]
    return math.exp(sum(logs) / len(logs))
