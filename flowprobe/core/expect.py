"""Judging one outcome against what was promised: all findings together, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowprobe.core.findings import Finding
from flowprobe.core.jsonpath import MISSING
from flowprobe.core.parsed import Parsed
from flowprobe.core.resolve import Names, WrongType, resolve
from flowprobe.core.scenario import Expect, Position, Step
from flowprobe.core.shapes import compare, describe
from flowprobe.core.wire import NoReply, Outcome, Reply

__all__ = ["judge", "milliseconds", "replaced"]

_REASONS = {
    "connect": "no connection", "timeout": "no reply in time", "closed": "the connection ended",
    "protocol": "nothing that HTTP allows", "too-large": "a reply over the limit", "stopped": "we were stopped",
    "proxy": "our own proxy is gone", "invalid-url": "a call that cannot be made",
    "refused": "a call that the environment does not allow",
}


_MESSAGES = ("message", "detail", "title", "code")


def judge(step: Step, expect: Expect, outcome: Outcome, names: Names, parsed: Parsed | None, *,
          only_named: bool = False) -> tuple[Finding, ...]:
    """The findings of one outcome; `parsed` is the reply's reading (None for no reply). `only_named`: without a
    word about the status, any will do. Raises Absent."""
    if isinstance(outcome, NoReply):
        return (_no_reply(step, expect, outcome),)
    assert parsed is not None, "a reply comes with its reading"
    return tuple(_judge(step, expect, outcome, names, parsed, only_named))


def replaced(ordinary: Expect, under: Expect) -> Expect:
    """`ordinary` with each part that `under` names in its place; the others hold."""
    named = under.named
    return Expect(
        status=under.status if "status" in named else ordinary.status,
        json=under.json if "json" in named else ordinary.json,
        has_json=under.has_json or ordinary.has_json,
        exactly=under.exactly if "json" in named else ordinary.exactly,
        within=under.within if "within" in named else ordinary.within,
        sends=under.sends if "sends" in named else ordinary.sends,
        patience=under.patience,
        position=under.position,
        positions={**ordinary.positions, **{k: v for k, v in under.positions.items() if k in named}},
    )


def _no_reply(step: Step, expect: Expect, outcome: NoReply) -> Finding:
    promised = _statuses(expect.status)
    seen = f"{_REASONS[outcome.reason]} after {milliseconds(outcome.seconds)}"
    return Finding("no-reply", "reply", promised, f"{seen} ({outcome.detail})" if outcome.detail else seen,
                   _place(step, expect, "status"))


def _judge(step: Step, expect: Expect, reply: Reply, names: Names, parsed: Parsed,
           only_named: bool) -> Iterator[Finding]:
    if not (only_named and expect.status is None) and not _status_holds(expect.status, reply.status):
        yield Finding("status", "status", _statuses(expect.status), f"{reply.status}{_hint(parsed)}",
                      _place(step, expect, "status"))
    if expect.has_json:
        yield from _json(step, expect, names, parsed)
    if expect.within is not None:
        yield from _within(step, expect, reply, names)


def _status_holds(wanted: tuple[int, ...] | None, status: int) -> bool:
    return status < 400 if wanted is None else status in wanted


def _statuses(wanted: tuple[int, ...] | None) -> str:
    return "a status below 400" if wanted is None else " or ".join(str(code) for code in wanted)


def _hint(parsed: Parsed) -> str:
    """What an error reply says of itself, where it says it in one of the usual ways."""
    body = parsed.json
    if not isinstance(body, dict):
        return ""
    error: Any = body.get("error", body)
    message = error if isinstance(error, str) else None
    if isinstance(error, dict):
        message = next((error[key] for key in _MESSAGES if isinstance(error.get(key), str)), None)
    return f" ({message[:120]})" if message else ""


def _json(step: Step, expect: Expect, names: Names, parsed: Parsed) -> Iterator[Finding]:
    place = _place(step, expect, "json")
    try:
        shape = resolve(expect.json, names)
    except WrongType as problem:
        yield Finding("value", "json", "a value to compare with", str(problem), place)
        return
    if parsed.json is MISSING:
        yield Finding("json", "$", describe(shape), parsed.json_error, place)
        return
    for mismatch in compare(shape, parsed.json, exactly=expect.exactly):
        yield Finding("json", mismatch.path, mismatch.expected, mismatch.seen, place)


def _within(step: Step, expect: Expect, reply: Reply, names: Names) -> Iterator[Finding]:
    place = _place(step, expect, "within")
    try:
        limit = expect.within if isinstance(expect.within, int | float) else resolve(expect.within, names)
    except WrongType as problem:
        limit = str(problem)
    if not isinstance(limit, int | float) or isinstance(limit, bool):
        yield Finding("value", "within", "a duration", f"{limit}", place)
    elif reply.seconds > limit:
        yield Finding("within", "within", f"at most {milliseconds(limit)}", milliseconds(reply.seconds), place,
                      reply.seconds - limit)


def _place(step: Step, expect: Expect, part: str) -> str:
    position: Position = expect.positions.get(part) or expect.position or step.position
    return str(position)


def milliseconds(seconds: float) -> str:
    """A duration for people: `612 ms`, `2.4 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 2 else f"{seconds:.1f} s"
