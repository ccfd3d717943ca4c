"""What can carry the trace id of a call from our request to the product's own: the headers that products and their
libraries pass on, each with its own way to write it.

Only `traceparent` and `baggage` go with every call; the others go with the calls of a probe. Whichever arrives at a
provider is understood, always.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from flowprobe.core.tracing import BAGGAGE_KEY, CallId, baggage, parse_baggage, parse_call_id, span_id, traceparent

__all__ = ["CARRIERS", "carried", "carriers", "stripped"]

_STATE_KEY = "flowprobe"
_ROOT = re.compile(r"(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?=;|$)")


def _first_part(value: str) -> CallId | None:
    return parse_call_id(value.strip().partition("-")[0].lower())


def _second_part(value: str) -> CallId | None:
    parts = value.strip().split("-")
    return parse_call_id(parts[1]) if len(parts) >= 4 else None


def _whole(value: str) -> CallId | None:
    """Also as a UUID, or in capitals: what a request id is for, and its letters, are everybody's own affair."""
    return parse_call_id(value.strip().replace("-", "").lower())


def _root(value: str) -> CallId | None:
    found = _ROOT.search(value)
    return parse_call_id(found[1] + found[2]) if found else None


def _state(value: str) -> CallId | None:
    for member in value.split(","):
        key, _, text = member.strip().partition("=")
        if key == _STATE_KEY:
            return parse_call_id(text.strip())
    return None


CARRIERS: Mapping[str, Callable[[str], CallId | None]] = {
    "traceparent": _second_part,
    "baggage": parse_baggage,
    "tracestate": _state,
    "b3": _first_part,
    "x-b3-traceid": _whole,
    "sentry-trace": _first_part,
    "x-amzn-trace-id": _root,
    "x-request-id": _whole,
    "x-correlation-id": _whole,
}
"""Each header, and how it is read; first those that stand for a trace and nothing else."""

_NAMES = frozenset(name.encode() for name in CARRIERS)
_IN_ORDER = tuple((name, name.encode()) for name in CARRIERS)


def carriers(call: str) -> dict[str, str]:
    """Every carrier at once, for a probe: W3C Trace Context and Baggage, B3 (single and multiple), Sentry, X-Ray, and
    the two ids of a request that everybody has. `call` is its trace id."""
    span = span_id(call)
    return {
        "traceparent": traceparent(call), "baggage": baggage(call), "tracestate": f"{_STATE_KEY}={call}",
        "b3": f"{call}-{span}-1", "x-b3-traceid": call, "x-b3-spanid": span, "x-b3-sampled": "1",
        "sentry-trace": f"{call}-{span}-1", "x-amzn-trace-id": f"Root=1-{call[:8]}-{call[8:]};Parent={span};Sampled=1",
        "x-request-id": call, "x-correlation-id": call,
    }


def carried(headers: Mapping[bytes, bytes]) -> tuple[tuple[str, CallId], ...]:
    """The ids that a request carries, with the header of each, in the order of `CARRIERS`. `headers` maps lower-case
    names to values; whether an id is one of ours is not told here."""
    present = _NAMES & headers.keys()
    if not present:
        return ()
    found = ((name, CARRIERS[name](headers[key].decode("latin-1"))) for name, key in _IN_ORDER if key in present)
    return tuple((name, call) for name, call in found if call is not None)


def stripped(name: str, value: str) -> str:
    """A header as a third party may see it, where it names a call of ours: without our member where it is a list,
    else '' for not at all. `traceparent` stays: it is a standard's, and says nothing."""
    match name:
        case "baggage":
            return _without(value, BAGGAGE_KEY)
        case "tracestate":
            return _without(value, _STATE_KEY)
        case "traceparent":
            return value
        case _:
            return ""


def _without(value: str, key: str) -> str:
    members = (member.strip() for member in value.split(","))
    return ",".join(m for m in members if m and m.partition("=")[0].strip() != key)
