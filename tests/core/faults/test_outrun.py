"""Which faults of a plan another one leaves no call."""

from __future__ import annotations

from functools import partial

import pytest

from flowprobe.core.decide import Counters, Seen, decide
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.duplicate import Duplicate
from flowprobe.core.faults.fault import Fault, Limit, Match, When
from flowprobe.core.faults.h2 import H2
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.outrun import outrun
from flowprobe.core.faults.quota import Quota
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.stale import Stale
from flowprobe.core.faults.status import Status
from flowprobe.core.values import Position

EVERY, ALWAYS, UNLIMITED = Match(), When(), Limit()
POST, GET = Match(method=("POST",)), Match(method=("GET",))
FIRST = When(first=2)


def fault(
    kind: Kind, match: Match = EVERY, when: When = ALWAYS, limit: Limit = UNLIMITED, edge: str = "p",
) -> Fault:
    return Fault("", edge, kind, Position("a.yaml", 1, 1), match, when, limit)


def named(*faults: Fault) -> list[Fault]:
    return [Fault(str(number), each.edge, each.kind, each.position, each.match, each.when, each.limit)
            for number, each in enumerate(faults)]


def pairs(*faults: Fault) -> list[tuple[str, str]]:
    return [(lost.id, first.id) for lost, first in outrun(named(*faults))]


OUTRUN = [
    ([fault(Status(503)), fault(Status(500))], [("1", "0")]),
    ([fault(Status(503)), fault(Status(500), POST, FIRST)], [("1", "0")]),
    ([fault(Status(503), POST, FIRST), fault(Close(), POST, FIRST)], [("1", "0")]),
    ([fault(LostReply()), fault(Hang(1.0))], [("1", "0")]),
    ([fault(Duplicate(2)), fault(Status(503))], [("0", "1")]),
    ([fault(Hang(1.0)), fault(Duplicate(2), POST)], [("1", "0")]),
    ([fault(Status(503)), fault(Stale())], [("1", "0")]),
    ([fault(LostReply()), fault(Stale(), POST)], [("1", "0")]),
    ([fault(Stale()), fault(Stale(), POST)], [("1", "0")]),
    ([fault(Stale()), fault(Status(503))], [("0", "1")]),
    ([fault(Stale(), GET, FIRST), fault(Hang(1.0))], [("0", "1")]),
    ([fault(Stale()), fault(Status(503)), fault(Status(500))], [("2", "1"), ("0", "1")]),
    ([fault(Status(503)), fault(Status(500)), fault(Status(502))], [("1", "0"), ("2", "0")]),
]
FREE = [
    [fault(Status(503), when=FIRST), fault(Status(500))],
    [fault(Status(503), POST), fault(Status(500))],
    [fault(Status(503), POST), fault(Status(500), GET)],
    [fault(Status(503), POST, FIRST), fault(Status(500), when=FIRST)],
    [fault(Status(503), when=FIRST), fault(Status(500), POST, FIRST)],
    [fault(Status(503), limit=Limit(injections=1)), fault(Status(500))],
    [fault(Status(503), when=When(probability=0.5)), fault(Status(500), when=When(probability=0.5))],
    [fault(Status(429, quota=Quota(10, 60.0))), fault(Status(503))],
    [fault(Status(503)), fault(Status(503), edge="mail")],
    [fault(Latency(1.0)), fault(Status(503))],
    [fault(LostReply()), fault(Duplicate(2))],
    [fault(Stale()), fault(Duplicate(2))],
    [fault(Stale()), fault(Status(503), when=FIRST)],
    [fault(Stale(), GET), fault(Status(503), GET)],
    [fault(Stale(), when=FIRST), fault(Status(503), when=FIRST)],
    [fault(Stale()), fault(Status(503), POST)],
    [fault(Stale()), fault(Status(503), limit=Limit(injections=1))],
    [fault(Stale()), fault(LostReply())],
    [fault(Refuse()), fault(Status(503))],
    [fault(H2("REFUSED_STREAM")), fault(Status(503))],
    [fault(Status(503), Match(has_json=True, json=1)), fault(Status(500), Match(has_json=True, json=True))],
]


@pytest.mark.parametrize(("faults", "expected"), OUTRUN)
def test_what_has_no_call_left_is_named_with_what_takes_them(
    faults: list[Fault], expected: list[tuple[str, str]]
) -> None:
    assert pairs(*faults) == expected


@pytest.mark.parametrize("faults", FREE)
def test_what_may_have_a_call_is_let_be(faults: list[Fault]) -> None:
    assert pairs(*faults) == []


@pytest.mark.parametrize("faults", [faults for faults, _ in OUTRUN])
def test_the_decision_leaves_it_out_too(faults: list[Fault]) -> None:
    """Of those that end a call; a second delivery is decided on, and then there is nothing to deliver."""
    plan = tuple(named(*faults))
    lost = {each.id for each, _ in outrun(plan) if not isinstance(each.kind, Duplicate)}
    fallen = fallen_on(plan, calls=5)
    assert fallen
    assert not fallen & lost


def fallen_on(plan: tuple[Fault, ...], *, calls: int) -> set[str]:
    """What falls on one and the same call, made so often; once it was answered, there is an earlier reply."""
    counters, fallen, answered = Counters(), set[str](), False
    for _ in range(calls):
        injections = decide(plan, Seen("p", "POST", "/"), counters, seed=1, armed_s=0.0, earlier=partial(bool, answered))
        fallen |= {injection.fault.id for injection in injections}
        answered = answered or not any(injection.action.ends for injection in injections)
    return fallen
