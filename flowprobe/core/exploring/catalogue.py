"""Which kinds of fault can fall on a call that was seen, with a few representatives of each, the simplest first; and of
every other kind why it cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from flowprobe.core.exploring.model import Reached, Site
from flowprobe.core.faults.bandwidth import Bandwidth
from flowprobe.core.faults.body import Body, Truncate
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.duplicate import Duplicate
from flowprobe.core.faults.endings import After
from flowprobe.core.faults.error_envelope import ErrorEnvelope
from flowprobe.core.faults.expired_token import ExpiredToken
from flowprobe.core.faults.field import Field
from flowprobe.core.faults.h2 import H2
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.redirect_loop import RedirectLoop
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.spoiling import Malform
from flowprobe.core.faults.stale import Stale
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.tls import Tls
from flowprobe.core.faults.webhook import Webhook
from flowprobe.core.faults.websocket import Websocket
from flowprobe.core.plain import Plain, plain

__all__ = ["FAMILIES", "LATENCY_S", "ORDER", "Family", "Offer", "family", "offers"]

Family: TypeAlias = Literal["lost", "error", "busy", "slow", "garbled", "twice"]
FAMILIES: tuple[Family, ...] = ("lost", "error", "busy", "slow", "garbled", "twice")
"""What a fault is to the product: the provider acted and nobody heard of it; it refused; it asked to come again later,
which clients tell apart from a refusal; it takes its time; it says something strange; it was told twice. In this order
they are tried in odd states: what costs most comes first."""

LATENCY_S = 0.5
_LONG = 10_000
"""Bytes of a reply that is worth slowing down."""

ORDER: tuple[str, ...] = (
    "status", "reset", "close", "lost_reply", "error_envelope", "body", "field", "expired_token", "duplicate", "stale",
    "redirect_loop", "h2", "websocket", "webhook", "refuse", "tls", "latency", "bandwidth", "hang")
"""The kinds in the order in which they are tried: what is over at once before what takes its time."""


@plain
class Offer(Plain):
    """A kind at a call: its representatives, the simplest first; where there are none, why it is not applicable."""

    name: str
    kinds: tuple[Kind, ...] = ()
    why_not: str = ""


def family(kind: Kind) -> Family:
    """To which of the few ways to fail a fault belongs."""
    match kind:
        case LostReply() | Close("headers" | After()) | Reset("headers" | After()) | Webhook(drop=True):
            return "lost"
        case Latency() | Hang() | Bandwidth():
            return "slow"
        case Body() | Field() | ErrorEnvelope() | Stale():
            return "garbled"
        case Duplicate():
            return "twice"
        case Status() if kind.code == 429 or kind.retry_after is not None:
            return "busy"
        case Webhook():
            return "twice" if kind.duplicate else "slow"
        case Websocket():
            return "slow" if kind.latency else "error"
        case _:
            return "error"


def offers(seen: Sequence[Reached], *, connections: bool, cap_s: float) -> Mapping[Site, tuple[Offer, ...]]:
    """Every kind at each of these calls, in `ORDER`.

    `connections`: faults of connections may be placed (the product is ours, and nobody else's calls pass there). They
    fall on all calls of an edge, so they are offered at the first one. `cap_s` is how long a hang lasts at most.
    """
    first: dict[str, Site] = {}
    for each in seen:
        first.setdefault(each.site.edge, each.site)
    return {each.site: tuple(_offer(name, each, first[each.site.edge], connections, cap_s) for name in ORDER)
            for each in seen}


def _offer(name: str, seen: Reached, first: Site, connections: bool, cap_s: float) -> Offer:
    if seen.site.edge.endswith(".webhooks") != (name == "webhook"):
        return Offer(name, why_not="it falls on what a provider sends to the product" if name == "webhook"
                     else "the provider is the caller here: webhook faults are for what it sends")
    if name in ("refuse", "tls"):
        return _of_connections(name, seen, first, connections)
    if name == "hang":
        return Offer(name, (Hang(cap_s),))
    if name in _ALWAYS:
        return Offer(name, _ALWAYS[name])
    found = _OBSERVED[name](seen)
    return Offer(name, why_not=found) if isinstance(found, str) else Offer(name, found)


def _of_connections(name: str, seen: Reached, first: Site, connections: bool) -> Offer:
    if not connections:
        return Offer(name, why_not="others may connect there: it needs a product that we start")
    if seen.site != first:
        return Offer(name, why_not=f"it falls on every connection of {first.edge}: it is tried at {first}")
    return Offer(name, (Refuse(),) if name == "refuse" else (Tls("handshake"), Tls("expired")))


_ALWAYS: Mapping[str, tuple[Kind, ...]] = {
    "status": (Status(500), Status(503), Status(429, retry_after=1.0), Status(404), Status(401)),
    "expired_token": (ExpiredToken(),),
    "redirect_loop": (RedirectLoop(),),
    "latency": (Latency(LATENCY_S),),
    "webhook": (Webhook(duplicate=2), Webhook(drop=True), Webhook(delay=2.0)),
}

# --- what depends on the exchange that was seen ---------------------------------------------------


def _cut(make: Callable[[str], Kind]) -> Callable[[Reached], tuple[Kind, ...]]:
    def found(seen: Reached) -> tuple[Kind, ...]:
        return (make("request"), make("headers")) if seen.status is not None else (make("request"),)

    return found


def _body(seen: Reached) -> tuple[Kind, ...] | str:
    if not seen.reply_bytes:
        return "its reply has no body"
    return Body("html"), Body("empty"), Body(Malform("cut-brace")), Body(Truncate())


def _field(seen: Reached) -> tuple[Kind, ...] | str:
    if not seen.reply_bytes:
        return "its reply has no body"
    return tuple(Field("$.*", how) for how in ("null", "drop", "retype"))


def _lost(seen: Reached) -> tuple[Kind, ...] | str:
    if not seen.site.is_write:
        return "it only reads: a reply that is lost is a close"
    return (LostReply("close"),)


def _envelope(seen: Reached) -> tuple[Kind, ...]:
    return (ErrorEnvelope("graphql" if seen.site.call.endswith("/graphql") else "plain"),)


def _stale(seen: Reached) -> tuple[Kind, ...] | str:
    return "nothing is older than the first reply" if seen.site.ordinal == 1 else (Stale(),)


def _h2(seen: Reached) -> tuple[Kind, ...] | str:
    if not seen.protocol.startswith("HTTP/2"):
        return f"the product speaks {seen.protocol} there"
    return H2("REFUSED_STREAM"), H2("INTERNAL_ERROR")


def _websocket(seen: Reached) -> tuple[Kind, ...] | str:
    return (Websocket(close=1), Websocket(latency=0.2)) if seen.status == 101 else "no WebSocket was opened there"


def _bandwidth(seen: Reached) -> tuple[Kind, ...] | str:
    if seen.reply_bytes < _LONG:
        return "its reply is too short to be slow"
    return (Bandwidth(down=float(seen.reply_bytes)),)


_OBSERVED: Mapping[str, Callable[[Reached], tuple[Kind, ...] | str]] = {
    "reset": _cut(Reset), "close": _cut(Close), "body": _body, "field": _field, "lost_reply": _lost,
    "duplicate": lambda seen: (Duplicate(2),) if seen.site.is_write else "it only reads: to ask twice harms nobody",
    "error_envelope": _envelope, "stale": _stale, "h2": _h2, "websocket": _websocket, "bandwidth": _bandwidth,
}
