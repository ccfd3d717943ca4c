"""How long the steps of a trial took, and the calls to each provider, and how much of it was injected.

A step's time goes from its first call to the end of its last one, waits between them included. That of a provider is
the time in which at least one call to it was open: calls side by side do not count twice. What was injected is a part
of that time, and never more than the whole of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median
from typing import TypeAlias

from flowprobe.core.evidence import ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.plain import Plain, plain

__all__ = ["NO_TIMES", "Spent", "Times", "middle", "times_of"]

Stretch: TypeAlias = tuple[float, float]
"""From when to when, in seconds of the journal's clock."""
_USER = "user"


@plain
class Spent(Plain):
    """The time of a step or a provider, in seconds, and the part of it that was injected."""

    name: str
    seconds: float
    injected_s: float = 0.0


@plain
class Times(Plain):
    """Steps in the order of the journey, providers in that of their first call. What made no call is not there."""

    steps: tuple[Spent, ...] = ()
    providers: tuple[Spent, ...] = ()


NO_TIMES = Times()


def times_of(trial: TrialEvidence) -> Times:
    """What the steps of one trial took, and its providers."""
    by_edge: dict[str, list[ExchangeEvidence]] = {}
    for found in trial.all_exchanges:
        if found.exchange.edge != _USER:
            by_edge.setdefault(found.exchange.edge, []).append(found)
    return Times(tuple(spent for step in trial.steps for spent in _step(step)),
                 tuple(_provider(edge, found) for edge, found in by_edge.items()))


def middle(trials: Sequence[Times]) -> Times:
    """The median of several trials of the same plan: of each step and provider, over the trials that have it."""
    if len(trials) == 1:
        return trials[0]
    return Times(_middles(each.steps for each in trials), _middles(each.providers for each in trials))


def _middles(trials: Iterable[tuple[Spent, ...]]) -> tuple[Spent, ...]:
    found: dict[str, list[Spent]] = {}
    for trial in trials:
        for spent in trial:
            found.setdefault(spent.name, []).append(spent)
    return tuple(Spent(name, median(each.seconds for each in spents), median(each.injected_s for each in spents))
                 for name, spents in found.items())


def _step(step: StepEvidence) -> Iterator[Spent]:
    calls = [(call.outcome.at, call.outcome.at + call.outcome.total_s) for call in step.calls
             if call.outcome is not None]
    if len(calls) == 1 and not any(call.exchanges for call in step.calls):  # most steps, and quick to tell
        yield Spent(step.name, _length(calls))
    elif calls:
        whole = (min(begun for begun, _ in calls), max(end for _, end in calls))
        yield _spent(step.name, [whole], (found for call in step.calls for found in call.exchanges))


def _provider(edge: str, calls: Sequence[ExchangeEvidence]) -> Spent:
    return _spent(edge, _joined((found.exchange.started, found.exchange.ended) for found in calls), calls)


def _spent(name: str, whole: Sequence[Stretch], calls: Iterable[ExchangeEvidence]) -> Spent:
    """What was injected outside of the whole, after a reply for instance, made nobody wait."""
    injected = _joined(stretch for found in calls for stretch in _injected(found))
    seconds = _length(whole)  # to a microsecond: no clock of ours tells less
    return Spent(name, seconds, min(seconds, _length(_within(injected, whole))))


def _injected(found: ExchangeEvidence) -> Iterator[Stretch]:
    """A delay ends where its receipt was written."""
    return ((receipt.at - receipt.slept_s, receipt.at) for receipt in found.injections if receipt.slept_s > 0)


# --- stretches of time ----------------------------------------------------------------------------


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time in stretches that do not overlap, in order."""
    joined: list[Stretch] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, max(start, end)))
    return joined


def _within(stretches: Sequence[Stretch], whole: Sequence[Stretch]) -> Iterator[Stretch]:
    """What of them lies in the whole. Both are joined, and are walked side by side, for both may be long."""
    one, other = 0, 0
    while one < len(stretches) and other < len(whole):
        start, end = max(stretches[one][0], whole[other][0]), min(stretches[one][1], whole[other][1])
        if start < end:
            yield start, end
        if stretches[one][1] < whole[other][1]:
            one += 1
        else:
            other += 1


def _length(stretches: Iterable[Stretch]) -> float:
    return round(sum((end - start for start, end in stretches), 0.0), 6)
