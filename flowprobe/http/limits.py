"""The caps of one call: what the product may cost us before we stop listening."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "Limits"]

_KIB = 1024
_MIB = 1024 * _KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds. Over a cap the call is a no-reply (`too-large`), never a crash.

    `wire` counts everything that is read for one call (heads, chunk framing, body), `inflated` the body after
    its content coding, which may grow `ratio` times once it is past `ratio_after`. `keep` is how much of a
    body a `Reply` holds; the rest is read, timed and dropped. `connect` bounds name, connection and TLS
    (and never adds to the budget of the call); `idle` is how long an unused connection is kept: shorter than
    the idle time of usual servers, so that a call does not meet a connection that is just being closed.
    """

    wire: int = 16 * _MIB
    inflated: int = 16 * _MIB
    ratio: int = 200
    ratio_after: int = _MIB
    head: int = 96 * _KIB
    headers: int = 1_000
    keep: int = _MIB
    connect: float = 5.0
    idle: float = 1.5


DEFAULT_LIMITS = Limits()
