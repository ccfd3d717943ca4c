from dataclasses import replace

import pytest

from flowprobe.core.events import ExchangeEnded
from flowprobe.core.evidence import fold
from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Expect, Sends, Under
from flowprobe.core.sends import judge_sends
from flowprobe.core.trial import NO_FAULTS
from tests.journals import Journal, ended, exchange, injected, replied, sent, started, step_ended
from tests.scenes import HERE, a_plan, a_scenario, a_step


def promise(calls: object, path: str = "/v1/charges") -> Expect:
    return Expect(sends=(Sends("payments", "POST", path, calls, HERE),))  # type: ignore[arg-type]


def outcome(expect: Expect, *exchanges: ExchangeEnded, under: Expect | None = None) -> str:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()).proxy(*exchanges)
    plan = a_plan("slow", payments=Latency(1)) if under else NO_FAULTS
    unders = (Under("slow", {"one": under}, HERE),) if under else ()
    scenario = a_scenario(a_step("one", "GET /one", expect=expect), under=unders)
    judged, = judge_sends(scenario, plan, fold(journal.lines).trials[0])
    return judged.outcome


@pytest.mark.parametrize(("calls", "count", "found"), [
    (1, 1, "held"), (1, 0, "broken"), (1, 2, "broken"), (0, 0, "held"), ({"$lt": 3}, 2, "held"), ({"$lt": 3}, 3, "broken"),
])
def test_calls_are_counted(calls: object, count: int, found: str) -> None:
    assert outcome(promise(calls), *(exchange(f"x{n}") for n in range(count))) == found


@pytest.mark.parametrize(("calls", "seen", "found"), [
    (1, 0, "held"), (1, 1, "held"), (2, 0, "broken"), (0, 0, "held"), ({"$gt": 1}, 1, "held")])
def test_a_connection_that_our_fault_refused_may_have_been_a_call(calls: object, seen: int, found: str) -> None:
    refused = exchange("no", method="CONNECT", site="CONNECT payments", path="", status=None, upstream_status=None)
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    journal.proxy(refused, injected("no"), *(exchange(f"x{n}") for n in range(seen)))
    scenario = a_scenario(a_step("one", "GET /one", expect=promise(calls)))
    assert judge_sends(scenario, NO_FAULTS, fold(journal.lines).trials[0])[0].outcome == found


def test_only_the_provider_method_and_path_that_are_named_count() -> None:
    others = (exchange("a", edge="mail"), exchange("b", method="GET"), exchange("c", path="/v1/charges/7"))
    assert outcome(promise(0), *others) == "held"
    assert outcome(promise(1, "/v1/charges/*"), *others) == "held"


def test_what_under_allows_is_degraded() -> None:
    assert outcome(promise(1), exchange("a"), exchange("b"), under=promise({"$lt": 3})) == "degraded"


def test_the_finding_names_the_place_and_both_numbers() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    scenario = a_scenario(a_step("one", "GET /one", expect=promise(1)))
    finding = judge_sends(scenario, NO_FAULTS, fold(journal.lines).trials[0])[0].findings[0]
    assert (finding.where, finding.expected, finding.seen, finding.place) == (
        "POST /v1/charges to 'payments'", "once", "0 times", str(HERE))


@pytest.mark.parametrize(("effects", "keys", "found"), [
    (1, ["k1", "k1", "k1"], "held"), (1, ["k1", "k2"], "broken"), (0, [], "held"), ({"$lt": 3}, ["k1", "k2"], "held"),
])
def test_an_effect_is_a_distinct_key_that_the_provider_answered(effects: object, keys: list[str], found: str) -> None:
    expect = Expect(sends=(Sends("payments", "POST", "/v1/charges", None, HERE, effects=effects),))  # type: ignore[arg-type]
    acted = [exchange(f"x{number}", key=key, upstream_status=201) for number, key in enumerate(keys)]
    assert outcome(expect, *acted) == found


def test_a_lost_reply_is_an_effect_and_a_refusal_is_none() -> None:
    expect = Expect(sends=(Sends("payments", "POST", "/v1/charges", {"$lt": 4}, HERE, effects=1),))
    lost = exchange("a", key="k1", upstream_status=201, status=None)
    refused = exchange("b", key="k2", upstream_status=402, status=402)
    assert outcome(expect, lost, refused) == "held"


def test_without_a_key_the_body_tells_effects_apart() -> None:
    expect = Expect(sends=(Sends("payments", "POST", "/v1/charges", None, HERE, effects=2),))
    assert outcome(expect, *(exchange(f"x{n}", body=body, upstream_status=200) for n, body in enumerate(["a", "b", "a"]))) == "held"


def test_webhooks_are_counted_on_their_own_edge() -> None:
    expect = Expect(receives=(Sends("payments", "POST", "/hooks/paid", 1, HERE, webhook=True),))
    there = exchange("a", edge="payments.webhooks", path="/hooks/paid")
    assert (outcome(expect, there), outcome(expect, exchange("b", path="/hooks/paid"))) == ("held", "broken")


def test_what_does_not_pass_us_is_not_judged_and_is_named() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    scenario = a_scenario(a_step("one", "GET /one", expect=promise(1)))
    judged, = judge_sends(scenario, NO_FAULTS, fold(journal.lines).trials[0], watched={"mail"})
    assert (judged.outcome, judged.findings, judged.unseen) == ("held", (), ("POST /v1/charges to 'payments'",))


# --- oracles --------------------------------------------------------------------------------------


def lost_and_sent_again() -> tuple[ExchangeEnded, ...]:
    return (exchange("a", status=None, upstream_status=201, body="b"), exchange("b", started_at=101.0, body="b"))


@pytest.mark.parametrize(("never", "found"), [
    (("duplicate-write",), "broken"), (("retry-storm",), "held"), (("stack-trace", "unkeyed-retry"), "broken"),
])
def test_only_the_oracles_that_are_named_count(never: tuple[str, ...], found: str) -> None:
    assert outcome(Expect(never=never), *lost_and_sent_again()) == found


def test_under_may_ask_for_less() -> None:
    strict, mild = Expect(never=("duplicate-write",)), Expect(never=("stack-trace",))
    assert outcome(strict, *lost_and_sent_again(), under=mild) == "degraded"


@pytest.mark.parametrize(("gave_up", "kind", "found"), [
    (0.3, "latency", "held"), (3.0, "latency", "broken"), (None, "hang", "broken"), (None, "latency", "held"),
])
def test_a_product_may_wait_only_so_long(gave_up: float | None, kind: str, found: str) -> None:
    receipt = replace(injected("a"), kind=kind, gave_up_s=gave_up, asked_s=30.0, slept_s=30.0)
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    journal.proxy(exchange("a", status=None), receipt)
    scenario = a_scenario(a_step("one", "GET /one", expect=Expect(gives_up=2.0)))
    judged, = judge_sends(scenario, NO_FAULTS, fold(journal.lines).trials[0])
    assert judged.outcome == found


def test_oracles_without_a_proxy_are_named_as_not_judged() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    expect = Expect(never=("duplicate-write", "stack-trace"), gives_up=2.0)
    scenario = a_scenario(a_step("one", "GET /one", expect=expect))
    judged, = judge_sends(scenario, NO_FAULTS, fold(journal.lines).trials[0], watched=())
    assert judged.unseen == ("never duplicate-write", "gives_up")


# --- calls that are nobody's ----------------------------------------------------------------------


def with_nobodys(expect: Expect, *nobodys: ExchangeEnded, ours: tuple[ExchangeEnded, ...] = ()) -> tuple[str, tuple[str, ...]]:
    journal = Journal().runner(started(), sent("one"), replied(at=100.0), step_ended("one"), ended()).proxy(*ours)
    scenario = a_scenario(a_step("one", "GET /one", expect=expect))
    judged, = judge_sends(scenario, NO_FAULTS, fold(journal.lines).trials[0], nobodys=nobodys)
    return judged.outcome, judged.unsure


def nobodys(id: str = "n1", **more: object) -> ExchangeEnded:
    return exchange(id, trial=None, call=None, **{"evidence": "none", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_calls_that_may_be_a_steps_are_neither_kept_nor_broken_promises(calls: int) -> None:
    assert with_nobodys(promise(calls), nobodys("a"), nobodys("b")) == (
        "held", ("POST /v1/charges to 'payments': 2 calls passed meanwhile, and nothing tells whose",))


def test_where_marks_come_through_a_call_without_one_is_somebody_elses() -> None:
    assert with_nobodys(promise(1), nobodys(), ours=(exchange("a"),)) == ("held", ())
    assert with_nobodys(promise(2), nobodys(), ours=(exchange("a"),)) == ("broken", ())


def test_a_call_with_the_marks_of_two_trials_leaves_it_open_all_the_same() -> None:
    assert len(with_nobodys(promise(1), nobodys(evidence="ambiguous"), ours=(exchange("a"),))[1]) == 1


@pytest.mark.parametrize("other", [
    nobodys(edge="mail"), nobodys(path="/v1/refunds"), nobodys(method="GET"), nobodys(started_at=99.0),
])
def test_what_cannot_be_meant_is_no_doubt(other: ExchangeEnded) -> None:
    assert with_nobodys(promise(0), other) == ("held", ())


def test_what_is_never_done_cannot_be_told_of_calls_that_are_nobodys() -> None:
    assert with_nobodys(Expect(never=("duplicate-write",)), nobodys())[1] == (
        "what it never does, to 'payments': 1 call passed meanwhile, and nothing tells whose",)
    assert with_nobodys(Expect(never=("stack-trace",)), nobodys())[1] == ()
