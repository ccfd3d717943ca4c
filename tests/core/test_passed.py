"""Why a fault never fired, in a sentence that says what to look at."""

from __future__ import annotations

import pytest

from flowprobe.core.events import FaultsPassed, PlannedFault
from flowprobe.core.evidence import fold
from flowprobe.core.passed import REASONS, why_never_fired
from flowprobe.core.verdict import Blame, Kind, judge_run
from tests.journals import Journal, ended, exchange, injected, replied, sent, started, step_ended
from tests.scenes import TRIAL

FAULT = PlannedFault("payments", "payments", "latency", "latency 500ms", "probability 0.1")


def journal(passed: dict[str, int], *, calls: int = 0, fault: PlannedFault = FAULT) -> Journal:
    lines = Journal().runner(started("slow", fault), sent("one"), replied(), step_ended("one"), ended())
    lines.proxy(*(exchange(f"x{number}") for number in range(calls)))
    return lines.proxy(FaultsPassed("l", TRIAL, {fault.id: passed})) if passed else lines


def why(passed: dict[str, int], *, calls: int = 0, fault: PlannedFault = FAULT) -> str:
    (trial,) = fold(journal(passed, calls=calls, fault=fault).lines).trials
    return why_never_fired(trial, fault)


@pytest.mark.parametrize(("passed", "expected"), [
    ({"probability": 3}, "the draw spared 3 calls: it asks for probability 0.1; another --seed draws anew"),
    ({"share": 1}, "1 call would have been more than its `share`: it asks for probability 0.1; another --seed draws anew"),
    ({"method": 2, "path": 1}, "`match` did not fit 3 calls: 2 had another method, 1 had another path"),
    ({"unattributed": 2}, "nothing told for whom the product made 2 calls"),
    ({"ambiguous": 1}, "1 call bore the marks of two trials"),
    ({"shorter": 1}, "the reply of 1 call had no more bytes than it was to be cut after: it asks for probability 0.1"),
    ({"step-unknown": 1}, "nothing told the step of 1 call: the product does not pass `traceparent` or `baggage` on"),
    ({"path": 4, "after": 1}, "1 call came before its turn, which `after` and `every` put off; `match` did not fit 4 "
                              "calls: 4 had another path: it asks for probability 0.1"),
    ({"something-new": 2}, "it passed by 2 calls: something-new"),
])
def test_the_reasons_are_told_with_their_numbers(passed: dict[str, int], expected: str) -> None:
    assert why(passed) == f"latency 500ms on 'payments' never fired: {expected}"


def test_the_sites_of_the_calls_are_named() -> None:
    assert why({"probability": 2}, calls=2) == (
        "latency 500ms on 'payments' never fired: the draw spared 2 calls (POST /v1/charges ×2): it asks for probability "
        "0.1; another --seed draws anew")


def test_no_call_at_all_and_calls_before_it_was_armed_are_told_apart() -> None:
    assert "the product made no call to 'payments'" in why({})
    assert "none of the calls came while it was armed (POST /v1/charges ×1)" in why({}, calls=1)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_makes_a_sentence(reason: str) -> None:
    plain = PlannedFault("mail", "mail", "status", "status 503")
    said = why({reason: 2}, fault=plain)
    assert said.startswith("status 503 on 'mail' never fired: ")
    assert "2 calls" in said
    assert "{" not in said


def test_the_rules_of_a_lease_that_are_put_on_twice_are_added_up() -> None:
    lines = journal({"after": 1}).proxy(FaultsPassed("l", TRIAL, {"payments": {"after": 2, "first": 1}}),
                                       FaultsPassed("m", "ffeeddccbbaa9988", {"payments": {"after": 5}}))
    (trial,) = fold(lines.lines).trials
    assert trial.passed == {"payments": {"after": 3, "first": 1}}


def test_a_fault_that_fired_has_no_need_of_reasons() -> None:
    lines = journal({"first": 3}, calls=1).proxy(injected("x0"))
    verdict = judge_run(fold(lines.lines))[TRIAL]
    assert (verdict.kind, verdict.blame) == (Kind.PASS, Blame.NONE)


def test_the_verdict_says_the_reason() -> None:
    verdict = judge_run(fold(journal({"probability": 3}).lines))[TRIAL]
    assert (verdict.kind, verdict.blame) == (Kind.INCONCLUSIVE, Blame.FAULT)
    assert "the draw spared 3 calls" in verdict.reasons[0]
