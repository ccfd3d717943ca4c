"""What is promised of the whole journey, judged by hand-written journals and by what probes answered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import ExchangeEnded, InvariantJudged
from flowprobe.core.evidence import fold
from flowprobe.core.invariants import Asked, Seen, judge_invariant, unjudged
from flowprobe.core.parsed import Parsed
from flowprobe.core.statements import Facts, Invariant, Probe, Shows
from flowprobe.core.steps import Expect, Sends
from flowprobe.core.wire import NoReply, Reply
from tests.journals import Journal, ended, exchange, replied, sent, started, step_ended
from tests.scenes import HERE, TRIAL, a_step, text

INVITES = Probe("invites", a_step("probe invites", "GET /invites"), 5.0)
NAMES = {"account": {"card": "valid"}, "trial": {"id": TRIAL}}


def charges(**wanted: Any) -> Facts:
    return Facts((Sends("payments", "POST", "/v1/charges", wanted.get("calls"), HERE, wanted.get("effects")),))


def shows(shape: Any = None, **more: Any) -> Facts:
    expect = Expect(json=shape, has_json=True, **more) if shape is not None else Expect(**more)
    return Facts(shows=(Shows("invites", expect),))


def both(one: Facts, other: Facts) -> Facts:
    return Facts((*one.calls, *other.calls), (*one.shows, *other.shows))


def answered(status: int = 200, body: Any = None) -> Asked:
    reply = Reply("call", status, (), json.dumps(body).encode(), 100.0, 100.1, 100.2)
    return Asked(reply, Parsed(reply))


def silent(reason: Any) -> Asked:
    return Asked(NoReply("call", reason, "nobody there", 100.0, 101.0))


def seen(*exchanges: ExchangeEnded, nobodys: tuple[ExchangeEnded, ...] = (), watched: set[str] | None = None) -> Seen:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()).proxy(*exchanges)
    return Seen(fold(journal.lines).trials[0], watched, nobodys)


def judged(invariant: Invariant, what: Seen | None = None, asked: Asked | None = None) -> InvariantJudged:
    return judge_invariant(invariant, what or seen(), (INVITES,), {"invites": asked} if asked else {}, NAMES)


def always(then: Facts, given_: Facts | None = None, **more: Any) -> Invariant:
    return Invariant("always", "paid and there", HERE, given_ or Facts(), then, **more)


def never(facts: Facts, **more: Any) -> Invariant:
    return Invariant("never", "there and unpaid", HERE, facts, **more)


PAID = exchange("paid", upstream_status=201, key="k1")
ONE, NONE = {"items": [{"id": 1}]}, {"items": []}
CHARGED, THERE = charges(effects={"$gt": 0}), shows({"items": {"$length": 1}})


# --- always and never -----------------------------------------------------------------------------


@pytest.mark.parametrize(("exchanges", "body", "outcome"), [
    ((PAID,), ONE, "held"), ((PAID,), NONE, "broken"), ((), NONE, "held"), ((), ONE, "held"),
])
def test_where_the_condition_holds_so_must_the_rest(exchanges: tuple[ExchangeEnded, ...], body: object, outcome: str) -> None:
    assert judged(always(THERE, CHARGED), seen(*exchanges), answered(body=body)).outcome == outcome


@pytest.mark.parametrize(("exchanges", "body", "outcome"), [
    ((PAID,), ONE, "held"), ((), NONE, "held"), ((), ONE, "broken"),
])
def test_what_is_never_so_at_the_same_time_may_be_so_alone(exchanges: tuple[ExchangeEnded, ...], body: object, outcome: str) -> None:
    facts = both(charges(effects=0), shows({"items": {"$length": {"$gt": 0}}}))
    assert judged(never(facts), seen(*exchanges), answered(body=body)).outcome == outcome


def test_a_broken_promise_says_what_was_seen_where_and_why_it_applied() -> None:
    found = judged(always(THERE, CHARGED), seen(PAID), answered(body=NONE))
    (finding,) = found.findings
    assert (finding.kind, finding.where, finding.seen) == ("always", "invites $.items", "a length of 0")
    assert found.because == "while POST /v1/charges to 'payments' was seen once, with effect once"
    broken = judged(never(CHARGED), seen(PAID)).findings[0]
    assert (broken.kind, broken.seen) == ("never", "POST /v1/charges to 'payments' was seen once, with effect once")


def test_where_a_condition_on_names_does_not_fit_nothing_is_promised() -> None:
    expired = {"account.card": "expired"}
    assert judged(never(CHARGED, when=expired), seen(PAID)).outcome == "held"
    assert judged(never(CHARGED, when={"account.card": "valid"}), seen(PAID)).outcome == "broken"
    assert judged(never(CHARGED, when={"account.card": text("${gone.card}")}), seen(PAID)).blame == "scenario"


# --- which calls are the journey's ----------------------------------------------------------------


def test_calls_of_the_set_up_and_of_the_probes_themselves_do_not_count() -> None:
    journal = Journal().runner(
        started(), sent("given 1", 7, phase="given"), replied(7, at=99.0),
        step_ended_given("given 1"), sent("one", 1), replied(1, at=100.0), step_ended("one"), ended(),
        sent("probe invites", 8, phase="probe"), replied(8, at=101.0))
    journal.proxy(exchange("set-up", call=7, started_at=99.0), exchange("one", call=1), exchange("asked", call=8, started_at=101.0),
                  exchange("late", call=None, started_at=101.01))
    what = Seen(fold(journal.lines).trials[0])
    assert judged(never(charges(calls=2)), what).outcome == "broken"


def step_ended_given(name: str) -> Any:
    return replace(step_ended(name), phase="given")


def test_a_probe_stands_among_the_steps_and_is_none_of_the_workflow() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended(),
                               sent("probe invites", 2, phase="probe"), replied(2, at=101.0))
    steps = fold(journal.lines).trials[0].steps
    assert [(step.name, step.outcome, step.phase, len(step.calls)) for step in steps] == [
        ("one", "held", "workflow", 1), ("probe invites", "probed", "probe", 1)]


# --- what nobody can tell -------------------------------------------------------------------------


NOBODYS = exchange("whose", trial=None, call=None, evidence="none", upstream_status=201)


def test_calls_that_may_be_ours_leave_a_promise_open_only_where_it_hangs_on_them() -> None:
    what = seen(nobodys=(NOBODYS,))
    found = judged(never(CHARGED), what)
    assert (found.outcome, found.blame) == ("unsure", "environment")
    assert "1 call passed meanwhile, and nothing tells whose" in found.because
    assert judged(always(THERE, CHARGED), what, answered(body=NONE)).outcome == "unsure"
    assert judged(always(THERE, CHARGED), what, answered(body=ONE)).outcome == "held"


def test_calls_past_the_proxy_are_not_judged_and_have_no_blame() -> None:
    found = judged(never(CHARGED), seen(watched={"mail"}))
    assert (found.outcome, found.because, found.blame) == ("unseen", "POST /v1/charges to 'payments'", "")
    mixed = both(charges(effects=0), shows(ONE))
    assert judged(never(mixed), seen(watched={"mail"}), Asked(unmade="it was not made: ${a.b} has no value")).outcome == "unsure"


def test_a_probe_that_was_not_made_leaves_open_what_needs_it() -> None:
    unmade = Asked(unmade="it was not made: ${invite.id} has no value")
    found = judged(always(THERE, CHARGED), seen(PAID), unmade)
    assert (found.outcome, found.blame) == ("unsure", "scenario")
    assert found.because == "the probe 'invites': it was not made: ${invite.id} has no value"
    assert judged(always(THERE, CHARGED), seen(), unmade).outcome == "held"
    assert judged(always(THERE, CHARGED), seen(PAID)).outcome == "unsure"


@pytest.mark.parametrize("asked", [answered(500, ONE), silent("timeout")])
def test_an_error_or_silence_breaks_what_should_be_shown_and_tells_nothing_else(asked: Asked) -> None:
    assert judged(always(THERE), asked=asked).outcome == "broken"
    assert (judged(never(THERE), asked=asked).outcome, judged(never(THERE), asked=asked).blame) == ("unsure", "product")
    assert judged(always(charges(calls=0), THERE), asked=asked).outcome == "held"
    assert judged(always(charges(calls=1), THERE), asked=asked).outcome == "unsure"


def test_a_status_that_is_named_is_an_answer() -> None:
    gone = shows(status=(404,))
    assert (judged(never(gone), asked=answered(404)).outcome, judged(never(gone), asked=answered(200)).outcome) == ("broken", "held")


@pytest.mark.parametrize(("reason", "blame"), [("auth", "account set-up"), ("refused", "environment"), ("proxy", "tool")])
def test_silence_of_our_own_making_is_not_the_products(reason: str, blame: str) -> None:
    found = judged(always(THERE), asked=silent(reason))
    assert (found.outcome, found.blame) == ("unsure", blame)


def test_a_shape_that_looks_up_what_is_not_there_cannot_be_compared() -> None:
    found = judged(always(shows({"id": text("${invite.id}")})), asked=answered(body=ONE))
    assert (found.outcome, found.blame) == ("unsure", "scenario")


def test_a_promise_that_nobody_came_to_judge_says_so() -> None:
    found = unjudged(never(CHARGED), TRIAL, "we were stopped")
    assert (found.outcome, found.blame, found.because) == ("unsure", "stopped", "we were stopped")


# --- oracles --------------------------------------------------------------------------------------


TWICE = (exchange("a", upstream_status=201, body="b"), exchange("b", upstream_status=201, body="b", started_at=100.03))
NO_DUPLICATES = Invariant("never", "duplicate-write", HERE, oracle="duplicate-write")
NO_STACKS = Invariant("never", "stack-trace", HERE, oracle="stack-trace")


def test_an_oracle_must_see_nothing_in_any_step() -> None:
    found = judged(NO_DUPLICATES, seen(*TWICE))
    assert (found.outcome, found.findings[0].where) == ("broken", "one")
    assert judged(NO_DUPLICATES, seen(PAID)).outcome == "held"


def test_an_oracle_that_cannot_look_says_so() -> None:
    assert judged(NO_DUPLICATES, seen(watched=set())).outcome == "unseen"
    assert judged(NO_DUPLICATES, seen(nobodys=(NOBODYS,))).outcome == "unsure"
    assert judged(NO_STACKS, seen(watched=set(), nobodys=(NOBODYS,))).outcome == "held"


# --- soundness ------------------------------------------------------------------------------------

counts = st.sampled_from([0, 1, 2, {"$gt": 0}, {"$gt": 1}, {"$lt": 2}])
facts = st.one_of(
    st.builds(lambda count: charges(calls=count), counts), st.builds(lambda count: charges(effects=count), counts),
    st.builds(lambda length: shows({"items": {"$length": length}}), st.sampled_from([0, 1])),
    st.builds(lambda count, length: both(charges(calls=count), shows({"items": {"$length": length}})), counts, st.sampled_from([0, 1])))
invariants = st.one_of(st.builds(always, facts, st.one_of(st.just(Facts()), facts)), st.builds(never, facts))


def calls(ids: list[int], *, ours: bool) -> tuple[ExchangeEnded, ...]:
    more: dict[str, Any] = {} if ours else {"trial": None, "call": None, "evidence": "ambiguous"}
    return tuple(exchange(f"x{number}", key=f"k{number}", upstream_status=201, **more) for number in ids)


@given(invariants, st.integers(0, 2), st.integers(1, 2), st.data(), st.sampled_from([ONE, NONE, None]))
def test_what_is_judged_in_doubt_comes_out_the_same_whosever_the_doubtful_calls_were(
        invariant: Invariant, known: int, doubtful: int, data: st.DataObject, body: object) -> None:
    asked = answered(body=body) if body is not None else answered(500)
    ids = list(range(known, known + doubtful))
    own = calls(list(range(known)), ours=True)
    in_doubt = judged(invariant, seen(*own, nobodys=calls(ids, ours=False)), asked)
    truly = data.draw(st.lists(st.sampled_from(ids), unique=True))
    in_truth = judged(invariant, seen(*own, *calls(truly, ours=True)), asked)
    assert in_doubt.outcome in ("unsure", in_truth.outcome)
