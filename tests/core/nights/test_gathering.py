from __future__ import annotations

from dataclasses import replace

from flowprobe.core.events import CallReplied
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.findings import Finding
from flowprobe.core.nights.gathering import Tally, attempt_of, journey_of, signature_of
from flowprobe.core.nights.model import Counted, Journey, Sample, Series, Shape
from flowprobe.core.verdict import Blame, Kind, Verdict
from tests.journals import SLOW, Journal, ended, exchange, finding, injected, replied, sent, started, step_ended

JOURNEY = Journey("Paying", "admin=pro-eu")
PASSED = Verdict(Kind.PASS, Blame.NONE, ())
FAILED = Verdict(Kind.FAIL, Blame.PRODUCT, ())


def passed() -> TrialEvidence:
    return fold(Journal().runner(started(), sent("pay"), replied(), step_ended("pay"), ended()).proxy(exchange()).lines
                ).trials[0]


def failed(*findings: Finding) -> TrialEvidence:
    found = passed()
    return replace(found, steps=tuple(replace(each, outcome="broken", findings=findings) for each in found.steps))


def late(seen: str) -> Finding:
    return Finding("within", "within", "at most 400 ms", seen)


def test_a_journey_is_called_by_its_scenario_its_personas_and_its_plan() -> None:
    assert str(journey_of("Paying", {"admin": "pro-eu", "user": "free"}, "")) == "Paying (admin=pro-eu, user=free)"
    assert journey_of("Paying", {}, "slow").plan == "slow"


def test_the_same_thing_broken_in_the_same_way_has_one_signature() -> None:
    assert signature_of(failed(late("509 ms")), FAILED) == signature_of(failed(late("1.2 s")), FAILED)
    status = Finding("status", "status", "200", "502")
    others = [signature_of(failed(each), FAILED) for each in (late("1 s"), status, replace(status, seen="503"))]
    assert len(set(others)) == 3


def test_what_cannot_be_judged_has_one_signature_whatever_its_numbers_are() -> None:
    def unsure(reason: str) -> str:
        return signature_of(passed(), Verdict(Kind.INCONCLUSIVE, Blame.ENVIRONMENT, (reason,)))

    assert unsure("GET /x: refused after 12 ms") == unsure("GET /x: refused after 340 ms")
    assert unsure("GET /x: refused") != unsure("GET /x: timed out")


def test_an_attempt_says_what_broke_without_its_secrets() -> None:
    found = attempt_of(JOURNEY, failed(Finding("status", "status", "200", "s3cret")), FAILED, number=2, at=5.0,
                       redact=lambda text: text.replace("s3cret", "***"))
    assert (found.number, found.step, found.verdict, found.blame) == (2, "pay", Kind.FAIL, Blame.PRODUCT)
    assert "***" in found.sentence
    assert "s3cret" not in found.sentence
    assert attempt_of(JOURNEY, passed(), PASSED, number=1, at=5.0).signature == ""


def test_what_breaks_under_faults_says_on_whose_calls_they_fell() -> None:
    journal = Journal().runner(started("slow", SLOW), sent("pay"), replied(), step_ended("pay", "broken", finding()), ended())
    found = fold(journal.proxy(exchange(), injected()).lines).trials[0]
    assert attempt_of(replace(JOURNEY, plan="slow"), found, FAILED, number=1, at=5.0).provider == "payments"
    assert attempt_of(JOURNEY, failed(late("1 s")), FAILED, number=1, at=5.0).provider == ""


def test_the_times_of_a_pass_are_taken_and_those_of_a_failure_are_not() -> None:
    tally = Tally()
    tally.add(JOURNEY, passed(), PASSED)
    tally.add(JOURNEY, passed(), PASSED)
    tally.add(JOURNEY, failed(late("1 s")), FAILED)
    tally.add(replace(JOURNEY, plan="slow"), passed(), PASSED)
    tally.control("health", 0.25)
    assert {(each.series.kind, each.series.name): len(each.seconds) for each in tally.samples} == {
        ("step", "pay"): 2, ("provider", "payments"): 2, ("control", "health"): 1}
    assert [(each.journey.plan, each.step, each.tries, each.failures) for each in tally.counted] == [
        ("none", "", 3, 1), ("none", "pay", 3, 1), ("slow", "", 1, 0), ("slow", "pay", 1, 0)]


def test_what_cannot_be_judged_counts_neither_way() -> None:
    tally = Tally()
    tally.add(JOURNEY, passed(), Verdict(Kind.INCONCLUSIVE, Blame.TOOL, ("the proxy is gone",)))
    assert (tally.samples, tally.counted, tally.shapes) == ((), (), ())


def test_replies_are_remembered_by_their_shape() -> None:
    def add(tally: Tally, text: str) -> None:
        evidence = passed()
        assert isinstance(evidence.calls[-1].outcome, CallReplied)
        tally.add(JOURNEY, evidence, PASSED, lambda: {evidence.calls[-1].sent.call: text})

    tally, silent = Tally(), Tally(words=False)
    for text in ('{"state": "open"}', '{"state": "shut"}', "no JSON"):
        add(tally, text)
        add(silent, text)
    shape, = tally.shapes
    assert (shape.step, shape.paths["$.state"]) == ("pay", ('"open"', '"shut"', "string"))
    assert silent.shapes[0].paths["$.state"] == ("string",)


def test_what_was_measured_before_in_the_same_night_counts_with_what_is_measured_now() -> None:
    journey, series, shape = Journey("s", "a=b"), Series("control", "health"), Shape("s", "ask", {"$": ("object",)})
    tally = Tally()
    tally.control("health", 0.2)
    for _ in range(2):
        tally.recall([Sample(series, (0.1, 0.3))], [Counted(journey, "", 3, 1)], [shape])
    assert tally.samples == (Sample(series, (0.2, 0.1, 0.3, 0.1, 0.3)),)
    assert (tally.counted, tally.shapes) == ((Counted(journey, "", 6, 2),), (shape,))
