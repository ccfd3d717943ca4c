"""The journey as a dialogue: `walk` yields what is to be done and is sent what came of it. It opens nothing,
waits for nothing and knows no clock; any driver will do.

Rules of the dialogue:

 1. `Emit(event)` is for the journal; nothing is sent back. A `CleanupPlanned` has to be durable before the
    generator is resumed: it stands before the call that makes something.
 2. `Call` is to be sent; its `Reply` or `NoReply` is sent back. A time-out is data, not an exception.
 3. `throw(Stop())` ends the walk at any yield; after it the walk only emits.
 4. The first finding of a step ends the journey; the steps after it are not reached, and say so.
 5. Every step of the workflow ends in exactly one `StepEnded`, and the walk in one `TrialEnded`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, TypeAlias

from flowprobe.core.capture import capture
from flowprobe.core.cleaning import never_sent, planned, settled
from flowprobe.core.emit import Emit, reply_event, sent_event
from flowprobe.core.events import StepEnded, TrialEnded
from flowprobe.core.expect import judge
from flowprobe.core.findings import Finding
from flowprobe.core.parsed import Parsed
from flowprobe.core.request import build_call, persona_names
from flowprobe.core.resolve import Absent, WrongType
from flowprobe.core.scenario import Expect, Persona, Step
from flowprobe.core.trial import Trial, promised_under
from flowprobe.core.wire import Call, NoReply, Outcome, Reply

__all__ = ["Stop", "Walk", "walk"]

Walk: TypeAlias = Generator[Call | Emit, Outcome | None, None]
_Step: TypeAlias = Generator[Call | Emit, Outcome | None, str]


class Stop(Exception):
    """Thrown into a walk to end it."""


def walk(trial: Trial) -> Walk:
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
            call = build_call(self.trial, number, step, self.names, persona)
        except Absent as absent:
            yield self._ended(step, "not-reached", because=str(absent))
            return f"{step.name} was not reached"
        except WrongType as wrong:
            yield self._ended(step, "broken", (_wrong(step, wrong),))
            return f"{step.name} failed"
        return (yield from self._called(number, step, persona, call))

    def _called(self, number: int, step: Step, persona: Persona, call: Call) -> _Step:
        if step.cleanup is not None:
            yield Emit(planned(self.trial, number, step, persona))
        outcome = yield from self._answered(number, step, persona, call)
        parsed = Parsed(outcome) if isinstance(outcome, Reply) else None
        captured, absent = capture(step.captures, parsed) if parsed else ({}, ())
        self.names[step.name] = captured
        if step.cleanup is not None:
            yield Emit(settled(self.trial, number, step, persona, outcome, self.names))
        if isinstance(outcome, NoReply) and outcome.reason == "stopped":
            raise Stop
        return (yield from self._judged(step, outcome, parsed, captured, absent))

    def _answered(self, number: int, step: Step, persona: Persona, call: Call) -> (
            Generator[Call | Emit, Outcome | None, Outcome]):
        yield Emit(sent_event(call))
        try:
            outcome = yield call
        except Stop:
            if step.cleanup is not None:
                yield Emit(never_sent(self.trial, number, step, persona))
            raise
        assert outcome is not None, "a call is answered with its outcome"
        yield Emit(reply_event(outcome))
        return outcome

    def _judged(self, step: Step, outcome: Outcome, parsed: Parsed | None, captured: Mapping[str, Any],
                absent: tuple[Finding, ...]) -> _Step:
        try:
            ordinary, left, promise = self._held(step, outcome, parsed)
        except Absent as problem:
            yield self._ended(step, "not-reached", because=str(problem))
            return f"{step.name} was not reached"
        if not any(finding.kind in ("status", "no-reply") for finding in left):
            left = (*left, *absent)  # after a wrong status a missing value is no news
        if left:
            yield self._ended(step, "broken", left, captured=captured)
            return f"{step.name} failed"
        yield self._ended(step, "degraded" if ordinary else "held", ordinary, because=promise, captured=captured)
        return ""

    def _held(self, step: Step, outcome: Outcome, parsed: Parsed | None) -> (
            tuple[tuple[Finding, ...], tuple[Finding, ...], str]):
        """The findings in the ordinary form, those that nothing excuses, and what excused the others."""
        ordinary = self._judge(step, step.expect, outcome, parsed)
        if not ordinary or step.name not in self.under:
            return ordinary, ordinary, ""
        key, promised = self.under[step.name]
        return ordinary, self._judge(step, promised, outcome, parsed), f"under {key}"

    def _judge(self, step: Step, expect: Expect, outcome: Outcome, parsed: Parsed | None) -> tuple[Finding, ...]:
        return judge(step, expect, outcome, self.names, parsed)

    def _ended(self, step: Step, outcome: str, findings: tuple[Finding, ...] = (), *, because: str = "",
               captured: Mapping[str, Any] | None = None) -> Emit:
        self.ended.add(step.name)
        return Emit(StepEnded(self.trial.id, step.name, outcome, findings, because, captured or {}))


def _wrong(step: Step, wrong: WrongType) -> Finding:
    return Finding("value", "call", "a value that fits its place", str(wrong), str(step.position))
