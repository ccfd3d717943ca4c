"""Trace ids that say whose call it is: no table has to be told before a call is sent.

A call's trace id (W3C Trace Context, https://www.w3.org/TR/trace-context/) is 32 hex digits: 8 for the step's
number (from 1), 8 for the attempt (from 1), 16 for the trial. A provider call that still bears it belongs to
that trial, that step and that attempt. The trial stands on the right, where samplers look for randomness.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

__all__ = ["BAGGAGE_KEY", "CallId", "baggage", "call_id", "parse_baggage", "parse_call_id", "span_id", "traceparent"]

BAGGAGE_KEY = "flowprobe.call"
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class CallId:
    trial: str
    step_number: int
    attempt: int


def call_id(trial: str, step_number: int, attempt: int) -> str:
    """The trace id of one call; `trial` is 16 hex digits."""
    return f"{step_number:08x}{attempt:08x}{trial}"


def parse_call_id(text: str) -> CallId | None:
    """The parts of a trace id, or None where it cannot be one of ours."""
    if len(text) != 32 or not _HEX.issuperset(text):
        return None
    return CallId(text[16:], int(text[:8], 16), int(text[8:16], 16))


def span_id(call: str) -> str:
    """The span id is derived, so that the same call always bears the same one."""
    return blake2b(call.encode(), digest_size=8).hexdigest()


def traceparent(call: str) -> str:
    """The header for a call."""
    return f"00-{call}-{span_id(call)}-01"


def baggage(call: str) -> str:
    """The `baggage` header (https://www.w3.org/TR/baggage/) for products that pass it on."""
    return f"{BAGGAGE_KEY}={call}"


def parse_baggage(header: str) -> CallId | None:
    """Our member of a `baggage` header, if it is there."""
    for member in header.split(","):
        key, _, value = member.strip().partition("=")
        if key.strip() == BAGGAGE_KEY:
            return parse_call_id(value.partition(";")[0].strip())
    return None
