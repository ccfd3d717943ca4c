"""The journey as a dialogue: `walk` yields what is to be done and is sent what came of it. It opens nothing,
waits for nothing and knows no clock; any driver will do.

Rules of the dialogue:

 1. `Emit(event)` is for the journal; nothing is sent back. A `CleanupPlanned` has to be durable before the
    generator is resumed: it stands before the call that makes something.
 2. `Call` is to be sent; its `Reply` or `NoReply` is sent back. A time-out is data, not an exception.
 3. `Wait(seconds)` is a pause, `Conceal(secret)` a value that no later event may show.
 4. `throw(Stop())` ends the walk at a call; after it the walk only emits.
 5. The first finding of an `expect` ends the journey; the steps after it are not reached, and say so. A finding of
    a `check` does not.
 6. Every step of the workflow ends in exactly one `StepEnded`, and the walk in one `TrialEnded`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from flowprobe.core.attempts import Stop, Tried, attempts
from flowprobe.core.capture import capture
from flowprobe.core.cleaning import never_sent, planned, settled
from flowprobe.core.emit import Dialogue, Emit, Wanted
from flowprobe.core.events import CleanupSettled, StepEnded, TrialEnded
from flowprobe.core.expect import judge, milliseconds
from flowprobe.core.findings import Finding
from flowprobe.core.jsonpath import MISSING
from flowprobe.core.request import build_call, persona_names
from flowprobe.core.resolve import Absent, WrongType, resolve
from flowprobe.core.scenario import Expect, Lookup, Persona, Step, Template
from flowprobe.core.shapes import compare
from flowprobe.core.trial import Trial, promised_under
from flowprobe.core.wire import Call, NoReply, Outcome

__all__ = ["Stop", "walk"]

_Step: TypeAlias = Generator[Wanted, Outcome | None, str]


def walk(trial: Trial) -> Dialogue:
    """Walk one trial's workflow; see the rules at the top of this module."""
    journey = _Journey(trial)
    because, how = "", "finished"
    try:
        for number, step in trial.steps.items():
            because = yield from journey.step(number, step)
            if because:
                break
    except Stop:
        because, how = "the run was stopped", "stopped"
    for step in trial.scenario.workflow:
        if step.name not in journey.ended:
            yield Emit(StepEnded(trial.id, step.name, "not-reached", because=because))
    yield Emit(TrialEnded(trial.id, how))


@dataclass(frozen=True, slots=True)
class _Judgement:
    """`ordinary` are the findings in the ordinary form, `left` those that nothing excuses; `promise` says what
    excused the others."""

    ordinary: tuple[Finding, ...]
    left: tuple[Finding, ...]
    promise: str = ""


class _Journey:
    """The names that steps see, growing with each capture, and the steps that have ended."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.under = promised_under(trial.scenario, trial.plan)
        self.first_role = next(iter(trial.personas))
        self.ended: set[str] = set()
        self.names: dict[str, Any] = {
            **{role: persona_names(persona) for role, persona in trial.personas.items()},
            "trial": {"id": trial.id},
            "now": trial.now,
            "today": trial.now.date(),
            "env": trial.env,
        }

    def step(self, number: int, step: Step) -> _Step:
        """One step; returns why the journey ends here, or ''."""
        persona = self.trial.personas[step.role or self.first_role]
        try:
            unmet = self._unmet(step)
            if unmet:
                yield self._ended(step, "skipped", because=unmet)
                return ""
            call = build_call(self.trial, number, step, self.names, persona)
            self._look_ahead(step)
            return (yield from self._called(number, step, persona, call))
        except Absent as absent:
            yield self._ended(step, "not-reached", because=str(absent))
            return f"{step.name} was not reached"
        except WrongType as wrong:
            yield self._ended(step, "broken", (_wrong(step, wrong),))
            return f"{step.name} failed"

    def _unmet(self, step: Step) -> str:
        """The first condition of `when` that does not fit."""
        for path, shape in step.when.items():
            if mismatches := compare(resolve(shape, self.names), self._named(path, step)):
                return f"when {path}: expected {mismatches[0].expected}, saw {mismatches[0].seen}"
        return ""

    def _named(self, path: str, step: Step) -> Any:
        """What `${path}` finds, or MISSING."""
        try:
            return resolve(Template((Lookup(tuple(path.split("."))),), step.position), self.names)
        except Absent:
            return MISSING

    def _look_ahead(self, step: Step) -> None:
        """What a poll compares with has to be there before anything is sent. Raises Absent or WrongType."""
        if step.poll is not None:
            for condition in filter(None, (step.poll.until, step.poll.fail_if)):
                resolve(condition.json, self.names)

    def _called(self, number: int, step: Step, persona: Persona, call: Call) -> _Step:
        if step.cleanup is not None:
            yield Emit(planned(self.trial, number, step, persona))
        tried = yield from attempts(call, step, names=self.names, patience=self._patience(step))
        captured, absent = capture(step.captures, tried.parsed) if tried.parsed else ({}, ())
        self.names[step.name] = captured
        if step.cleanup is not None:
            yield Emit(self._settled(number, step, persona, tried))
        if tried.stopped or (isinstance(tried.outcome, NoReply) and tried.outcome.reason == "stopped"):
            raise Stop
        return (yield from self._judged(step, tried, captured, absent))

    def _patience(self, step: Step) -> float:
        """How long the poll may last, in seconds; what `under` says stands in the ordinary one's place."""
        promised = self.under[step.name][1].patience if step.name in self.under else None
        ordinary = step.poll.patience if step.poll else 0.0
        return ordinary if promised is None else promised

    def _settled(self, number: int, step: Step, persona: Persona, tried: Tried) -> CleanupSettled:
        if tried.outcome is None:
            return never_sent(self.trial, number, step, persona)
        return settled(self.trial, number, step, persona, tried.outcome, self.names)

    def _judged(self, step: Step, tried: Tried, captured: Mapping[str, Any], absent: tuple[Finding, ...]) -> _Step:
        judgement = self._held(step, tried)
        left = (*tried.findings, *judgement.left)
        if not any(finding.kind in ("status", "no-reply") for finding in left):
            left = (*left, *absent)  # after a wrong status a missing value is no news
        checked = self._judge(step, step.check, tried) if step.check.named and tried.parsed else ()
        if left or checked:
            yield self._ended(step, "broken", (*left, *checked), captured=captured)
            return f"{step.name} failed" if left else ""
        eased = _eased(judgement, tried)
        yield self._ended(step, "degraded" if eased else "held", judgement.ordinary, because=eased, captured=captured)
        return ""

    def _held(self, step: Step, tried: Tried) -> _Judgement:
        ordinary = (*self._impatient(step, tried), *self._judge(step, step.expect, tried))
        if not ordinary or step.name not in self.under:
            return _Judgement(ordinary, ordinary)
        key, promised = self.under[step.name]
        return _Judgement(ordinary, self._judge(step, promised, tried), f"under {key}")

    def _impatient(self, step: Step, tried: Tried) -> tuple[Finding, ...]:
        """A poll that ended well, but later than it ordinarily may."""
        if step.poll is None or tried.findings or tried.waited_s <= step.poll.patience:
            return ()
        within = f"an end within {milliseconds(step.poll.patience)}"
        return (Finding("poll", "poll", within, milliseconds(tried.waited_s), str(step.poll.position)),)

    def _judge(self, step: Step, expect: Expect, tried: Tried) -> tuple[Finding, ...]:
        assert tried.outcome is not None, "only what was sent is judged"
        only_named = expect is step.check
        return judge(step, expect, tried.outcome, self.names, tried.parsed, only_named=only_named)

    def _ended(self, step: Step, outcome: str, findings: tuple[Finding, ...] = (), *, because: str = "",
               captured: Mapping[str, Any] | None = None) -> Emit:
        self.ended.add(step.name)
        return Emit(StepEnded(self.trial.id, step.name, outcome, findings, because, captured or {}))


def _eased(judgement: _Judgement, tried: Tried) -> str:
    """What made the step come out well, where it did not of itself."""
    retried = f"retried {'once' if tried.retries == 1 else f'{tried.retries} times'}" if tried.retries else ""
    promise = judgement.promise if judgement.ordinary else ""
    return " and ".join(part for part in (promise, retried) if part)


def _wrong(step: Step, wrong: WrongType) -> Finding:
    return Finding("value", "call", "a value that fits its place", str(wrong), str(step.position))
