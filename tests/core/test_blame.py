import pytest

from flowprobe.core.blame import violations, why
from flowprobe.core.events import InvariantJudged
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.findings import Finding
from tests.journals import SLOW, Journal, ended, exchange, finding, injected, replied, sent, started, step_ended
from tests.scenes import TRIAL


def trial(journal: Journal) -> TrialEvidence:
    return fold(journal.lines).trials[0]


TWIN = trial(Journal().runner(started(), sent("one"), replied(seconds=0.045), step_ended("one"), ended()))


def test_the_sentence_names_step_promise_injection_and_the_unfaulted_trial() -> None:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one", "broken", finding()), ended())
    journal.proxy(exchange(), injected())
    assert why(trial(journal), TWIN) == (
        "Step 'one' took 612 ms where at most 400 ms was promised, while latency 500ms was injected into 'payments'. "
        "Without the fault: 200 in 45 ms.")


def test_an_injection_under_an_earlier_step_is_said_to_come_before() -> None:
    journal = Journal().runner(
        started("slow", SLOW), sent("one", 1), replied(1), step_ended("one"),
        sent("two", 2), replied(2, at=101.0), step_ended("two", "broken", finding("status", "200", "409")), ended())
    journal.proxy(exchange(), injected())
    assert "was answered 409 where 200 was promised, after latency 500ms was injected into 'payments'" in why(trial(journal), None)


def test_without_an_injection_nothing_is_blamed_on_one() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended())
    assert why(trial(journal), None) == "Step 'one' took 612 ms where at most 400 ms was promised."


def test_a_pass_needs_no_sentence() -> None:
    assert why(TWIN, None) == ""


def test_a_poll_that_ran_out_says_what_it_last_saw() -> None:
    waited = Finding("poll", "$.state", '"done" within 3.0 s', '"running", after 6 calls in 2.6 s')
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", waited), ended())
    assert why(trial(journal), None) == (
        "Step 'one' was polled in vain: $.state was \"running\", after 6 calls in 2.6 s where \"done\" within 3.0 s was promised.")


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
    assert why(trial(journal), None) == f"Step 'one' {sentence}."


UNPAID = InvariantJudged(TRIAL, "never", "there and unpaid", "broken", (
    Finding("never", "", "never this", "the probe 'invites' shows 200", "f:1:1"),))


def test_where_no_step_is_broken_the_sentence_is_that_of_the_broken_promise() -> None:
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(), step_ended("one", "degraded", finding()), ended(), UNPAID)
    journal.proxy(exchange(), injected())
    assert why(trial(journal), None) == ("Broken, never 'there and unpaid': the probe 'invites' shows 200, "
                                         "after latency 500ms was injected into 'payments'.")


def test_a_broken_step_comes_before_a_broken_promise() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended(), UNPAID)
    assert why(trial(journal), None).startswith("Step 'one' took")


def test_an_oracle_that_saw_something_names_the_step() -> None:
    seen = InvariantJudged(TRIAL, "never", "retry-storm", "broken", (Finding("never", "one", "never retry-storm", "sent 9 times"),))
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended(), seen)
    assert violations(trial(journal)) == ("never 'retry-storm': one: sent 9 times",)
