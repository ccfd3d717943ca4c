"""A fault that the search has placed falls on that call alone."""

from __future__ import annotations

from flowprobe.core.decide import Counters, Seen, decide
from flowprobe.core.exploring.model import Placed, Site
from flowprobe.core.exploring.plans import plan_of
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.status import Status

CALLS = [Seen("payments", "POST", "/v1/charges", "pay"), Seen("payments", "POST", "/v1/charges", "again"),
         Seen("payments", "POST", "/v1/charges", "pay"), Seen("payments", "GET", "/v1/charges", "pay"),
         Seen("mail", "POST", "/v1/charges", "pay"), Seen("payments", "POST", "/v1/charges", "pay")]


def fallen(*placed: Placed) -> list[list[str]]:
    counters, faults = Counters(), plan_of(placed, "search").faults
    return [[injection.fault.id for injection in decide(faults, seen, counters, seed=1, armed_s=0.0)] for seen in CALLS]


def test_the_second_charge_of_one_step_is_meant_and_no_other() -> None:
    second = Placed(Site("payments", "POST /v1/charges", "pay", 2), Status(503))
    assert fallen(second) == [[], [], ["payments.status[0]"], [], [], []]


def test_without_a_number_every_such_call_is_meant() -> None:
    every = Placed(Site("payments", "POST /v1/charges", "pay", 0), Status(503))
    assert [bool(each) for each in fallen(every)] == [True, False, True, False, False, True]


def test_where_nothing_tells_the_step_calls_are_counted_within_the_trial() -> None:
    anywhere = Placed(Site("mail", "POST /v1/charges"), Status(503))
    assert [bool(each) for each in fallen(anywhere)] == [False, False, False, False, True, False]


def test_faults_keep_their_order_in_their_ids() -> None:
    site = Site("payments", "POST /v1/charges", "pay")
    plan = plan_of((Placed(site, Hang(2.0)), Placed(site, Status(500))), "x")
    assert (plan.name, [fault.id for fault in plan.faults]) == ("x", ["payments.hang[0]", "payments.status[1]"])


def test_connections_have_no_calls_to_match() -> None:
    assert plan_of((Placed(Site("mail", "POST /send", "invite"), Refuse()),), "x").faults[0].match.method == ()
