"""Which faults of a plan never come about because another one always ends their calls before them.

Only what is sure is said: a fault that falls on some of the calls alone, or by chance, leaves the others to those after
it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowprobe.core.faults.actions import Answer, Cut, Hold
from flowprobe.core.faults.answers import Limited, Recall, Redirect
from flowprobe.core.faults.delivery import Deliver
from flowprobe.core.faults.fault import Fault, Limit, Match, When
from flowprobe.core.faults.h2 import H2
from flowprobe.core.faults.kinds import action_of, before_calls
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.websocket import Websocket

__all__ = ["outrun"]


def outrun(faults: Iterable[Fault]) -> Iterator[tuple[Fault, Fault]]:
    """Each fault of one edge that can never come about, with the one that ends all of its calls. Of several that end a
    call the first of the plan does; what ends it in the provider's place does so before it could be delivered twice,
    and leaves no reply that could be given again."""
    enders: list[Fault] = []
    again: list[Fault] = []
    for fault in faults:
        before = [*enders, *filter(_recalls, again)] if _recalls(fault) else enders
        first = next((ender for ender in before if _takes_all(ender, fault)), None)
        if action_of(fault.kind).ends and first is not None:
            yield fault, first
        elif _always_ends(fault):
            enders.append(fault)
        elif _recalls(fault) or isinstance(action_of(fault.kind), Deliver):
            again.append(fault)
    for fault in again:
        first = next((ender for ender in enders if _leaves_nothing(ender, fault)), None)
        if first is not None:
            yield fault, first


def _always_ends(fault: Fault) -> bool:
    """Whether every call on which it falls is over: a connection, a stream and a WebSocket are not what each call has,
    a quota serves some, and so does what has nothing earlier to give again."""
    if before_calls(fault.kind) or isinstance(fault.kind, H2 | Websocket) or _recalls(fault):
        return False
    return action_of(fault.kind).ends and not (isinstance(fault.kind, Status) and fault.kind.quota is not None)


def _recalls(fault: Fault) -> bool:
    return isinstance(action_of(fault.kind), Recall)


def _leaves_nothing(ender: Fault, other: Fault) -> bool:
    """Whether no call of the other is forwarded. What is given again may have come with a call on which the other does
    not fall itself: then the whole edge must be shut."""
    shut = ender.match == Match() and ender.when == When()
    return _in_place(ender) and _takes_all(ender, other) and (shut or not _recalls(other))


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
