"""A case says what was shrunk: its name, what differs, and the ids that its faults have in a file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowprobe.core.exploring.case import Case, CaseThreshold, Found, Setting, case_of, numbered
from flowprobe.core.exploring.confirming import Confirmed
from flowprobe.core.exploring.model import Break, Learned, Placed, Try
from flowprobe.core.exploring.plans import plan_of
from flowprobe.core.exploring.shrink import Shrunk, Threshold
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.status import Status
from tests.core.exploring.products import CHARGE, PAID, SEND

SETTING = Setting("../checkout.yaml", "Checkout for 3", {"admin": "pro-eu"}, {"seats": 3, "plan": "pro"}, "local", 7,
                  "2026-11-22T19:00:00Z", "0.1.0")
FAULTS = (Placed(SEND, Status(500)), Placed(CHARGE, Status(503)), Placed(SEND, Latency(2.0)))
SHRUNK = Shrunk(Try({"seats": 0, "plan": "pro", "new": 1}, FAULTS), Learned("fail", (PAID,)), 37,
                thresholds=(Threshold(2, 2.0, 1.9),), broke=PAID)
STATE_ALONE = replace(SHRUNK, smallest=Try(SETTING.defaults), thresholds=())


def test_a_case_holds_all_that_was_found() -> None:
    case = case_of(SHRUNK, Confirmed(3, 3), SETTING)
    assert (case.scenario, case.personas, case.environment, case.seed) == (
        "../checkout.yaml", {"admin": "pro-eu"}, "local", 7)
    assert (case.state, case.differs) == ({"seats": 0, "plan": "pro", "new": 1}, ("seats", "new"))
    assert (case.broke, case.confirmed, case.sentence) == (PAID, Confirmed(3, 3), "pay: saw 500")
    assert case.found == Found("2026-11-22T19:00:00Z", "0.1.0", 37)


def test_its_faults_are_numbered_as_in_a_file() -> None:
    case = case_of(SHRUNK, None, SETTING)
    assert [(fault.id, fault.kind) for fault in case.plan.faults] == [
        ("mail", Status(500)), ("mail[1]", Latency(2.0)), ("payments", Status(503))]
    assert case.thresholds == (CaseThreshold("mail[1]", 2.0, 1.9),)
    assert numbered(case.faults) == case.faults


@pytest.mark.parametrize(("shrunk", "title", "name"), [
    (SHRUNK, "Checkout for 3", "checkout-for-3-pay-mail-status-payments-status-mail-latency"),
    (replace(STATE_ALONE, smallest=Try({"seats": 0, "plan": "pro"})), "Checkout", "checkout-pay-seats"),
    (replace(STATE_ALONE, broke=Break("", "never", "a charge, no order")), "x", "x-never"),
    (STATE_ALONE, "3 Zimmer", "case-3-zimmer-pay"),
    (STATE_ALONE, "word " * 30, "word-word-word-word-word-word-word-word-word-word-word-word"),
])
def test_its_name_says_the_scenario_what_broke_and_by_what(shrunk: Shrunk, title: str, name: str) -> None:
    assert case_of(shrunk, None, replace(SETTING, title=title)).name == name


def test_without_a_promise_the_reason_is_what_broke() -> None:
    case = case_of(replace(SHRUNK, broke=None, learned=Learned("fail", because="the journey fails")), None, SETTING)
    assert case.broke == Break("", "fail", "the journey fails")
    assert case.sentence == "fail: the journey fails"


def test_where_it_stands_makes_it_no_other_case() -> None:
    case: Case = case_of(SHRUNK, None, SETTING)
    assert replace(case, file="cases/a.yaml") == case
    assert case_of(replace(SHRUNK, minimal=False), None, SETTING).found.best_so_far


def test_a_plan_in_another_order_has_the_same_ids() -> None:
    faults = plan_of(FAULTS[::-1], "").faults
    assert sorted(fault.id for fault in numbered(faults)) == ["mail", "mail[1]", "payments"]
