"""Cleanup: what a step's outcome leaves to be done, and the generator that does it.

It is not a part of `walk`: it runs over rows, the same code after a pass, a Ctrl-C and a crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flowprobe.core.emit import Dialogue, Emit, Wait, Wanted, reply_event, sent_event
from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, Event, FoundBy
from flowprobe.core.jsonpath import MISSING, compile_path
from flowprobe.core.parsed import Parsed
from flowprobe.core.request import url_of
from flowprobe.core.resolve import Absent, Names, WrongType, as_text, resolve
from flowprobe.core.shapes import fits
from flowprobe.core.steps import CallTemplate, Find
from flowprobe.core.tracing import baggage, call_id, traceparent
from flowprobe.core.trial import Trial
from flowprobe.core.wire import Call, NoReply, Outcome, Reply

__all__ = ["FOUND", "Maker", "Row", "clean", "made_nothing", "never_sent", "open_rows", "planned", "settled"]

CLEANUP = 0x8000_0000
"""Added to a step's number in the trace id of its cleanup."""
ATTEMPTS = 2
LOOKS_S = (0.0, 0.5, 1.5)
"""How long to wait before each look for a thing that may still be coming into being, in seconds."""
FOUND = "found-id"
"""Stands in a URL for an id that has to be found first."""
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Maker:
    """One round of a step that makes something: what its rows are known by, and what undoes it."""

    step: str
    number: int
    round: int
    persona: str
    cleanup: CallTemplate
    find: Find | None = None


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
    round: int = 1
    find: FoundBy | None = None


def planned(trial: Trial, maker: Maker, names: Names) -> CleanupPlanned:
    """The intent. Raises Absent or WrongType where what finds the thing again cannot be written."""
    found, url = None, ""
    if maker.find is not None:
        found = _found_by(trial, maker.find, names)
        url = url_of(trial, maker.cleanup, {**names, "found": {"id": FOUND}})
    method = maker.cleanup.method if found else ""
    return CleanupPlanned(trial.id, maker.step, maker.number, maker.persona, _described(maker.cleanup), maker.round,
                          method, url, found)


def _found_by(trial: Trial, find: Find, names: Names) -> FoundBy:
    where = resolve(find.where, names)
    return FoundBy(find.call.method, url_of(trial, find.call, names), where, find.items, find.field)


def settled(trial: Trial, maker: Maker, outcome: Outcome, names: Names, own: str) -> CleanupSettled:
    """What the outcome means. `names` has the step's own captures, those of `own`.

    A refusal (4xx) and a call that never left have made nothing. Anything else may have made something: it is
    due where its call can be written, to be found where the step says how, and unknown where it needs an id that never
    came back.
    """
    state, url, detail = _settle(trial, maker, outcome, names, own)
    return CleanupSettled(trial.id, maker.step, maker.number, maker.persona, state, maker.cleanup.method, url, detail,
                          maker.round)


def never_sent(trial: Trial, maker: Maker) -> CleanupSettled:
    """The run was stopped between the intent and the call."""
    return CleanupSettled(trial.id, maker.step, maker.number, maker.persona, "not-needed",
                          detail="the call never left", round=maker.round)


def _settle(trial: Trial, maker: Maker, outcome: Outcome, names: Names, own: str) -> tuple[str, str, str]:
    nothing = made_nothing(outcome)
    if nothing:
        return "not-needed", "", nothing
    try:
        return "due", url_of(trial, maker.cleanup, _with_own_id(maker, names, own)), ""
    except (Absent, WrongType) as problem:
        if maker.find is not None:
            url = url_of(trial, maker.cleanup, {**names, "found": {"id": FOUND}})
            return "to-find", url, f"something may have been made, but {problem}"
        return "unknown", "", f"something may have been made, but {problem}"


def _with_own_id(maker: Maker, names: Names, own: str) -> Names:
    """`${found.id}` without looking for it: the id that the step itself captured, where it was answered."""
    captured = names.get(own)
    if maker.find is None or not isinstance(captured, dict) or "id" not in captured:
        return names
    return {**names, "found": {"id": captured["id"]}}


def made_nothing(outcome: Outcome) -> str:
    """Why a call with this outcome cannot have made anything, or ''."""
    match outcome:
        case Reply() | NoReply() if outcome.redirects:  # the call itself was answered, and not with a refusal
            return ""
        case Reply(status=status) if 400 <= status < 500:
            return f"the product refused with {status}"
        case NoReply(reason="connect" | "invalid-url" | "refused" | "auth"):
            return "the call never left"
    return ""


def _described(call: CallTemplate) -> str:
    target = f"{call.target}:" if call.target else ""
    return f"{call.method} {target}{call.path}"


# --- what is open ---------------------------------------------------------------------------------


def open_rows(events: Iterable[Event]) -> tuple[Row, ...]:
    """What is still to be cleaned, in the order in which it was made; an intent without a word about its
    outcome is looked for where the step says how, and unknown where it does not."""
    rows: dict[tuple[str, str, int], Row] = {}
    intents: dict[tuple[str, str, int], CleanupPlanned] = {}
    for event in events:
        match event:
            case CleanupPlanned(trial=trial, step=step, round=number):
                rows[trial, step, number], intents[trial, step, number] = _intended(event), event
            case CleanupSettled(trial=trial, step=step, round=number):
                rows.pop((trial, step, number), None)
                if event.state != "not-needed":
                    intent = intents.get((trial, step, number))
                    rows[trial, step, number] = _row(event, intent.find if intent else None)
            case CleanupEnded(trial=trial, step=step, outcome="gone", round=number):
                rows.pop((trial, step, number), None)
            case _:
                continue
    return tuple(rows.values())


def _intended(event: CleanupPlanned) -> Row:
    detail = f"{event.described}: the outcome of the step was never written down"
    state = "to-find" if event.find else "unknown"
    return Row(event.trial, event.step, event.number, event.persona, state, event.method, event.url, detail,
               event.round, event.find)


def _row(event: CleanupSettled, find: FoundBy | None) -> Row:
    return Row(event.trial, event.step, event.number, event.persona, event.state, event.method, event.url,
               event.detail, event.round, find)


# --- doing it -------------------------------------------------------------------------------------


def clean(rows: Sequence[Row], *, budget: float) -> Dialogue:
    """Undo what was made: last in, first out; one that fails does not stop the others.

    `budget` is the total deadline of each call in seconds. Rows whose outcome is unknown cannot be called and
    stay open.
    """
    sent: Counter[tuple[str, int]] = Counter()
    for row in reversed(rows):
        if row.state in ("due", "to-find"):
            yield from _Cleaner(row, budget, sent).clean()


class _Cleaner:
    """One row; `sent` counts what was sent for its step in all rounds, which tells the calls' trace ids apart."""

    def __init__(self, row: Row, budget: float, sent: Counter[tuple[str, int]]) -> None:
        self.row, self.budget, self.sent, self.calls = row, budget, sent, 0

    def clean(self) -> Dialogue:
        detail = ""
        ids: tuple[str | None, ...] = (None,)
        if self.row.state == "to-find":
            detail, ids = yield from self._find()
        for found in reversed(ids):
            failed = yield from self._undo(found)
            detail = detail or failed
        gone = "" if ids or detail else "nothing was made: it was looked for and is not there"
        row = self.row
        yield Emit(CleanupEnded(row.trial, row.step, "failed" if detail else "gone", detail or gone, row.round))

    def _find(self) -> Generator[Wanted, Any, tuple[str, tuple[str, ...]]]:
        """The ids of what is there, or why that cannot be told."""
        find = self.row.find
        assert find is not None
        detail = ""
        for pause in LOOKS_S:
            if pause:
                yield Wait(pause)
            outcome = yield from self._send(find.method, find.url)
            try:
                found = _ids(outcome, find)
            except ValueError as problem:
                detail = f"{find.method} {find.url}: {problem}"
                continue
            if found:
                return "", found
            detail = ""
        return detail, ()

    def _undo(self, found: str | None) -> Generator[Wanted, Any, str]:
        """Why the thing could not be undone, or ''."""
        row, detail = self.row, ""
        url = row.url if found is None else row.url.replace(FOUND, quote(found, safe=""))
        for _ in range(ATTEMPTS):
            outcome = yield from self._send(row.method, url)
            detail = _failure(outcome)
            if not detail:
                return ""
        return f"{row.method} {url}: {detail}"

    def _send(self, method: str, url: str) -> Generator[Wanted, Any, Outcome]:
        self.calls += 1
        row = self.row
        self.sent[row.trial, row.number] += 1
        trace = call_id(row.trial, CLEANUP + row.number, self.sent[row.trial, row.number])
        headers = {"traceparent": traceparent(trace), "baggage": baggage(trace)}
        call = Call(trace, row.trial, row.step, row.persona, method, url, headers, attempt=self.calls,
                    budget=self.budget)
        yield Emit(sent_event(call, phase="cleanup"))
        outcome: Outcome = yield call
        yield Emit(reply_event(outcome))
        return outcome


def _ids(outcome: Outcome, find: FoundBy) -> tuple[str, ...]:
    """The ids in a list of things. Raises ValueError where the reply does not tell."""
    failure = _failure(outcome)
    if failure or not isinstance(outcome, Reply) or outcome.status >= 400:
        raise ValueError(failure or "answered that nothing is there")
    body = Parsed(outcome)
    if body.json is MISSING:
        raise ValueError(f"answered with {body.json_error}")
    found = compile_path(find.items).find(body.json)
    items = found if isinstance(found, list) else [] if found is MISSING else [found]
    return tuple(_id(item, find.field) for item in items if fits(find.where, item))


def _id(item: Any, field: str) -> str:
    value = item.get(field) if isinstance(item, dict) else None
    try:
        text = as_text(value, field)
    except WrongType:
        raise ValueError(f"answered an item without a usable `{field}`") from None
    if text in ("", ".", ".."):
        raise ValueError(f"answered an item whose `{field}` is {text!r}")
    return text


def _failure(outcome: Outcome) -> str:
    match outcome:
        case Reply(status=status) if status < 400 or status in _GONE:
            return ""
        case Reply(status=status):
            return f"answered {status}"
        case NoReply(detail=detail, reason=reason):
            return detail or reason
