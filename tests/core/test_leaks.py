"""What seems to have gone past the proxy, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flowprobe.core.events import ExchangeEnded
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.findings import Finding
from flowprobe.core.leaks import leaks_of
from tests.journals import Journal, ended, exchange, finding, injected, replied, sent, started, step_ended


def trial(*exchanges: ExchangeEnded, outcome: str = "held", findings: tuple[Finding, ...] = (), faulted: bool = False,
          plan: str = "none") -> TrialEvidence:
    """One step, one call, and the provider calls that came of it."""
    ending = replace(step_ended("pay"), outcome=outcome, findings=findings)
    journal = Journal().runner(started(plan), sent("pay"), replied(), ending, ended())
    journal.proxy(*exchanges, *((injected(),) if faulted else ()))
    return fold(journal.lines).trials[0]


def promised(seen: str, **more: Any) -> Finding:
    return replace(finding("sends"), where="POST /send to 'mail'", expected="once", seen=seen, **more)


def test_what_sends_promises_and_never_came_may_have_gone_past_us() -> None:
    (leak,) = leaks_of(trial(outcome="broken", findings=(promised("0 times"),)), None)
    assert (leak.edge, leak.what, leak.step, leak.because) == ("mail", "POST /send", "pay", "`sends` promises it")
    assert leak.sentence() == ("pay: POST /send to 'mail' was not seen, though `sends` promises it: the product did not "
                               "make it, or it went past the proxy")


def test_too_few_calls_or_a_step_that_went_wrong_are_no_leak() -> None:
    assert leaks_of(trial(outcome="broken", findings=(promised("2 times"),)), None) == ()
    assert leaks_of(trial(outcome="broken", findings=(promised("0 times (in 2 calls)"),)), None) == ()
    assert leaks_of(trial(outcome="broken", findings=(promised("0 times"), finding("status"))), None) == ()


def test_what_the_twin_made_and_this_trial_did_not_may_have_gone_past_us() -> None:
    twin = trial(exchange())
    (leak,) = leaks_of(trial(plan="slow"), twin)
    assert (leak.edge, leak.step, leak.because) == (exchange().edge, "pay",
                                                   "the unfaulted trial made it there and the step went alike")
    assert leaks_of(trial(exchange("x2"), plan="slow"), twin) == ()


def test_where_something_was_done_to_the_provider_or_the_step_nothing_follows() -> None:
    twin = trial(exchange())
    assert leaks_of(trial(plan="slow", faulted=True), twin) == ()
    assert leaks_of(trial(plan="slow", outcome="degraded"), twin) == ()


def test_a_provider_that_calls_back_was_asked() -> None:
    hook = replace(exchange(), edge="scanner.webhooks", evidence="trial-id", site="POST /hooks")
    (leak,) = leaks_of(trial(hook), None)
    assert (leak.edge, leak.because) == ("scanner", "it called back (POST /hooks) with a mark of this trial")
    assert leaks_of(trial(hook, replace(exchange("x2"), edge="scanner")), None) == ()
    assert leaks_of(trial(replace(hook, evidence="owned")), None) == ()
