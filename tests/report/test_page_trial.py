from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from flowprobe.core.events import CleanupEnded, CleanupPlanned, CleanupSettled, FaultsPassed, TrialStarted
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.redact import Redactor
from flowprobe.core.verdict import judge_run
from flowprobe.report.model import Beside, Carried, LastGood
from flowprobe.report.page_trial import trial_page
from tests.journals import SLOW, TRIAL, Journal, ended, exchange, finding, injected, replied, sent, started, step_ended
from tests.report.pages import Page, read

OTHER = "ffeeddccbbaa9988"
BESIDE = Beside()


def page_of(*trials: TrialEvidence, beside: Beside = BESIDE, journal: Journal) -> Page:
    twin, trial = trials if len(trials) == 2 else (None, trials[0])
    verdict = judge_run(fold(journal.lines))[trial.started.trial]
    return read("".join(trial_page(trial, verdict, twin, beside)))


def failed() -> Journal:
    journal = Journal().runner(
        started(), sent("one"), replied(), step_ended("one"), ended(), started("slow", SLOW, trial=OTHER),
        sent("one", trial=OTHER), replied(trial=OTHER), step_ended("one", "broken", finding(), trial=OTHER), ended(trial=OTHER))
    return journal.proxy(exchange(trial=OTHER), injected(trial=OTHER), FaultsPassed("l", OTHER, {"payments": {"other-site": 2}}))


def test_a_failed_trial_tells_why_and_how_to_run_it_again() -> None:
    journal = failed()
    page = page_of(*fold(journal.lines).trials, journal=journal)
    assert "'A journey' for pro-eu fails: step 'one' took 612 ms where at most 400 ms was promised" in page.texts["p"][0]
    assert "; without the fault it was answered 200 in 50 ms." in page.texts["p"][0]
    assert "flowprobe run …" in page.texts["code"]
    assert "612 ms" in page.texts["strong"]


def test_the_fault_plan_says_what_came_of_it_and_by_what_the_calls_were_known() -> None:
    journal = failed()
    texts = page_of(*fold(journal.lines).trials, journal=journal).texts["td"]
    assert "injected once, passed 2 by (other-site)" in texts
    assert "payments: POST /v1/charges #1" in texts
    assert {"500 ms", "501 ms"} <= set(texts)


def test_what_the_calls_carried_is_read_for_both_trials() -> None:
    asked: dict[str, Collection[str]] = {}

    def carried(trial: str, calls: Collection[str]) -> Mapping[str, Carried]:
        asked[trial] = calls
        return {call: Carried(replace(sent("one", trial=trial), body='{"a": 1}'), replied(trial=trial)) for call in calls}

    journal = failed()
    page = page_of(*fold(journal.lines).trials, beside=Beside(carried), journal=journal)
    assert asked == {TRIAL: {sent("one").call}, OTHER: {sent("one", trial=OTHER).call}}
    assert "What one sent and got" in page.texts["h3"]
    assert any(text.startswith("curl -i -X GET http://acme.test/one") for text in page.texts["code"])


def test_a_failure_without_any_fault_stands_beside_the_newest_run_that_passed() -> None:
    asked: list[tuple[str, Collection[str]]] = []

    def carried(trial: str, calls: Collection[str]) -> Mapping[str, Carried]:
        return {call: Carried(sent("one", trial=trial), replied(trial=trial)) for call in calls}

    def before(trial: TrialStarted, steps: Collection[str]) -> LastGood:
        asked.append((trial.trial, steps))
        return LastGood("r1", {"one": Carried(sent("one"), replied(status=201))})

    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended())
    page = page_of(*fold(journal.lines).trials, beside=Beside(carried, earlier=before), journal=journal)
    assert asked == [(TRIAL, {"one"})]
    assert " - the run r1, in which it passed, + this one" in page.texts["figcaption"]
    alone = page_of(*fold(journal.lines).trials, beside=Beside(carried), journal=journal)
    assert "figcaption" not in alone.texts


def test_nothing_is_read_for_a_trial_that_passed() -> None:
    def carried(_trial: str, _calls: Collection[str]) -> Mapping[str, Carried]:
        pytest.fail("a body was read")

    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    page = page_of(*fold(journal.lines).trials, beside=Beside(carried), journal=journal)
    assert "GET /one" in page.texts["code"]


def test_what_is_odd_in_the_account_is_marked() -> None:
    journal = Journal().runner(replace(started(), account={"seats": 0, "plan": "pro"}), sent("one"), replied(), step_ended("one"), ended())
    page = page_of(*fold(journal.lines).trials, beside=Beside(usual={"seats": 3, "plan": "pro"}), journal=journal)
    assert page.texts["mark"] == ["odd: seats = 0 (3 by default)"]
    assert "plan = pro" in page.texts["li"]


def test_every_state_of_a_cleanup_is_said() -> None:
    journal = Journal().runner(
        started(), sent("one"), replied(), step_ended("one"), CleanupPlanned(TRIAL, "a", 1, "pro-eu", "DELETE /a"),
        CleanupSettled(TRIAL, "b", 2, "pro-eu", "not-needed"), CleanupEnded(TRIAL, "c", "failed", "was answered 500"), ended())
    texts = page_of(*fold(journal.lines).trials, journal=journal).texts["li"]
    assert {"a: DELETE /a was planned, and nothing is known of it", "b: not needed", "c: failed: was answered 500"} <= set(texts)


def test_it_stands_in_lines_without_breaks() -> None:
    journal = Journal().runner(started(), sent("a\nb"), replied(), step_ended("a\nb", "broken", finding("json", "a\nb", "c\r\nd")), ended())
    evidence = fold(journal.lines)
    trial, = evidence.trials
    assert not any("\n" in line for line in trial_page(trial, judge_run(evidence)[TRIAL], None, BESIDE))


def test_a_secret_that_would_be_shown_otherwise_is_taken_out_before() -> None:
    secret = "s3cr3t\ttoken"
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding("json", secret, secret)), ended())
    evidence = fold(journal.lines)
    trial, = evidence.trials
    text = "".join(trial_page(trial, judge_run(evidence)[TRIAL], None, Beside(redact=Redactor([secret]))))
    assert "s3cr3t" not in text
    assert "«redacted»" in text
