"""The guard in front of a recording product: what arrives is what the policy allows, whatever the journey wants."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.cleaning import clean, open_rows
from flowprobe.core.decide import path_matches
from flowprobe.core.drive import Hands, drive
from flowprobe.core.policy import Policy, policy_of
from flowprobe.core.rules import AllowRule, Budget, Rate
from flowprobe.core.scenario import Environment, Retry, Scenario, Step
from flowprobe.core.trial import Trial
from flowprobe.core.walk import walk
from flowprobe.core.windows import Window
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from flowprobe.running.guard import Guard
from tests.scenes import ADMIN, BASE, HERE, NOW, a_scenario, a_step, a_trial

READ = a_step("look", "GET /v1/seats")
MAKE = a_step("make", "POST /v1/things", captures={"id": "$.id"}, cleanup="DELETE /v1/things/${make.id}")


class Product:
    """Answers everything with the next of `ids`, and remembers what arrived."""

    def __init__(self, *ids: str) -> None:
        self.log: list[tuple[str, str]] = []
        self.ids = ids or ("x1",)

    def send(self, call: Call) -> Outcome:
        self.log.append((call.method, call.url))
        body = b'{"id": %s}' % repr(self.ids[len(self.log) % len(self.ids)]).replace("'", '"').encode()
        return Reply(call.id, 200, (), body, 0.0, 0.0, 0.0)


def a_policy(*rules: str, **more: Any) -> Policy:
    allow = tuple(AllowRule(() if m == "*" else (m,), path, HERE) for m, path in (words.split(" ") for words in rules))
    return policy_of(Environment("production", HERE, {"api": BASE}, allow=allow, **more))


class Rig:
    """One run of one trial: the workflow, then its cleanup, through one guard."""

    def __init__(self, policy: Policy, product: Product | None = None, **options: Any) -> None:
        self.product, self.events, self.waits = product or Product(), [], []
        self.guard = Guard(policy, **options)
        self.guard.begin()

    def run(self, trial: Trial, *, stopped: Callable[[], bool] = lambda: False) -> None:
        send = self.guard.workflow(self.product.send, trial.scenario, faulted=bool(trial.plan.faults), wait=self.waits.append,
                                   stopped=stopped)
        drive(walk(trial), Hands(send=send, record=self.events.append, stopped=lambda: self.guard.halt is not None))
        rows = open_rows(self.events)
        cleanup = self.guard.cleanup(self.product.send, trial.scenario, wait=self.waits.append)
        drive(clean(rows, budget=1.0), Hands(send=cleanup, record=self.events.append))

    @property
    def paths(self) -> list[str]:
        return [f"{method} {url.removeprefix(BASE)}" for method, url in self.product.log]

    @property
    def outcomes(self) -> dict[str, str]:
        return {event.step: event.outcome for event in self.events if type(event).__name__ == "StepEnded"}


def test_what_is_not_allowed_is_not_sent_and_ends_the_run() -> None:
    rig = Rig(a_policy("GET /**"))
    rig.run(a_trial(READ, MAKE, a_step("more", "GET /v1/more")))
    assert rig.paths == ["GET /v1/seats"]
    assert rig.guard.halt is not None
    assert (rig.guard.halt.kind, str(HERE) in rig.guard.halt.because) == ("refused", True)
    assert rig.outcomes == {"look": "held", "make": "not-reached", "more": "not-reached"}


def test_a_refused_call_is_not_tried_again() -> None:
    rig = Rig(a_policy("GET /**"))
    rig.run(a_trial(replace(MAKE, retry=Retry(("connect", "no-reply"), times=3))))
    assert rig.paths == []


def test_a_cleanup_goes_where_its_step_went_and_is_undone_within_the_budget() -> None:
    rig = Rig(a_policy("POST /v1/things", budget=Budget(calls=2, writes=2)))
    rig.run(a_trial(MAKE, READ))
    assert rig.paths == ["POST /v1/things", "DELETE /v1/things/x1"]


def test_a_cleanup_of_what_a_read_found_is_not_sent() -> None:
    rig = Rig(a_policy("GET /**"))
    rig.run(a_trial(a_step("l", "GET /v1/things", captures={"id": "$.id"}, cleanup="DELETE /v1/things/${l.id}")))
    assert rig.paths == ["GET /v1/things"]


def test_a_redirected_delete_ends_there_on_production() -> None:
    guard = Guard(a_policy("* /**", production=True))
    assert "redirect" in guard.permit("DELETE", f"{BASE}/v1/things")


def test_the_budget_ends_the_workflow_and_never_the_cleanup() -> None:
    rig = Rig(a_policy("* /**", budget=Budget(calls=5, writes=10)))
    rig.run(a_trial(MAKE, READ, replace(MAKE, name="again", cleanup=None), READ, a_step("last", "GET /last"), a_step("over", "GET /over")))
    assert rig.paths == ["POST /v1/things", "GET /v1/seats", "POST /v1/things", "GET /v1/seats", "DELETE /v1/things/x1"]
    assert rig.guard.halt is not None
    assert (rig.guard.halt.kind, rig.guard.halt.because.split(" (")[0]) == ("budget", "the budget of 5 calls is used up")


def test_nothing_is_made_that_could_not_be_undone() -> None:
    rig = Rig(a_policy("* /**", budget=Budget(writes=1)))
    rig.run(a_trial(READ, MAKE))
    assert rig.paths == ["GET /v1/seats"]


def test_the_rate_is_kept_by_waiting_before_a_call() -> None:
    rig = Rig(a_policy("* /**", budget=Budget(rate=Rate(2, 1, "2/s"))), clock=lambda: 100.0)
    rig.run(a_trial(*(a_step(f"s{number}", "GET /v1") for number in range(5))))
    assert rig.waits == [0.5, 1.0, 1.5]


def test_a_stop_while_a_call_waits_for_the_rate_sends_nothing() -> None:
    rig = Rig(a_policy("* /**"))
    rig.run(a_trial(MAKE), stopped=lambda: True)
    assert (rig.paths, open_rows(rig.events)) == ([], ())


def test_after_its_seconds_a_run_makes_no_call_but_those_of_cleanup() -> None:
    times = iter([0.0, 0.0, 1.0, 1.0, 61.0])
    last = [0.0]

    def clock() -> float:
        last[0] = next(times, 61.0)
        return last[0]

    rig = Rig(a_policy("* /**", budget=Budget(seconds=60)), clock=clock)
    rig.run(a_trial(MAKE, READ, READ, READ))
    assert rig.guard.halt is not None
    assert rig.guard.halt.kind == "budget"
    assert (rig.paths[0], rig.paths[-1]) == ("POST /v1/things", "DELETE /v1/things/x1")
    assert len(rig.paths) < 5


def test_a_window_that_closes_ends_the_run() -> None:
    times: Iterator[datetime] = (NOW + timedelta(minutes=20 * number) for number in range(9))
    window = Window((NOW.weekday(),), 9 * 60, 10 * 60, UTC, HERE)
    rig = Rig(a_policy("* /**", windows=(window,)), now=lambda: next(times))
    rig.run(a_trial(READ, MAKE, READ))
    assert rig.paths == ["GET /v1/seats", "POST /v1/things", "DELETE /v1/things/x1"]
    assert rig.guard.halt is not None
    assert rig.guard.halt.kind == "window"


def test_what_a_guard_is_asked_at_once_is_never_more_than_the_budget() -> None:
    rig = Rig(a_policy("* /**", budget=Budget(calls=50, writes=20)))
    scenario = a_scenario(READ, MAKE)
    send = rig.guard.workflow(rig.product.send, scenario, faulted=False, wait=lambda _: None, stopped=lambda: False)
    start = threading.Barrier(8)

    def user(number: int) -> None:
        start.wait()
        for count in range(20):
            step, method = ("make", "POST") if (number + count) % 2 else ("look", "GET")
            send(Call(f"{number:016x}{count:016x}", "t", step, "p", method, f"{BASE}/v1"))

    users = [threading.Thread(target=user, args=(number,)) for number in range(8)]
    for thread in users:
        thread.start()
    for thread in users:
        thread.join()
    writes = sum(method == "POST" for method, _ in rig.product.log)
    assert len(rig.product.log) + writes <= 50
    assert 2 * writes <= 20
    assert rig.guard.halt is not None


# --- random journeys against random policies ------------------------------------------------------

WORDS = ["v1", "teams", "admin", "things", "..", "%2e%2e", "a%2Fb", ""]
HOSTILE = ["x1", "..", "../admin", "a/b", "@evil.test", ".evil.test", "", "%2e%2e", "http://evil.test/", "x?y=1", "ü"]
RULES = st.lists(st.tuples(st.sampled_from(["GET", "POST", "DELETE", "*"]),
                           st.lists(st.sampled_from(["v1", "teams", "things", "*", "**"]), min_size=1, max_size=3)), max_size=3)
PARTS = st.lists(st.sampled_from([*WORDS, "${s0.id}", "${admin.team}", "x-${s0.id}"]), min_size=1, max_size=4)
STEPS = st.lists(st.tuples(st.sampled_from(["GET", "POST", "DELETE", "PUT"]), PARTS, st.sampled_from([None, "own", "other"])),
                 min_size=1, max_size=5)


def _steps(drawn: list[tuple[str, list[str], str | None]]) -> tuple[Step, ...]:
    steps = []
    for number, (method, parts, undo) in enumerate(drawn):
        path = "/" + "/".join("v1" if number == 0 and "${s0" in part else part for part in parts)
        cleanup = {"own": f"DELETE /things/${{s{number}.id}}", "other": "DELETE /admin/${admin.team}", None: None}[undo]
        steps.append(a_step(f"s{number}", f"{method} {path}", captures={"id": "$.id"}, cleanup=cleanup))
    return tuple(steps)


def _is_allowed(policy: Policy, method: str, url: str) -> bool:
    """An oracle of its own: how httpx, which sends it, reads the URL, and how faults match paths."""
    sent = httpx.URL(url)
    path = sent.raw_path.decode().partition("?")[0]
    rules = any((not rule.methods or method in rule.methods) and path_matches(rule.path, path) for rule in policy.rules)
    return str(sent).startswith(BASE) and sent.host == "acme.test" and not sent.userinfo and rules


@settings(max_examples=400, deadline=None)
@given(RULES, STEPS, st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=4), st.integers(0, 12), st.integers(0, 8))
def test_what_arrives_is_what_the_policy_allows(rules: list[tuple[str, list[str]]], drawn: list[Any], ids: list[str],
                                                calls: int, writes: int) -> None:
    policy = a_policy(*(f"{method} /{'/'.join(parts)}" for method, parts in rules), budget=Budget(calls, writes))
    rig = Rig(policy, Product(*ids))
    trial = Trial("00112233445566aa", a_scenario(*_steps(drawn)), {"admin": ADMIN}, a_trial(READ).plan, 1, NOW, {"api": BASE})
    rig.run(trial)
    own = {f"s{number}" for number, (_, _, undo) in enumerate(drawn) if undo == "own"}
    sent = [event for event in rig.events if type(event).__name__ == "CallSent"]
    for event in sent:
        if (event.method, event.url) in rig.product.log and not (event.phase == "cleanup" and event.step in own):
            assert _is_allowed(policy, event.method, event.url) or _unsent(rig, event.call)
    for method, url in rig.product.log:
        assert _is_allowed(policy, method, url) or (method, url.startswith(f"{BASE}/things/")) == ("DELETE", True)
    assert len(rig.product.log) <= calls
    assert sum(method != "GET" for method, _ in rig.product.log) <= writes
    _judged_before(policy, trial.scenario, rig, ids)


def _unsent(rig: Rig, call: str) -> bool:
    return any(getattr(event, "reason", "") == "refused" and event.call == call for event in rig.events)


def _judged_before(policy: Policy, scenario: Scenario, rig: Rig, ids: list[str]) -> None:
    """What is found sound before the run is not refused in it, where every id is one plain segment."""
    plain = all(each.isascii() and each.isalnum() for each in ids)
    if plain and not policy.judge(scenario, {"admin": {"team": "team_1"}}) and rig.guard.halt is not None:
        assert rig.guard.halt.kind == "budget"


def test_a_refusal_is_an_outcome_and_no_exception() -> None:
    guard = Guard(a_policy())
    send = guard.workflow(Product().send, a_scenario(READ), faulted=False, wait=lambda _: None, stopped=lambda: False)
    outcome = send(Call("0" * 32, "t", "look", "p", "GET", "http://evil.test/"))
    assert isinstance(outcome, NoReply)
    assert outcome.reason == "refused"


@pytest.mark.parametrize("left", [None, 5.0])
def test_how_many_seconds_are_left(left: float | None) -> None:
    guard = Guard(a_policy(budget=Budget(seconds=left)), clock=lambda: 1.0)
    assert guard.seconds_left() is None
    guard.begin()
    assert guard.seconds_left() == left


def test_where_a_redirect_leads_is_a_call_of_its_own() -> None:
    guard = Guard(a_policy("GET /v1/**", budget=Budget(calls=3)))
    asked: list[str] = []

    def send(call: Call) -> Outcome:
        """As a driver does: it asks about each call, and each redirect."""
        asked.extend(guard.permit("GET", url) for url in (call.url, f"{BASE}/v1/next", f"{BASE}/v2", "http://evil.test/"))
        return Reply(call.id, 200, (), b"", 0.0, 0.0, 0.0)

    guarded = guard.workflow(send, a_scenario(READ), faulted=False, wait=lambda _: None, stopped=lambda: False)
    guarded(Call("0" * 32, "t", "look", "p", "GET", f"{BASE}/v1/seats"))
    assert [text.partition(" ")[0] for text in asked] == ["", "", "not", "not"]
    assert guard.purse.calls == 2
    assert guard.permit("GET", f"{BASE}/v1/more") == ""
    assert "used up" in guard.permit("GET", f"{BASE}/v1/more")


def test_what_a_budget_has_left_is_known_before_it_is_asked_for() -> None:
    rig = Rig(a_policy("* /**", budget=Budget(calls=5, writes=3)))
    assert rig.guard.lacks(calls=5, writes=3) == ""
    rig.run(a_trial(READ))
    assert rig.guard.lacks(calls=4, writes=3) == ""
    assert "budget of 5 calls" in rig.guard.lacks(calls=5, writes=3)
    assert "budget of 3 writes" in rig.guard.lacks(calls=1, writes=4)


def test_seconds_that_are_over_are_known_too() -> None:
    now = [0.0]
    rig = Rig(a_policy("* /**", budget=Budget(seconds=10.0)), clock=lambda: now[0])
    assert rig.guard.lacks(calls=1, writes=1) == ""
    now[0] = 10.0
    assert "10 seconds" in rig.guard.lacks(calls=1, writes=1)


@pytest.mark.parametrize(("url", "sent"), [
    (f"{BASE}/v1/seats", True),
    (f"{BASE}/admin", False),
    ("https://elsewhere.example/", True),
])
def test_a_control_goes_to_our_targets_by_the_rules_and_elsewhere_as_it_was_declared(url: str, sent: bool) -> None:
    product = Product()
    guard = Guard(a_policy("GET /v1/**", budget=Budget(calls=1)))
    outcome = guard.control(product.send)(Call("c" * 32, "t", "control", "", "GET", url, signed=False))
    assert isinstance(outcome, Reply) is sent
    assert bool(product.log) is sent
    assert guard.halt is None
    assert guard.purse.calls == (1 if sent and url.startswith(BASE) else 0)


def test_a_control_that_the_budget_has_no_more_for_is_not_made() -> None:
    product = Product()
    guard = Guard(a_policy("GET /v1/**", budget=Budget(calls=1)))
    control = guard.control(product.send)
    outcomes = [control(Call("c" * 32, "t", "control", "", "GET", f"{BASE}/v1/seats", signed=False)) for _ in range(2)]
    assert [isinstance(each, Reply) for each in outcomes] == [True, False]
    assert guard.halt is None
