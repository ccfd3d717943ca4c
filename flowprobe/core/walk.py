"""The journey as a dialogue: `walk` yields what is to be done and is sent what came of it. It opens nothing,
waits for nothing and knows no clock; any driver will do.

Rules of the dialogue:

 1. `Emit(event)` is for the journal; nothing is sent back. A `CleanupPlanned` has to be durable before the
    generator is resumed: it stands before the call that makes something.
 2. `Call` is to be sent; its `Reply` or `NoReply` is sent back. A time-out is data, not an exception.
 3. `Wait(seconds)` is a pause, `Conceal(secret)` a value that no later event may show, `Sign` headers that a
    persona's calls bear from now on.
 4. `Arm` comes once, after `given` and before the workflow: the faults go on.
 5. `Fork(branches)` is to be walked at the same time; what the branches return is sent back.
 6. `throw(Stop())` ends the walk at a call; after it the walk only emits.
 7. The first finding of an `expect` ends the journey; the steps after it are not reached, and say so. A finding of
    a `check` does not.
 8. Every step of the workflow ends in exactly one `StepEnded`, and the walk in one `TrialEnded`.
"""

from __future__ import annotations

from flowprobe.core.attempts import Stop
from flowprobe.core.emit import Arm, Emit, Steps
from flowprobe.core.events import StepEnded, TrialEnded
from flowprobe.core.journey import Journey, Scope
from flowprobe.core.steps import Step, names_of
from flowprobe.core.trial import Given, Trial

__all__ = ["walk"]

_SAFE = ("GET", "HEAD", "OPTIONS")
NOT_SET_UP, REFUSED = "set-up-failed", "set-up-refused"


def walk(trial: Trial) -> Steps:
    """Walk one trial's workflow; see the rules at the top of this module. Returns the names that the journey knew when
    it had come to an end, also to a bad one; None where it was not begun or was stopped."""
    journey = Journey(trial)
    scope = Scope.outermost(journey)
    because, how = "", "finished"
    try:
        because = yield from _given(trial, scope)
        if because:
            how = REFUSED if journey.refused else NOT_SET_UP
        else:
            yield Arm()
            scope.begin()
            because = yield from scope.items(trial.scenario.workflow)
    except Stop:
        because, how = "the run was stopped", "stopped"
    for name in names_of(trial.scenario.workflow):
        if name not in journey.ended:
            yield Emit(StepEnded(trial.id, name, "not-reached", because=because))
    yield Emit(TrialEnded(trial.id, how))
    return scope.names if how == "finished" else None


def _given(trial: Trial, scope: Scope) -> Steps:
    """Put the account into its state; returns why that failed, or ''."""
    for step in trial.scenario.given:
        left_out = _left_out(trial.given, step)
        if left_out:
            yield scope.skipped(step.name, left_out, phase="given")
            continue
        because: str = yield from scope.step(step, phase="given")
        if because:
            return because
    return ""


def _left_out(given: Given, step: Step) -> str:
    if given == "skip":
        return "the environment skips `given`"
    if given == "check" and step.call.method not in _SAFE:
        return "the environment only checks `given`: a call that changes something is not made"
    return ""
