"""From the evidence of trials to what is remembered of them: attempts, latencies, counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b

from flowprobe.core.blame import violations
from flowprobe.core.events import CallReplied, CallUnanswered
from flowprobe.core.evidence import StepEvidence, TrialEvidence
from flowprobe.core.explaining import explained
from flowprobe.core.explanation import Explanation, Origin, sentence
from flowprobe.core.nights.model import NONE, Attempt, Counted, Journey, Sample, Series, SeriesKind, Shape
from flowprobe.core.nights.shapes import merged, shape_of
from flowprobe.core.parsed import decoded
from flowprobe.core.times import times_of
from flowprobe.core.verdict import Kind, Verdict

__all__ = ["Tally", "attempt_of", "journey_of", "signature_of"]

_CHANGING = re.compile(r"[0-9a-f]{8,}|\d+(?:\.\d+)?")
"""What of a sentence is another one each time: ids, times, numbers."""
_NEVER_MADE = ("skipped", "not-reached")


def journey_of(scenario: str, personas: Mapping[str, str], plan: str) -> Journey:
    """`personas` maps a role to who plays it, in the order of roles."""
    return Journey(scenario, ", ".join(f"{role}={name}" for role, name in personas.items()), plan or NONE)


def attempt_of(journey: Journey, evidence: TrialEvidence, verdict: Verdict, *, number: int, at: float,
               twin: TrialEvidence | None = None, redact: Callable[[str], str] = str) -> Attempt:
    """What is kept of one making. `twin` is the unfaulted trial that a faulted one is compared with; `redact` takes the
    secrets of the run out of a text."""
    if verdict.kind is Kind.PASS:
        return Attempt(journey, number, at, evidence.seconds, verdict.kind, verdict.blame, trial=evidence.started.trial)
    found = explained(evidence, twin)
    judged = verdict.kind is not Kind.INCONCLUSIVE
    told = sentence(found) if found is not None and judged else "; ".join(verdict.reasons)
    broken = _broken(evidence)
    return Attempt(journey, number, at, evidence.seconds, verdict.kind, verdict.blame,
                   signature_of(evidence, verdict), redact(told), broken.name if broken else "", _put_down_to(found),
                   evidence.started.trial)


def _put_down_to(found: Explanation | None) -> str:
    """The third party that failed by itself, else those whose calls the faults fell on that it is put down to."""
    if found is None:
        return ""
    if found.origin is Origin.PROVIDER:
        return found.provider
    return " and ".join(sorted({each.edge for each in found.because}))


def signature_of(evidence: TrialEvidence, verdict: Verdict) -> str:
    """Equal where the same thing broke in the same way, whatever it was called and however long it took."""
    parts = [str(verdict.kind), str(verdict.blame), *sorted(_ways(evidence, verdict))]
    return blake2b("\n".join(parts).encode(), digest_size=6).hexdigest()


def _ways(evidence: TrialEvidence, verdict: Verdict) -> Iterator[str]:
    if verdict.kind is Kind.INCONCLUSIVE:
        yield from (_CHANGING.sub("#", reason) for reason in verdict.reasons)
        return
    if (step := _broken(evidence)) is None:
        yield from (_CHANGING.sub("#", words) for words in violations(evidence))
        return
    for finding in step.findings:
        seen = finding.seen if finding.kind == "status" else ""
        yield " ".join((step.name, finding.kind, _CHANGING.sub("#", finding.where), seen))
    outcome = step.calls[-1].outcome if step.calls else None
    if isinstance(outcome, CallUnanswered):
        yield outcome.reason


def _broken(evidence: TrialEvidence) -> StepEvidence | None:
    return next((step for step in evidence.steps if step.outcome == "broken"), None)


class Tally:
    """What is measured of an environment's journeys in one night, trial by trial."""

    def __init__(self, *, words: bool = True) -> None:
        """Without `words` none of the texts of a reply is kept: where customers are."""
        self._words = words
        self._shapes: dict[tuple[str, str], Shape] = {}
        self._seconds: dict[Series, list[float]] = {}
        self._tries: dict[tuple[Journey, str], list[int]] = {}

    def add(self, journey: Journey, evidence: TrialEvidence, verdict: Verdict,
            bodies: Callable[[], Mapping[str, str]] = dict) -> None:
        """Count a making that is no further attempt. Of an unfaulted one that passed the times are taken, too, and the
        shapes of its replies, of which `bodies` has the texts by the ids of their calls."""
        if verdict.kind is Kind.INCONCLUSIVE:
            return
        self._count(journey, "", verdict.kind is Kind.FAIL)
        for step in evidence.steps:
            if step.phase == "workflow" and step.outcome not in _NEVER_MADE:
                self._count(journey, step.name, verdict.kind is Kind.FAIL and step.outcome == "broken")
        if journey.plan == NONE and verdict.kind is not Kind.FAIL:
            times = times_of(evidence)
            self._times("step", journey, ((each.name, each.seconds) for each in times.steps))
            self._times("provider", journey, ((each.name, each.seconds) for each in times.providers))
            self._look(journey.scenario, evidence.steps, bodies())

    def recall(self, samples: Iterable[Sample], counted: Iterable[Counted], shapes: Iterable[Shape]) -> None:
        """Take in what was measured before in the same night, as if it had been added here."""
        for sample in samples:
            self._seconds.setdefault(sample.series, []).extend(sample.seconds)
        for each in counted:
            counts = self._tries.setdefault((each.journey, each.step), [0, 0])
            counts[0] += each.tries
            counts[1] += each.failures
        for shape in shapes:
            self._shape(shape)

    def _look(self, scenario: str, steps: Iterable[StepEvidence], bodies: Mapping[str, str]) -> None:
        """What a whole JSON reply of each step looked like."""
        for step in steps:
            last = step.calls[-1] if step.calls and step.phase == "workflow" else None
            if last is not None and isinstance(last.outcome, CallReplied) and not last.outcome.truncated:
                reply, why_not = decoded(bodies.get(last.sent.call, "").encode("utf-8", "replace"))
                if not why_not:
                    self._shape(shape_of(scenario, step.name, reply, words=self._words))

    def _shape(self, seen: Shape) -> None:
        key = seen.scenario, seen.step
        self._shapes[key] = merged((self._shapes[key], seen))[0] if key in self._shapes else seen

    def control(self, name: str, seconds: float) -> None:
        self._seconds.setdefault(Series("control", name), []).append(seconds)

    def _count(self, journey: Journey, step: str, broke: bool) -> None:
        counts = self._tries.setdefault((journey, step), [0, 0])
        counts[0] += 1
        counts[1] += broke

    def _times(self, kind: SeriesKind, journey: Journey, found: Iterable[tuple[str, float]]) -> None:
        for name, seconds in found:
            self._seconds.setdefault(Series(kind, name, journey.scenario, journey.personas), []).append(seconds)

    @property
    def samples(self) -> tuple[Sample, ...]:
        return tuple(Sample(series, tuple(seconds)) for series, seconds in self._seconds.items())

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return merged(self._shapes.values())

    @property
    def counted(self) -> tuple[Counted, ...]:
        return tuple(Counted(journey, step, tries, failures)
                     for (journey, step), (tries, failures) in self._tries.items())
