"""Our own client refuses its calls itself, and says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from flowprobe.core.events import Event, ExchangeEnded, Injected
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.scenario import Fault, FaultPlan, Limit, Match, When
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from flowprobe.running.refusing import Refusing
from tests.scenes import HERE, TRIAL, a_step, a_trial

CALL = Call("c1", TRIAL, "look", "pro-eu", "GET", "http://acme.test/v1/teams?page=2")


def send(call: Call) -> Reply:
    return Reply(call.id, 200, (), b"", 0.0, 0.0, 0.0)


class Line:
    """A client under one fault, with a clock and a journal."""

    def __init__(self, fault: Fault) -> None:
        self.now = 10.0
        self.events: list[Event] = []
        trial = a_trial(a_step("look", "GET /v1/teams"), plan=FaultPlan("plan", (fault,)))
        self.refusing = Refusing(trial, self.events.append, lambda: self.now)
        self.send: Callable[[Call], Outcome] = self.refusing.around(send)

    def refused(self, call: Call = CALL) -> bool:
        return isinstance(self.send(call), NoReply)


def refuse(**more: object) -> Fault:
    return replace(Fault("user", "user", Refuse(), HERE), **more)


def test_a_call_is_refused_only_while_it_is_armed() -> None:
    line = Line(refuse())
    assert not line.refused()
    line.refusing.arm()
    assert line.refused()
    line.refusing.disarm()
    assert not line.refused()
    assert len(line.events) == 2


def test_what_is_refused_has_a_receipt_under_its_call() -> None:
    line = Line(refuse())
    line.refusing.arm()
    outcome = line.send(CALL)
    assert isinstance(outcome, NoReply)
    assert (outcome.reason, outcome.sent, outcome.ended) == ("connect", 10.0, 10.0)
    exchange, receipt = line.events
    assert isinstance(exchange, ExchangeEnded)
    assert isinstance(receipt, Injected)
    assert (exchange.call, exchange.trial, exchange.status, exchange.path) == ("c1", TRIAL, None, "/v1/teams")
    assert (receipt.exchange, receipt.kind, receipt.edge, receipt.ordinal) == (exchange.exchange, "refuse", "user", 1)


@pytest.mark.parametrize(("fault", "wanted"), [
    (refuse(when=When(first=2)), [True, True, False, False]),
    (refuse(when=When(after=1, first=1)), [False, True, False, False]),
    (refuse(when=When(probability=0.0)), [False] * 4),
    (refuse(limit=Limit(injections=3)), [True, True, True, False]),
    (refuse(match=Match(path="/v1/*")), [True] * 4),
    (refuse(match=Match(method="POST")), [False] * 4),
    (refuse(edge="payments"), [False] * 4),
    (refuse(kind=Latency(1)), [False] * 4),
])
def test_which_calls_are_refused(fault: Fault, wanted: list[bool]) -> None:
    line = Line(fault)
    line.refusing.arm()
    assert [line.refused() for _ in range(4)] == wanted
    receipts = [event for event in line.events if isinstance(event, Injected)]
    assert len({receipt.exchange for receipt in receipts}) == sum(wanted)


def test_its_seconds_count_from_when_it_was_armed() -> None:
    line = Line(refuse(limit=Limit(seconds=2)))
    line.refusing.arm()
    assert line.refused()
    line.now = 12.0
    assert not line.refused()
