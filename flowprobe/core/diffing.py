"""Two runs beside each other: what came out otherwise. Trials are the same where scenario, personas and plan are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import TypeAlias

from flowprobe.core.evidence import StepEvidence, TrialEvidence
from flowprobe.core.findings import Finding
from flowprobe.core.plain import Plain, plain
from flowprobe.core.verdict import Kind, Verdict

__all__ = ["NOISE_S", "NOISE_SHARE", "Diff", "Gist", "Key", "Shifted", "TrialDiff", "compare", "gist_of"]

NOISE_S, NOISE_SHARE = 0.05, 0.5
"""A step took a different time where the difference is more than 50 ms, and more than half of the shorter of the two:
what is less comes and goes by itself, and is not told."""

_RANK = {Kind.PASS: 0, Kind.DEGRADED: 1, Kind.INCONCLUSIVE: 2, Kind.FAIL: 3}


@plain
class Key(Plain):
    """`turn` counts trials of the same run that are alike in all of it, from 1."""

    scenario: str
    personas: tuple[tuple[str, str], ...]
    plan: str
    turn: int = 1


Provider: TypeAlias = tuple[str, str, str]
"""A provider call: the step that it stood under ('' for none), the edge, the call site."""


@plain
class Gist(Plain):
    """What of a trial can be compared. `findings` maps what makes a finding the same one to its sentence; `seconds` is
    how long the calls of a step took together; `calls` counts provider calls."""

    key: Key
    verdict: Verdict
    findings: Mapping[tuple[str, ...], str]
    seconds: Mapping[str, float]
    calls: Mapping[Provider, int]


@plain
class Shifted(Plain):
    """A step that took another time, in seconds."""

    step: str
    before: float
    after: float


@plain
class TrialDiff(Plain):
    """What came out otherwise in a trial. `before` or `after` is None where that run did not have it. `calls` maps a
    provider call to how many there were before and after."""

    key: Key
    before: Verdict | None
    after: Verdict | None
    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    times: tuple[Shifted, ...] = ()
    calls: Mapping[Provider, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        verdicts = self.before is not None and self.after is not None and self.before.kind == self.after.kind
        return verdicts and not (self.new or self.gone or self.times or self.calls)

    @property
    def is_worse(self) -> bool:
        """Its verdict is worse, it breaks something that it did not, or it is new and not green. Times and provider
        calls alone are no judgement: what they may be is for expectations to say."""
        if self.after is None:
            return False
        before = _RANK[self.before.kind] if self.before is not None else _RANK[Kind.DEGRADED]
        return _RANK[self.after.kind] > before or (bool(self.new) and self.after.kind is Kind.FAIL)


@plain
class Diff(Plain):
    """Every trial of both runs, those of the first in its order."""

    trials: tuple[TrialDiff, ...]

    @property
    def changed(self) -> tuple[TrialDiff, ...]:
        return tuple(trial for trial in self.trials if not trial.is_same)

    @property
    def is_worse(self) -> bool:
        return any(trial.is_worse for trial in self.trials)


def compare(before: Iterable[Gist], after: Iterable[Gist]) -> Diff:
    """Match the trials of two runs."""
    one, other = _by_key(before), _by_key(after)
    return Diff(tuple(_trial(key, one.get(key), other.get(key)) for key in dict.fromkeys((*one, *other))))


def gist_of(trial: TrialEvidence, verdict: Verdict) -> Gist:
    started = trial.started
    key = Key(started.scenario, tuple(sorted(started.personas.items())), started.plan)
    calls = Counter((step.name, found.exchange.edge, found.exchange.site) for step in trial.steps for call in step.calls
                    for found in call.exchanges if found.exchange.edge != "user")
    calls.update(("", found.exchange.edge, found.exchange.site) for found in trial.exchanges
                 if found.exchange.edge != "user")
    return Gist(key, verdict, dict(_findings(trial)), dict(_seconds(trial.steps)), dict(calls))


def _by_key(gists: Iterable[Gist]) -> dict[Key, Gist]:
    turns: Counter[Key] = Counter()
    found = {}
    for gist in gists:
        turns[gist.key] += 1
        found[Key(gist.key.scenario, gist.key.personas, gist.key.plan, turns[gist.key])] = gist
    return found


def _findings(trial: TrialEvidence) -> Iterator[tuple[tuple[str, ...], str]]:
    """A finding is the same where it is about the same promise, whatever was seen; of a status what was seen counts."""
    broken = [(step.name, step.findings) for step in trial.steps if step.outcome == "broken"]
    broken += [(f"{judged.promise} {judged.name!r}", judged.findings) for judged in trial.invariants
               if judged.outcome == "broken"]
    for where, findings in broken:
        for finding in findings:
            yield (where, *_about(finding, trial.started.trial)), f"{where}: {finding.sentence()}"


def _about(finding: Finding, trial: str) -> tuple[str, ...]:
    """What a promise names may bear the id of its trial, which no other run has."""
    seen = finding.seen if finding.kind == "status" else ""
    return (finding.kind, finding.where, *(text.replace(trial, "…") for text in (finding.expected, seen)))


def _seconds(steps: Sequence[StepEvidence]) -> Iterator[tuple[str, float]]:
    for step in steps:
        outcomes = [call.outcome for call in step.calls]
        if outcomes and step.phase == "workflow":
            yield step.name, sum(outcome.total_s for outcome in outcomes if outcome is not None)


def _trial(key: Key, before: Gist | None, after: Gist | None) -> TrialDiff:
    if before is None or after is None:
        return TrialDiff(key, None if before is None else before.verdict, None if after is None else after.verdict)
    return TrialDiff(
        key, before.verdict, after.verdict,
        tuple(text for about, text in after.findings.items() if about not in before.findings),
        tuple(text for about, text in before.findings.items() if about not in after.findings),
        tuple(_times(before.seconds, after.seconds)),
        dict(_calls(before.calls, after.calls)))


def _calls(before: Mapping[Provider, int], after: Mapping[Provider, int]) -> Iterator[tuple[Provider, tuple[int, int]]]:
    for call in dict.fromkeys((*before, *after)):
        counts = before.get(call, 0), after.get(call, 0)
        if counts[0] != counts[1]:
            yield call, counts


def _times(before: Mapping[str, float], after: Mapping[str, float]) -> Iterator[Shifted]:
    for step in (name for name in before if name in after):
        one, other = before[step], after[step]
        if abs(other - one) > max(NOISE_S, NOISE_SHARE * min(one, other)):
            yield Shifted(step, one, other)
