"""Which kinds of fault are simpler than another, and how long a kind that takes time takes.

A kind is exchanged for one of its own nature: for a provider that says no, one that says 500; for a connection that
ends in some other way, a reset; for a wait, the same wait of a fixed length. A product that bears a refusal and does
not bear silence has another fault than one that bears neither, and `simplest_of_all` would show them as one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from flowprobe.core.distributions import seconds_at
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.error_envelope import ErrorEnvelope
from flowprobe.core.faults.expired_token import ExpiredToken
from flowprobe.core.faults.h2 import H2
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.tls import Slow, Tls
from flowprobe.core.faults.webhook import Webhook
from flowprobe.core.faults.websocket import Websocket

__all__ = ["Simpler", "delay_of", "delayed", "fixed", "simpler", "simplest_of_all"]

Simpler: TypeAlias = Callable[[Kind], tuple[Kind, ...]]
"""The kinds to be tried in place of one, the simplest first."""

_REFUSALS: tuple[Kind, ...] = (Status(500), Status(503))
_ENDINGS: tuple[Kind, ...] = (Reset("request"),)
_LOSSES: tuple[Kind, ...] = (LostReply("close"),)
_SPOILT: tuple[Kind, ...] = (Body("empty"), Body("html"))
_HIGH = 0.99


def simpler(kind: Kind) -> tuple[Kind, ...]:
    """Those of its own nature."""
    match kind:
        case Status() | ErrorEnvelope() | ExpiredToken():
            return _before(kind, _REFUSALS)
        case Hang(at="headers") | LostReply() | Reset(at="headers") | Close(at="headers"):
            return _before(kind, _LOSSES)
        case Reset(at="request") | Close(at="request") | Refuse() | H2():
            return _before(kind, _ENDINGS)
        case Tls(how) if not isinstance(how, Slow):
            return _ENDINGS
        case Hang() | Latency():
            return _before(kind, (Latency(_whole(kind)),))
        case Body():
            return _before(kind, _SPOILT)
        case _:
            return ()


def simplest_of_all(kind: Kind) -> tuple[Kind, ...]:
    """Those of any nature, in the order in which people understand them: it says no, it hangs up, it acts and hangs
    up, it is silent."""
    ladder = (*_REFUSALS, *_ENDINGS, *_LOSSES, *(simpler(kind) if isinstance(kind, Hang | Latency) else ()))
    return _before(kind, (*ladder, *(other for other in simpler(kind) if other not in ladder)))


def _before(kind: Kind, ladder: tuple[Kind, ...]) -> tuple[Kind, ...]:
    return ladder[:ladder.index(kind)] if kind in ladder else ladder


# --- time -----------------------------------------------------------------------------------------


def _whole(kind: Hang | Latency) -> float:
    """A fixed wait that is as long as nearly all of those that a kind makes."""
    if isinstance(kind, Hang):
        return kind.seconds
    return kind.takes if isinstance(kind.takes, float | int) else seconds_at(kind.takes, _HIGH, 1)


def fixed(kind: Kind) -> Kind | None:
    """With a wait of a fixed length in place of one that each call draws; None where none is drawn."""
    drawn = isinstance(kind, Latency) and not isinstance(kind.takes, float | int)
    return replace(kind, takes=_whole(kind)) if isinstance(kind, Latency) and drawn else None


def delay_of(kind: Kind) -> float | None:
    """The seconds that a caller is kept waiting; None where that is not what a kind does, or is no fixed time."""
    match kind:
        case Latency(takes) if isinstance(takes, float | int):
            return takes
        case Hang(seconds) | Tls(Slow(seconds)):
            return seconds
        case LostReply("hang", ceiling):
            return ceiling
        case Webhook(delay) if delay:
            return delay
        case Websocket(latency) if latency:
            return latency
        case _:
            return None


def delayed(kind: Kind, seconds: float) -> Kind:
    """The same kind with another delay; for kinds that `delay_of` knows one of."""
    match kind:
        case Latency():
            return replace(kind, takes=seconds)
        case Hang():
            return replace(kind, seconds=seconds)
        case Tls():
            return Tls(Slow(seconds))
        case LostReply():
            return replace(kind, ceiling=seconds)
        case Webhook():
            return replace(kind, delay=seconds)
        case Websocket():
            return replace(kind, latency=seconds)
        case _:
            raise ValueError(f"{kind!r} has no delay")
