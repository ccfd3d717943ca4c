"""Judging one outcome against what was promised: all findings together, in the order of the file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flowprobe.core.findings import Finding
from flowprobe.core.jsonpath import MISSING
from flowprobe.core.parsed import Parsed
from flowprobe.core.redact import cut_short
from flowprobe.core.resolve import Names, WrongType, resolve
from flowprobe.core.shapes import compare, describe
from flowprobe.core.steps import BodyShape, Expect, Samples, Step
from flowprobe.core.wire import Call, NoReply, Outcome, Reply

if TYPE_CHECKING:
    from flowprobe.core.contract import Contract

__all__ = ["judge", "milliseconds", "replaced", "status_holds"]

_REASONS = {
    "connect": "no connection", "timeout": "no reply in time", "closed": "the connection ended",
    "protocol": "nothing that HTTP allows", "too-large": "a reply over the limit", "stopped": "we were stopped",
    "proxy": "our own proxy is gone", "invalid-url": "a call that cannot be made",
    "refused": "a call that the environment does not allow",
    "auth": "the sign-in failed",
}

_HINT = 120
_MESSAGES = ("message", "detail", "title", "code")


def judge(step: Step, expect: Expect, outcome: Outcome, names: Names, parsed: Parsed | None, *,
          only_named: bool = False, times: Sequence[float] = (), call: Call | None = None,
          contract: Contract | None = None) -> tuple[Finding, ...]:
    """The findings of one outcome; `parsed` is the reply's reading (None for no reply). `only_named`: without a
    word about the status, any will do. `times` are those of every sample, in seconds. `call` is what was
    sent, for the contract's sake. Raises Absent."""
    if isinstance(outcome, NoReply):
        return (_no_reply(step, expect, outcome),)
    assert parsed is not None, "a reply comes with its reading"
    found = tuple(_judge(step, expect, outcome, names, parsed, only_named, times))
    if expect.contract is None or contract is None or call is None:
        return found
    from flowprobe.core.contract import judge_contract

    return (*found, *judge_contract(contract, expect.contract, call, parsed, _place(step, expect, "contract")))


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
        receives=under.receives if "receives" in named else ordinary.receives,
        headers=under.headers if "headers" in named else ordinary.headers,
        text=under.text if "text" in named else ordinary.text,
        body=under.body if "body" in named else ordinary.body,
        patience=under.patience if under.patience is not None else ordinary.patience,
        contract=ordinary.contract,
        never=under.never if "never" in named else ordinary.never,
        gives_up=under.gives_up if "gives_up" in named else ordinary.gives_up,
        position=under.position,
        positions={**ordinary.positions, **{k: v for k, v in under.positions.items() if k in named}},
    )


def _no_reply(step: Step, expect: Expect, outcome: NoReply) -> Finding:
    promised = _statuses(expect.status)
    return Finding("no-reply", "reply", promised, _silence(outcome), _place(step, expect, "status"))


def _silence(outcome: NoReply) -> str:
    words = _REASONS[outcome.reason]
    if outcome.reason == "auth":
        return f"{words}: {outcome.detail}"
    seen = f"{words} after {milliseconds(outcome.seconds)}"
    return f"{seen} ({outcome.detail})" if outcome.detail else seen


def _judge(step: Step, expect: Expect, reply: Reply, names: Names, parsed: Parsed,
           only_named: bool, times: Sequence[float]) -> Iterator[Finding]:
    if not (only_named and expect.status is None) and not status_holds(expect.status, reply.status):
        yield Finding("status", "status", _statuses(expect.status), f"{reply.status}{_hint(parsed)}",
                      _place(step, expect, "status"))
    for name, shape in expect.headers.items():
        yield from _compared(step, expect, names, "headers", f"header {name}", shape, _header(reply, name))
    if expect.has_json:
        yield from _json(step, expect, names, parsed)
    if expect.text is not None:
        yield from _compared(step, expect, names, "text", "text", expect.text, parsed.text)
    if expect.body is not None:
        yield from _body(step, expect, expect.body, reply, names)
    if expect.within is not None:
        yield from _within(step, expect, reply, names, times)


def status_holds(wanted: tuple[int, ...] | None, status: int) -> bool:
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
    if message and isinstance(body.get("error_description"), str):  # RFC 6749, section 5.2
        message = f"{message}: {body['error_description']}"
    if isinstance(error, dict):
        message = next((error[key] for key in _MESSAGES if isinstance(error.get(key), str)), None)
    return f" ({cut_short(message, _HINT)})" if message else ""


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
        yield Finding("json", mismatch.path, mismatch.expected, mismatch.seen, place, document=mismatch.document)


def _header(reply: Reply, name: str) -> Any:
    """Every line of a header, joined as RFC 9110 (5.3) allows; MISSING where there is none."""
    values = [value for key, value in reply.headers if key == name.lower()]
    return ", ".join(values) if values else MISSING


def _compared(step: Step, expect: Expect, names: Names, part: str, where: str, shape: Any, value: Any) -> (
        Iterator[Finding]):
    """A part of the reply that is not JSON, held against a shape."""
    place = _place(step, expect, part)
    try:
        wanted = resolve(shape, names)
    except WrongType as problem:
        yield Finding("value", where, "a value to compare with", str(problem), place)
        return
    for mismatch in compare(wanted, value):
        yield Finding(part, where, mismatch.expected, mismatch.seen, place, document=mismatch.document)


def _body(step: Step, expect: Expect, shape: BodyShape, reply: Reply, names: Names) -> Iterator[Finding]:
    """The bytes as they came, after the content coding was undone."""
    if reply.truncated:
        yield Finding("body", "body", "a whole body", "a body over the limit", _place(step, expect, "body"))
        return
    if shape.length is not None:
        yield from _compared(step, expect, names, "body", "body length", shape.length, len(reply.body))
    if shape.sha256 is not None:
        digest = sha256(reply.body).hexdigest()
        yield from _compared(step, expect, names, "body", "body sha256", shape.sha256, digest)


def _within(step: Step, expect: Expect, reply: Reply, names: Names, times: Sequence[float]) -> Iterator[Finding]:
    place = _place(step, expect, "within")
    samples = expect.within if isinstance(expect.within, Samples) else None
    try:
        limit = resolve(samples.limit if samples else expect.within, names)  # type: ignore[arg-type]
    except WrongType as problem:
        limit = str(problem)
    if not isinstance(limit, int | float) or isinstance(limit, bool):
        yield Finding("value", "within", "a duration", f"{limit}", place)
    elif samples is not None and len(times) == samples.of:
        yield from _sampled(samples, times, limit, place)
    elif samples is None and (longest := max((*times, reply.seconds))) > limit:
        yield Finding("within", "within", f"at most {milliseconds(limit)}", milliseconds(longest), place,
                      longest - limit)


def _sampled(samples: Samples, times: Sequence[float], limit: float, place: str) -> Iterator[Finding]:
    """By nearest rank: the p95 of 20 times is the 19th of them in order."""
    ordered = sorted(times)
    seen = ordered[max(0, math.ceil(samples.percentile / 100 * len(ordered)) - 1)]
    if seen > limit:
        spread = f"median {milliseconds(ordered[(len(ordered) - 1) // 2])}, slowest {milliseconds(ordered[-1])}"
        yield Finding("within", f"within.{samples.key}", f"at most {milliseconds(limit)}",
                      f"{milliseconds(seen)} ({samples.of} calls: {spread})", place, seen - limit)


def _place(step: Step, expect: Expect, part: str) -> str:
    position = expect.positions.get(part) or expect.position or step.position
    return str(position)


def milliseconds(seconds: float) -> str:
    """A duration for people: `612 ms`, `2.4 s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 2 else f"{seconds:.1f} s"
