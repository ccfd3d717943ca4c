"""Which faults of a plan never come about because another one always ends their calls before them.

Only what is sure is said: a fault that falls on some of the calls alone, or by chance, leaves the others to those after
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowprobe.core.faults.actions import Answer, Cut, Hold
from flowprobe.core.faults.answers import Limited, Redirect
from flowprobe.core.faults.delivery import Deliver
from flowprobe.core.faults.fault import Fault, Limit, Match, When
from flowprobe.core.faults.h2 import H2
from flowprobe.core.faults.kinds import action_of, before_calls
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.websocket import Websocket

__all__ = ["outrun"]


def outrun(faults: Iterable[Fault]) -> Iterator[tuple[Fault, Fault]]:
    """Each fault of one edge that can never come about, with the one that ends all of its calls. Of several that end a
    call the first of the plan does; what ends it in the provider's place does so before it could be delivered twice."""
    enders: list[Fault] = []
    twice: list[Fault] = []
    for fault in faults:
        first = next((ender for ender in enders if _takes_all(ender, fault)), None)
        if action_of(fault.kind).ends and first is not None:
            yield fault, first
        elif _always_ends(fault):
            enders.append(fault)
        elif isinstance(action_of(fault.kind), Deliver):
            twice.append(fault)
    for fault in twice:
        first = next((ender for ender in enders if _in_place(ender) and _takes_all(ender, fault)), None)
        if first is not None:
            yield fault, first


def _always_ends(fault: Fault) -> bool:
    """Whether every call on which it falls is over: a connection, a stream and a WebSocket are not what each call has,
    and a quota serves some."""
    if before_calls(fault.kind) or isinstance(fault.kind, H2 | Websocket):
        return False
    return action_of(fault.kind).ends and not (isinstance(fault.kind, Status) and fault.kind.quota is not None)


def _in_place(fault: Fault) -> bool:
    return isinstance(action_of(fault.kind), Answer | Limited | Redirect | Cut | Hold)


def _takes_all(ender: Fault, other: Fault) -> bool:
    """Whether it surely falls on every call that the other could fall on. Matches are compared as they are spelled: to
    Python, 1 and true are the same."""
    if ender.edge != other.edge or ender.limit != Limit():
        return False
    same = repr(ender.match) == repr(other.match)
    if ender.when == When():
        return same or ender.match == Match()
    return same and ender.when == other.when and ender.when.probability >= 1 and ender.when.ramp is None
