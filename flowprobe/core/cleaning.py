"""Cleanup: what a step's outcome leaves to be done, and the generator that does it.

It is not a part of `walk`: it runs over rows, the same code after a pass, a Ctrl-C and a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flowprobe.core.emit import Dialogue, Emit, reply_event, sent_event
from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, Event
from flowprobe.core.request import url_of
from flowprobe.core.resolve import Absent, Names, WrongType
from flowprobe.core.scenario import CallTemplate, Persona, Step
from flowprobe.core.tracing import baggage, call_id, traceparent
from flowprobe.core.trial import Trial
from flowprobe.core.wire import Call, NoReply, Outcome, Reply

__all__ = ["Row", "clean", "never_sent", "open_rows", "planned", "settled"]

CLEANUP = 0x8000_0000
"""Added to a step's number in the trace id of its cleanup."""
ATTEMPTS = 2
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that has to go: the last word of the ledger about one step's cleanup."""

    trial: str
    step: str
    number: int
    persona: str
    state: str
    method: str = ""
    url: str = ""
    detail: str = ""


def planned(trial: Trial, number: int, step: Step, persona: Persona) -> CleanupPlanned:
    """The intent of a step that has a cleanup."""
    assert step.cleanup is not None
    return CleanupPlanned(trial.id, step.name, number, persona.name, _described(step.cleanup))


def settled(trial: Trial, number: int, step: Step, persona: Persona, outcome: Outcome, names: Names) -> CleanupSettled:
    """What the outcome means. `names` has the step's own captures.

    A refusal (4xx) and a call that never left have made nothing. Anything else may have made something: it is
    due where its call can be written, and unknown where it needs an id that never came back.
    """
    assert step.cleanup is not None
    state, url, detail = _settle(trial, step.cleanup, outcome, names)
    return CleanupSettled(trial.id, step.name, number, persona.name, state, step.cleanup.method, url, detail)


def never_sent(trial: Trial, number: int, step: Step, persona: Persona) -> CleanupSettled:
    """The run was stopped between the intent and the call."""
    return CleanupSettled(trial.id, step.name, number, persona.name, "not-needed", detail="the call never left")


def _settle(trial: Trial, cleanup: CallTemplate, outcome: Outcome, names: Names) -> tuple[str, str, str]:
    nothing = _made_nothing(outcome)
    if nothing:
        return "not-needed", "", nothing
    try:
        return "due", url_of(trial, cleanup, names), ""
    except (Absent, WrongType) as problem:
        return "unknown", "", f"something may have been made, but {problem}"


def _made_nothing(outcome: Outcome) -> str:
    match outcome:
        case Reply() | NoReply() if outcome.redirects:  # the call itself was answered, and not with a refusal
            return ""
        case Reply(status=status) if 400 <= status < 500:
            return f"the product refused with {status}"
        case NoReply(reason="connect" | "invalid-url" | "refused"):
            return "the call never left"
    return ""


def _described(call: CallTemplate) -> str:
    target = f"{call.target}:" if call.target else ""
    return f"{call.method} {target}{call.path}"


def open_rows(events: Iterable[Event]) -> tuple[Row, ...]:
    """What is still to be cleaned, in the order in which it was made; an intent without a word about its
    outcome is unknown."""
    rows: dict[tuple[str, str], Row] = {}
    for event in events:
        match event:
            case CleanupPlanned(trial, step, number, persona, described):
                detail = f"{described}: the outcome of the step was never written down"
                rows[trial, step] = Row(trial, step, number, persona, "unknown", detail=detail)
            case CleanupSettled(trial, step, state="not-needed"):
                rows.pop((trial, step), None)
            case CleanupSettled(trial, step, number, persona, state, method, url, detail):
                rows[trial, step] = Row(trial, step, number, persona, state, method, url, detail)
            case CleanupEnded(trial, step, outcome="gone"):
                rows.pop((trial, step), None)
            case _:
                continue
    return tuple(rows.values())


def clean(rows: Sequence[Row], *, budget: float) -> Dialogue:
    """Undo what was made: last in, first out; one that fails does not stop the others.

    `budget` is the total deadline of each call in seconds. Rows whose outcome is unknown cannot be called and
    stay open.
    """
    for row in reversed(rows):
        if row.state == "due":
            yield from _clean(row, budget)


def _clean(row: Row, budget: float) -> Dialogue:
    detail = ""
    for attempt in range(1, ATTEMPTS + 1):
        call = _call(row, attempt, budget)
        yield Emit(sent_event(call, phase="cleanup"))
        outcome = yield call
        assert outcome is not None
        yield Emit(reply_event(outcome))
        detail = _failure(outcome)
        if not detail:
            yield Emit(CleanupEnded(row.trial, row.step, "gone"))
            return
    yield Emit(CleanupEnded(row.trial, row.step, "failed", f"{row.method} {row.url}: {detail}"))


def _call(row: Row, attempt: int, budget: float) -> Call:
    trace = call_id(row.trial, CLEANUP + row.number, attempt)
    headers = {"traceparent": traceparent(trace), "baggage": baggage(trace)}
    return Call(trace, row.trial, row.step, row.persona, row.method, row.url, headers, attempt=attempt, budget=budget)


def _failure(outcome: Outcome) -> str:
    match outcome:
        case Reply(status=status) if status < 400 or status in _GONE:
            return ""
        case Reply(status=status):
            return f"answered {status}"
        case NoReply(detail=detail, reason=reason):
            return detail or reason
