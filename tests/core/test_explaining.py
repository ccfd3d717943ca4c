"""What a trial is put down to, read off journals that were written by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.events import Event, ExchangeEnded, Injected, InvariantJudged, PlannedFault
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.explaining import explained, why
from flowprobe.core.explanation import Explanation, sentence
from flowprobe.core.findings import Finding
from tests.journals import (
    SLOW,
    Journal,
    ended,
    exchange,
    finding,
    injected,
    replied,
    sent,
    started,
    step_ended,
    unanswered,
)
from tests.scenes import TRIAL


def trial(journal: Journal) -> TrialEvidence:
    return fold(journal.lines).trials[0]


TWIN = trial(Journal().runner(started(), sent("one"), replied(seconds=0.045), step_ended("one"), ended()).proxy(exchange()))


def test_the_sentence_names_step_promise_injection_and_the_unfaulted_trial() -> None:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one", "broken", finding()), ended())
    journal.proxy(exchange(), injected())
    assert why(trial(journal), TWIN) == (
        "'A journey' for pro-eu fails: step 'one' took 612 ms where at most 400 ms was promised, "
        "while latency 500ms was injected into 'payments'; without the fault it was answered 200 in 45 ms.")


def test_an_injection_under_an_earlier_step_is_said_to_come_before() -> None:
    journal = Journal().runner(
        started("slow", SLOW), sent("one", 1), replied(1), step_ended("one"),
        sent("two", 2), replied(2, at=101.0), step_ended("two", "broken", finding("status", "200", "409")), ended())
    journal.proxy(exchange(), injected())
    assert "was answered 409 where 200 was promised, after latency 500ms was injected into 'payments'" in why(trial(journal), None)


def test_without_an_injection_nothing_is_blamed_on_one() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended())
    assert why(trial(journal), None) == "'A journey' for pro-eu fails: step 'one' took 612 ms where at most 400 ms was promised; nothing had been injected by then."


def test_a_pass_needs_no_sentence() -> None:
    assert why(TWIN, None) == ""


def test_a_poll_that_ran_out_says_what_it_last_saw() -> None:
    waited = Finding("poll", "$.state", '"done" within 3.0 s', '"running", after 6 calls in 2.6 s')
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", waited), ended())
    assert why(trial(journal), None) == (
        "'A journey' for pro-eu fails: step 'one' was polled in vain: $.state was \"running\", after 6 calls in 2.6 s where \"done\" within 3.0 s was promised; "
        "nothing had been injected by then.")


@pytest.mark.parametrize(("said", "sentence"), [
    (Finding("receives", "POST /hooks/scan from 'scanner'", "once", "2 times", ""),
     "brought the product POST /hooks/scan from 'scanner' 2 times where once was promised"),
    (Finding("within", "within.p95", "at most 300 ms", "354 ms (20 calls: median 4 ms, slowest 355 ms)", ""),
     "had a p95 of 354 ms (20 calls: median 4 ms, slowest 355 ms) where at most 300 ms was promised"),
    (Finding("repeat", "repeat", "an end within 5 rounds", "page.next is still there", ""),
     "was repeated in vain: an end within 5 rounds was promised, and page.next is still there"),
    (Finding("capture", "header Location", "a value to capture as 'code'", "nothing there", ""),
     "gave no value to capture as 'code': header Location was nothing there"),
    (Finding("timeout", "the journey", "its end within 2.0 s", "1.9 s before it", ""),
     "came too late: the journey had taken 1.9 s before it, and its end within 2.0 s was promised"),
    (Finding("value", "call", "a value that fits its place", "${a.b} is null", ""),
     "could not be made: ${a.b} is null"),
    (Finding("value", "call (two)", "a value that fits its place",
             "${l.u}: 'http://x' is neither a path nor a URL of a target of this environment", ""),
     "could not be made: ${l.u} is 'http://x', which is neither a path nor a URL of a target of this environment, "
     "in the round (two)"),
    (Finding("value", "json", "a value to compare with", "${a.b} is null", ""),
     "could not be made or judged: json needs a value to compare with, ${a.b} is null"),
])
def test_each_kind_of_finding_has_its_own_words(said: Finding, sentence: str) -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", said), ended())
    assert why(trial(journal), None) == f"'A journey' for pro-eu fails: step 'one' {sentence}; nothing had been injected by then."


UNPAID = InvariantJudged(TRIAL, "never", "there and unpaid", "broken", (
    Finding("never", "", "never this", "the probe 'invites' shows 200", "f:1:1"),))


def test_where_no_step_is_broken_the_sentence_is_that_of_the_broken_promise() -> None:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one", "degraded", finding()), ended(), UNPAID)
    journal.proxy(exchange(), injected())
    assert why(trial(journal), None) == ("'A journey' for pro-eu fails its promise never 'there and unpaid': "
                                         "the probe 'invites' shows 200, after latency 500ms was injected into 'payments'.")


def test_a_broken_step_comes_before_a_broken_promise() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended(), UNPAID)
    assert why(trial(journal), None).startswith("'A journey' for pro-eu fails: step 'one' took")


# --- whose doing it is ----------------------------------------------------------------------------

DOWN = PlannedFault("mail", "mail", "status", "status 503")
BROKEN = finding("status", "200", "502")


def made(said: Finding, *provider: Event, faults: tuple[PlannedFault, ...] = (SLOW, DOWN), seconds: float = 0.6) -> Explanation:
    """A trial of one step that breaks, with what its provider calls came to; the reply ends after `seconds`."""
    journal = Journal().runner(started("plan", *faults), sent("one"), replied(seconds=seconds), step_ended("one", "broken", said), ended())
    found = explained(trial(journal.proxy(*provider)), TWIN)
    assert found is not None
    assert why(trial(journal), TWIN) == sentence(found)
    return found


def waited(seconds: float = 0.501, *, gave_up: float | None = None) -> tuple[Event, ...]:
    return (exchange(ended=100.01 + seconds), replace(injected(), realised_s=seconds, gave_up_s=gave_up))


def failed(id: str = "x2", *, at: float = 100.05, **more: Any) -> tuple[Event, ...]:
    call = exchange(id, started_at=at, edge="mail", site="POST /send", status=503, **more)
    return (call, Injected(id, TRIAL, "mail", "status", "mail", "POST /send", 1, at))


def called(edge: str, *, at: float, status: int | None = 200) -> Event:
    return exchange(f"{edge}-{at}", started_at=at, edge=edge, site=f"GET /{edge}", status=status)


def blamed(found: Explanation) -> tuple[str, list[str], list[str], str]:
    return found.origin, [each.edge for each in found.because], [each.edge for each in found.beside], found.sure


def test_a_delay_that_alone_is_too_long_on_top_of_the_twin_is_sure() -> None:
    found = made(replace(finding(), late_s=0.2), *waited(), seconds=0.55)
    assert blamed(found) == ("fault", ["payments"], [], "sure")
    assert "because latency 500ms was injected into 'payments'" in sentence(found)
    assert found.because[0].did == "waited"


@pytest.mark.parametrize("doubt", ["slower besides", "answered before its end", "no twin"])
def test_a_delay_is_only_likely_where_something_else_may_have_been_slow(doubt: str) -> None:
    call, receipt = waited()
    assert isinstance(call, ExchangeEnded)
    call = replace(call, ended=109.0) if doubt == "answered before its end" else call
    seconds = 0.8 if doubt == "slower besides" else 0.55
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(seconds=seconds),
                               step_ended("one", "broken", replace(finding(), late_s=seconds - 0.4)), ended()).proxy(call, receipt)
    found = explained(trial(journal), None if doubt == "no twin" else TWIN)
    assert found is not None
    assert blamed(found) == ("fault", ["payments"], [], "likely")


def test_a_delay_of_a_call_that_bore_no_mark_is_as_sure_where_it_lay_within_the_step() -> None:
    call, receipt = waited()
    assert isinstance(call, ExchangeEnded)
    assert made(replace(finding(), late_s=0.2), replace(call, call=None), receipt, seconds=0.55).sure == "sure"


def test_a_delay_that_is_shorter_than_what_was_missed_does_not_explain_it() -> None:
    found = made(finding(), *waited(0.03), seconds=0.612)
    assert blamed(found) == ("product", [], ["payments"], "likely")
    assert "though latency 500ms was injected into 'payments', which does not explain it" in sentence(found)


def test_of_two_delays_the_one_that_is_too_short_is_left_out() -> None:
    short = (exchange("x2", edge="mail", ended=100.04), replace(injected("x2", fault="mail"), edge="mail", realised_s=0.02))
    found = made(replace(finding(), late_s=0.2), *waited(), *short, seconds=0.57)
    assert blamed(found)[:3] == ("fault", ["payments"], ["mail"])


def test_of_two_failures_nobody_sees_which_the_product_could_not_bear() -> None:
    found = made(BROKEN, *waited(0.3, gave_up=0.3), *failed(at=100.5))
    assert blamed(found) == ("fault", ["payments", "mail"], [], "likely")
    assert [each.did for each in found.because] == ["went on", "ended"]
    assert found.because[0].gave_up_s == 0.3
    assert "while latency 500ms was injected into 'payments' (given up after 300 ms) and status 503 was injected into 'mail'; " in sentence(found)


def test_a_delay_that_was_waited_out_does_not_explain_an_answer_beside_a_failure() -> None:
    assert blamed(made(BROKEN, *waited(), *failed(at=100.52)))[:3] == ("fault", ["mail"], ["payments"])


def test_nothing_but_a_delay_leaves_open_why_an_answer_is_wrong() -> None:
    found = made(BROKEN, *waited())
    assert blamed(found) == ("unknown", ["payments"], [], "unknown")
    assert "and nobody can tell whether that is why" in sentence(found)


def test_what_was_tried_again_with_success_did_not_break_the_answer() -> None:
    found = made(BROKEN, *failed(), exchange("x3", started_at=100.2, edge="mail", site="POST /send"))
    assert found.sure == "unknown"
    assert found.because[0].did == "tried again"


def test_a_promise_about_a_provider_is_put_down_to_the_fault_on_it() -> None:
    twice = Finding("sends", "POST /send to 'mail'", "once", "2 times")
    again = exchange("x3", started_at=100.2, edge="mail", site="POST /send")
    assert blamed(made(twice, *waited(), *failed(), again))[:3] == ("fault", ["mail"], ["payments"])


def test_a_provider_that_fails_by_itself_is_named() -> None:
    found = made(BROKEN, *waited(0.02), called("search", at=100.3, status=503))
    assert (found.origin, found.provider, found.failed, found.sure) == ("provider", "search", "answered 503", "likely")
    assert "while 'search' itself answered 503" in sentence(found)


def test_a_provider_that_is_slow_by_itself_is_named() -> None:
    slow = exchange(edge="search", ended=100.51)
    found = made(finding(), slow, faults=(), seconds=0.612)
    assert (found.origin, found.provider, found.failed) == ("provider", "search", "took 500 ms")


def test_where_nothing_answers_it_is_the_environment() -> None:
    silent = Finding("no-reply", "call", "a reply", "nothing listens there")
    journal = Journal().runner(started(), sent("one"), unanswered(), step_ended("one", "broken", silent), ended())
    found = explained(trial(journal), None)
    assert found is not None
    assert blamed(found) == ("environment", [], [], "likely")


def test_a_product_that_answered_its_twin_and_says_nothing_now_is_no_environment() -> None:
    silent = Finding("no-reply", "call", "a reply", "nothing listens there")
    journal = Journal().runner(started(), sent("one"), unanswered(), step_ended("one", "broken", silent), ended())
    found = explained(trial(journal), TWIN)
    assert found is not None
    assert found.origin == "product"


def test_of_several_rounds_the_one_that_was_late_is_looked_at() -> None:
    journal = Journal().runner(
        started("slow", SLOW), sent("one", 1), replied(1, seconds=0.612), sent("one", 2), replied(2, at=101.0),
        step_ended("one", "broken", replace(finding(), late_s=0.2)), ended()).proxy(*waited(0.55))
    twin = Journal().runner(started(), sent("one", 1), replied(1), sent("one", 2), replied(2, at=101.0), step_ended("one"), ended())
    twin.proxy(exchange())
    found = explained(trial(journal), trial(twin))
    assert found is not None
    assert blamed(found) == ("fault", ["payments"], [], "sure")


def test_without_any_fault_it_is_the_products_own_doing() -> None:
    assert blamed(made(BROKEN, faults=())) == ("product", [], [], "likely")


def test_what_fell_on_a_later_step_did_not_break_an_earlier_one() -> None:
    journal = Journal().runner(
        started("plan", DOWN), sent("one", 1), replied(1), step_ended("one", "broken", BROKEN),
        sent("two", 2), replied(2, at=100.5), step_ended("two"), ended()).proxy(*failed(at=100.6, call=2))
    found = explained(trial(journal), None)
    assert found is not None
    assert blamed(found) == ("product", [], [], "likely")


def test_the_sentence_is_made_from_the_value_alone() -> None:
    found = made(BROKEN, *failed())
    other = replace(found, step="two", broke="was odd", because=(replace(found.because[0], here=False, times=2),), without="")
    assert sentence(other) == "'A journey' for pro-eu fails: step 'two' was odd, after status 503 was injected into 'mail' (2 times)."
