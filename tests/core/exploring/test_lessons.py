"""What the search learns from the evidence of a trial."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.events import Event, Injected, InvariantJudged
from flowprobe.core.evidence import fold
from flowprobe.core.exploring.lessons import learned
from flowprobe.core.exploring.model import Break, Learned, Placed, Site, Try
from flowprobe.core.exploring.plans import plan_of
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.status import Status
from flowprobe.core.findings import Finding
from flowprobe.core.verdict import judge_trial
from tests.journals import SLOW, Journal, ended, exchange, finding, injected, replied, sent, started, step_ended
from tests.scenes import TRIAL

CHARGE = Site("payments", "POST /v1/charges", "pay")
DOWN = Try({}, (Placed(CHARGE, Status(503)),))
RECEIPT = injected(fault="payments.status[0]")


def lesson(*proxied: Event, made: Try = DOWN, step: Any = None, body: str = "{}", status: int = 200, seconds: float = 0.05,
           how: str = "finished", **options: Any) -> Learned:
    reply = replace(replied(status=status, seconds=seconds), body=body)
    journal = Journal().runner(started("explore"), sent("pay"), reply, step or step_ended("pay"), ended(how)).proxy(*proxied)
    evidence = fold(journal.lines).trials[0]
    return learned(plan_of(made.faults, "").faults, evidence, judge_trial(evidence, reachable=True), **options)


def test_a_journey_that_held_is_a_pass_and_names_the_calls_it_made() -> None:
    found = lesson(exchange("a", key="k"), exchange("b", started_at=101.0, body="other"),
                   exchange("c", edge="mail", site="POST /send"))
    assert (found.judged, found.breaks) == ("pass", ())
    assert [(each.site, each.acted, each.keyed) for each in found.reached] == [
        (CHARGE, True, True), (Site("mail", "POST /send", "pay"), True, False),
        (Site("payments", "POST /v1/charges", "pay", 2), True, False)]


def test_where_the_proxy_did_not_know_the_step_it_is_not_made_up() -> None:
    found = lesson(exchange("a", call=None), exchange("b", call=None, started_at=100.02))
    assert [each.site for each in found.reached] == [
        Site("payments", "POST /v1/charges"), Site("payments", "POST /v1/charges", ordinal=2)]


def test_a_finding_is_a_break_with_its_step() -> None:
    found = lesson(step=step_ended("pay", "broken", finding()))
    assert (found.judged, found.breaks) == ("fail", (Break("pay", "within", "within"),))
    assert found.breaks[0].sentence == "within: expected at most 400 ms, saw 612 ms"


def test_an_oracle_that_saw_something_is_a_break_without_a_never() -> None:
    twice = (exchange("a", body="b"), exchange("b", body="b", started_at=101.0))
    assert lesson(*twice).breaks == (Break("pay", "never", "duplicate-write"),)
    assert lesson(*twice).judged == "fail"
    assert lesson(*twice, oracles=("retry-storm",)).judged == "pass"


def test_an_oracle_that_a_step_names_too_is_one_break() -> None:
    twice = (exchange("a", body="b"), exchange("b", body="b", started_at=101.0))
    named = Finding("never", "duplicate-write", "never duplicate-write", "twice")
    found = lesson(*twice, step=step_ended("pay", "broken", named))
    assert found.breaks == (Break("pay", "never", "duplicate-write"),)
    assert found.breaks[0].sentence.startswith("duplicate-write: ")
    assert lesson(step=step_ended("pay", "broken", named)).breaks == found.breaks


def test_a_fault_with_a_receipt_has_fired_and_another_has_not() -> None:
    two = Try({}, (Placed(CHARGE, Status(503)), Placed(CHARGE, Hang(1.0))))
    assert lesson(exchange(), RECEIPT, made=two).fired == {0}


def test_an_account_that_the_product_refuses_is_no_failure() -> None:
    assert lesson(how="set-up-refused").judged == "refused"


def test_what_is_not_judged_is_inconclusive_with_its_reason() -> None:
    found = lesson(how="stopped")
    assert (found.judged, found.because) == ("inconclusive", "the run was stopped before the journey ended")


def test_a_fault_that_nobody_notices_looks_like_an_untroubled_journey() -> None:
    calm = lesson(exchange(), body='{"id": "a", "n": 1}')
    assert lesson(exchange(status=503), RECEIPT, body='{"n": 2, "id": "b"}').signature == calm.signature


@pytest.mark.parametrize("change", [
    {"status": 202}, {"body": '{"id": 1}'}, {"seconds": 2.0}, {"step": step_ended("pay", "degraded", because="under")},
    {"step": step_ended("pay", "broken", finding())},
])
def test_what_a_user_notices_changes_the_signature(change: dict[str, Any]) -> None:
    assert lesson(exchange(), **change).signature != lesson(exchange()).signature


def test_a_retry_and_a_call_to_somebody_else_change_the_signature() -> None:
    calm = lesson(exchange()).signature
    assert lesson(exchange(), exchange("b", started_at=101.0)).signature != calm
    assert lesson(exchange(), exchange("b", edge="mail")).signature != calm


def test_harm_grows_with_waiting_repeating_and_writes_that_came_to_nothing() -> None:
    degraded = step_ended("pay", "degraded", because="under")
    harms = [lesson(exchange()).harm, lesson(exchange(), seconds=2.0).harm,
             lesson(exchange(), step=degraded).harm, lesson(step=step_ended("pay", "broken", finding())).harm]
    assert harms == sorted(harms)
    assert len(set(harms)) == 4


def test_when_a_product_gave_up_is_kept() -> None:
    gone = Injected("x1", RECEIPT.trial, "payments.hang[0]", "hang", "payments", CHARGE.call, 1, 100.01, gave_up_s=0.31)
    assert lesson(exchange(status=None), gone).reached[0].gave_up_s == 0.31


def test_calls_that_set_the_account_up_are_none_of_the_journeys() -> None:
    put = replace(step_ended("given.1"), phase="given")
    journal = Journal().runner(started("explore", SLOW), sent("given.1", phase="given"), replied(), put, ended()).proxy(exchange())
    evidence = fold(journal.lines).trials[0]
    assert learned((), evidence, judge_trial(evidence, reachable=True)).reached == ()


def test_a_broken_promise_of_the_whole_journey_is_a_break_of_no_step() -> None:
    lost = Finding("always", "invites $.items", "a length of 1", "a length of 0")
    promises = (InvariantJudged(TRIAL, "always", "paid and there", "broken", (lost, lost)),
                InvariantJudged(TRIAL, "never", "duplicate-write", "broken", (Finding("never", "pay", "never", "twice"),)),
                InvariantJudged(TRIAL, "never", "unpaid", "held"))
    found = lesson(exchange("a", body="b"), exchange("b", body="b", started_at=101.0), *promises)
    assert found.judged == "fail"
    assert found.breaks == (Break("pay", "never", "duplicate-write"), Break("", "always", "paid and there"))
    assert found.breaks[1].sentence == "always 'paid and there': invites $.items: expected a length of 1, saw a length of 0"


def test_what_a_probe_causes_is_no_place_for_a_fault() -> None:
    asked = sent("probe invites", 9, phase="probe")
    assert lesson(exchange("a"), asked, exchange("b", call=9, started_at=102.0)) == lesson(exchange("a"), asked)
