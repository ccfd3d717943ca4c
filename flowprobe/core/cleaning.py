"""Cleanup: what a step's outcome leaves to be done, and the generator that does it.

It is not a part of `walk`: it runs over rows, the same code after a pass, a Ctrl-C and a crash.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from typing import Any
from urllib.parse import quote

from flowprobe.core.emit import Dialogue, Emit, Stop, Wait, Wanted, reply_event, sent_event
from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, Event, FoundBy
from flowprobe.core.jsonpath import MISSING, compile_path, is_definite
from flowprobe.core.ours import is_marked
from flowprobe.core.parsed import Parsed
from flowprobe.core.plain import Plain, plain
from flowprobe.core.request import url_of
from flowprobe.core.resolve import Absent, Names, WrongType, as_text, resolve
from flowprobe.core.shapes import fits
from flowprobe.core.steps import CallTemplate, Find
from flowprobe.core.tracing import baggage, call_id, traceparent
from flowprobe.core.trial import Trial
from flowprobe.core.wire import Call, NoReply, Outcome, Reply

__all__ = ["FOUND", "Maker", "Patience", "Row", "clean", "gone_with_product", "made_nothing", "never_sent", "open_rows",
           "planned", "settled"]

CLEANUP = 0x8000_0000
"""Added to a step's number in the trace id of its cleanup."""
ATTEMPTS = 2
LOOKS_S = (0.0, 0.5, 1.5)
"""How long to wait before each look for a thing that may still be coming into being, in seconds."""
FOUND = "found-id"
"""Stands in a URL for an id that has to be found first."""
MOST_FOUND = 50
"""More things that fit are not what one step has made, however often its call was sent again."""
LONGEST_ID = 1024
PATIENCE_S = 60.0
"""How long the cleanup calls of a run may come to nothing, all together."""
_GONE = (404, 410)
_LIST = "[*]"
_SHORTEST_S = 0.1
_ONE: tuple[str | None, ...] = (None,)


@plain
class Maker(Plain):
    """One round of a step that makes something: what its rows are known by, and what undoes it."""

    step: str
    number: int
    round: int
    persona: str
    cleanup: CallTemplate
    find: Find | None = None


@plain
class Row(Plain):
    """One thing that has to go: the last word of the ledger about one step's cleanup. `pending` says that nobody waited
    for the reply to the call that makes it: it may still come into being."""

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
    pending: bool = False


class Patience:
    """How long the calls of a cleanup may come to nothing, all together, in seconds. What succeeds takes nothing of it,
    so a long cleanup that gets on is never cut short."""

    def __init__(self, seconds: float = PATIENCE_S) -> None:
        self.seconds = self.left = seconds

    def lost(self, seconds: float) -> None:
        self.left -= seconds

    @property
    def over(self) -> bool:
        return self.left <= 0


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
    if not is_marked(find.where, names):
        raise WrongType("where", "what it looks up is empty, so it would fit what others have made")
    return FoundBy(find.call.method, url_of(trial, find.call, names), where, find.items, find.field)


def settled(trial: Trial, maker: Maker, outcome: Outcome, names: Names, own: str) -> CleanupSettled:
    """What the outcome means. `names` has the step's own captures, those of `own`.

    A refusal (4xx) and a call that never left have made nothing. Anything else may have made something: it is
    due where its call can be written, to be found where the step says how, and unknown where it needs an id that never
    came back.
    """
    state, url, detail = _settle(trial, maker, outcome, names, own)
    pending = state == "to-find" and isinstance(outcome, NoReply) and outcome.reason == "stopped"
    return CleanupSettled(trial.id, maker.step, maker.number, maker.persona, state, maker.cleanup.method, url, detail,
                          maker.round, pending)


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
               event.round, event.find, pending=True)


def _row(event: CleanupSettled, find: FoundBy | None) -> Row:
    return Row(event.trial, event.step, event.number, event.persona, event.state, event.method, event.url,
               event.detail, event.round, find, event.pending)


# --- doing it -------------------------------------------------------------------------------------


def clean(rows: Sequence[Row], *, budget: float, patience: Patience | None = None, late: bool = False) -> Dialogue:
    """Undo what was made: last in, first out; one that fails does not stop the others. `throw(Stop())` ends it.

    `budget` is the total deadline of each call in seconds, `patience` what they may lose together. `late`: whatever was
    under way when the rows were written has come to its end. Rows whose outcome is unknown cannot be called and stay
    open.
    """
    patience = patience or Patience()
    sent: Counter[tuple[str, int]] = Counter()
    try:
        for row in reversed(rows):
            if row.state in ("due", "to-find"):
                yield from _Cleaner(row, budget, patience, late, sent).clean()
    except Stop:
        return


def gone_with_product(rows: Sequence[Row]) -> Dialogue:
    """Close the rows of a run that started its product: it is gone, and whoever has its port now is somebody else."""
    for row in reversed(rows):
        yield Emit(CleanupEnded(row.trial, row.step, "gone", "it went with the product that was started for that run",
                                row.round))


class _Cleaner:
    """One row; `sent` counts what was sent for its step in all rounds, which tells the calls' trace ids apart."""

    def __init__(self, row: Row, budget: float, patience: Patience, late: bool, sent: Counter[tuple[str, int]]) -> None:
        self.row, self.budget, self.patience, self.late, self.sent, self.calls = row, budget, patience, late, sent, 0

    def clean(self) -> Dialogue:
        row = self.row
        problems, nothing = yield from self._problems()
        outcome = "failed" if problems else "gone"
        yield Emit(CleanupEnded(row.trial, row.step, outcome, "; ".join(problems) or nothing, row.round))

    def _problems(self) -> Generator[Wanted, Any, tuple[list[str], str]]:
        """What kept it from going; and, where nothing had to go, that."""
        if self.patience.over:
            return [f"not tried: {self.patience.seconds:g} s were lost on other cleanup calls"], ""
        problem, ids = "", _ONE
        if self.row.state == "to-find":
            problem, ids = yield from self._find()
        problems = [problem] if problem else []
        for found in reversed(ids):
            failed = yield from self._undo(found)
            problems += [failed] if failed else []
        return problems, "" if ids else "nothing was made: it was looked for and is not there"

    def _find(self) -> Generator[Wanted, Any, tuple[str, tuple[str | None, ...]]]:
        """What keeps us from telling what is there, or ''; and the ids of what is."""
        find = self.row.find
        if find is None:
            return "how to find it was never written down", ()
        problem = ""
        for pause in LOOKS_S:
            if pause:
                yield Wait(pause)
            outcome = yield from self._send(find.method, find.url)
            problem, found = _looked(outcome, find)
            if found or self.patience.over:
                return problem, found
            self.patience.lost(outcome.seconds if problem else 0)
        if not problem and self.row.pending and not self.late:
            return "it is not there yet, and may still come: nobody waited for the call that makes it", ()
        return problem, ()

    def _undo(self, found: str | None) -> Generator[Wanted, Any, str]:
        """Why the thing could not be undone, or ''."""
        row, detail = self.row, ""
        url = row.url if found is None else row.url.replace(FOUND, quote(found, safe=""))
        for _ in range(ATTEMPTS):
            outcome = yield from self._send(row.method, url)
            detail = _failure(outcome)
            if not detail:
                return ""
            self.patience.lost(outcome.seconds)
            if self.patience.over:
                break
        return f"{row.method} {url}: {detail}"

    def _send(self, method: str, url: str) -> Generator[Wanted, Any, Outcome]:
        self.calls += 1
        row = self.row
        self.sent[row.trial, row.number] += 1
        trace = call_id(row.trial, CLEANUP + row.number, self.sent[row.trial, row.number])
        headers = {"traceparent": traceparent(trace), "baggage": baggage(trace)}
        call = Call(trace, row.trial, row.step, row.persona, method, url, headers, attempt=self.calls,
                    budget=min(self.budget, max(self.patience.left, _SHORTEST_S)))
        yield Emit(sent_event(call, phase="cleanup"))
        outcome: Outcome = yield call
        yield Emit(reply_event(outcome))
        return outcome


# --- finding it -----------------------------------------------------------------------------------


def _looked(outcome: Outcome, find: FoundBy) -> tuple[str, tuple[str | None, ...]]:
    """What keeps us from telling, or ''; and the ids of what is there and ours. An item whose id cannot be used does
    not keep the others from going."""
    problems: list[str] = []
    ids: list[str | None] = []
    try:
        fitting = [item for item in _items(outcome, find) if fits(find.where, item)]
        if len(fitting) > MOST_FOUND:
            raise ValueError(f"{len(fitting)} things fit, more than one step makes: none was touched")
    except Exception as problem:  # whatever a hostile list does to a path is the trouble of one row
        return f"{find.method} {find.url}: {problem}", ()
    for item in fitting:
        try:
            ids.append(_id(item, find.field))
        except ValueError as problem:
            problems.append(str(problem))
    return f"{find.method} {find.url}: {problems[0]}" if problems else "", tuple(dict.fromkeys(ids))


def _items(outcome: Outcome, find: FoundBy) -> list[Any]:
    """What the reply lists. Raises ValueError where it does not tell: a page of errors is no empty list."""
    if isinstance(outcome, NoReply) or not 200 <= outcome.status < 300:
        raise ValueError(_failure(outcome) or "answered that nothing is there")
    body = Parsed(outcome)
    if body.json is MISSING:
        raise ValueError(f"answered with {body.json_error}")
    listing = find.items.removesuffix(_LIST)
    if is_definite(listing):
        found = compile_path(listing).find(body.json)
        if listing != find.items and not isinstance(found, list):
            raise ValueError(f"answered without a list at {listing}")
        return found if isinstance(found, list) else [] if found is MISSING or found is None else [found]
    found = compile_path(find.items).find(body.json)
    return found if isinstance(found, list) else [found]


def _id(item: Any, field: str) -> str:
    value = item.get(field) if isinstance(item, dict) else None
    try:
        text = as_text(value, field)
    except WrongType:
        raise ValueError(f"answered an item without a usable `{field}`") from None
    if isinstance(value, bool) or text in ("", ".", ".."):
        raise ValueError(f"answered an item whose `{field}` is {text!r}")
    if len(text) > LONGEST_ID:
        raise ValueError(f"answered an item whose `{field}` has {len(text)} characters")
    return text


def _failure(outcome: Outcome) -> str:
    """Why the thing may still be there, or ''. A redirect is no word about it: most lead to a page for signing in."""
    match outcome:
        case Reply(status=status) if 200 <= status < 300 or status in _GONE:
            return ""
        case Reply(status=status):
            return f"answered {status}"
        case NoReply(detail=detail, reason=reason):
            return detail or reason
