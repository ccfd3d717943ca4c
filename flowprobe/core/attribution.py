"""Whose call is it? The ladder of evidence, strongest first: trace id, baggage, the trial's id in the request,
the only trial of a product that we started. What bears the marks of two trials is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flowprobe.core.tracing import BAGGAGE_KEY, CallId, call_id, parse_baggage, parse_call_id

__all__ = ["SCANNED_BYTES", "Attribution", "Signs", "attribute", "without_our_baggage"]

SCANNED_BYTES = 1 << 20
"""Bodies are searched for the ids of trials up to this length."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What a request shows: two headers, and every text in which the id of a trial may stand."""

    traceparent: str = ""
    baggage: str = ""
    texts: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribution:
    """`call` is the trace id of the call that caused this one, `step_number` its step, where they are known."""

    trial: str | None
    evidence: str
    call: str | None = None
    step_number: int | None = None


_NOBODY = Attribution(None, "none")
_AMBIGUOUS = Attribution(None, "ambiguous")


def attribute(signs: Signs, known: Iterable[str], *, sole: str | None = None) -> Attribution:
    """Say whose request this is. `known` are the trials of this run, `sole` the one that owns the product now."""
    trials = frozenset(known)
    traced = _ours(_trace(signs.traceparent), trials)
    carried = _ours(parse_baggage(signs.baggage), trials)
    marked = {trial for trial in trials if _stands_in(trial, signs.texts)}
    claims = marked | {call.trial for call in (traced, carried) if call}
    if len(claims) > 1:
        return _AMBIGUOUS
    if traced:
        return _named(traced, "traceparent")
    if carried:
        return _named(carried, "baggage")
    if marked:
        return Attribution(marked.pop(), "trial-id")
    return Attribution(sole, "owned") if sole else _NOBODY


def _ours(call: CallId | None, trials: frozenset[str]) -> CallId | None:
    return call if call and call.trial in trials else None


def _trace(header: str) -> CallId | None:
    parts = header.strip().split("-")
    return parse_call_id(parts[1]) if len(parts) >= 4 else None


def _stands_in(trial: str, texts: Iterable[bytes]) -> bool:
    token = trial.encode()
    return any(token in text for text in texts)


def _named(call: CallId, evidence: str) -> Attribution:
    trace = call_id(call.trial, call.step_number, call.attempt)
    return Attribution(call.trial, evidence, trace, call.step_number)


def without_our_baggage(header: str) -> str:
    """The `baggage` header as a third party may see it: without our member, '' where none is left."""
    members = (member.strip() for member in header.split(","))
    return ",".join(m for m in members if m and m.partition("=")[0].strip() != BAGGAGE_KEY)
