"""Probing as a dialogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.events import ExchangeEnded, InvariantJudged
from flowprobe.core.evidence import fold
from flowprobe.core.invariants import Seen
from flowprobe.core.probing import probe
from flowprobe.core.statements import Facts, Invariant, Probe, Shows
from flowprobe.core.steps import Expect, Sends
from flowprobe.core.trial import Trial
from tests.journals import Journal, ended, exchange, replied, sent, started, step_ended
from tests.playbook import Playbook, call, emitted, no_reply, over, reply, waits
from tests.scenes import HERE, a_step, a_trial

NAMES = {"admin": {"team": "team_1"}, "make": {"id": "7"}}


def a_probe(name: str, path: str = "", patience: float = 0.0, every: float = 0.5) -> Probe:
    return Probe(name, a_step(f"probe {name}", f"GET {path or f'/{name}'}"), patience, every)


def shown(name: str, state: str) -> Invariant:
    return Invariant("always", f"{name} is {state}", HERE, then=Facts(shows=(Shows(name, Expect(json={"state": state}, has_json=True)),)))


def a_promising_trial(*probes: Probe, promises: tuple[Invariant, ...]) -> Trial:
    trial = a_trial(a_step("make", "POST /things"))
    return replace(trial, scenario=replace(trial.scenario, probes=probes, invariants=promises))


def seen(*exchanges: ExchangeEnded) -> Seen:
    journal = Journal().runner(started(), sent("make"), replied(), step_ended("make"), ended()).proxy(*exchanges)
    return Seen(fold(journal.lines).trials[0])


def book(*probes: Probe, promises: tuple[Invariant, ...], names: Any = None, look: Callable[[], Seen] = seen) -> Playbook:
    return Playbook(probe(a_promising_trial(*probes, promises=promises), NAMES if names is None else names, look))


def judged(outcome: str, **more: Any) -> Any:
    return emitted(InvariantJudged, outcome=outcome, **more)


def test_a_probe_is_made_once_and_looks_up_what_the_journey_captured() -> None:
    play = book(a_probe("thing", "/things/${make.id}"), promises=(shown("thing", "done"),))
    play << call("GET", "/things/7", persona="pro-eu") >> reply(200, {"state": "open"})
    play << judged("broken") << over


def test_a_probe_with_patience_is_made_until_the_promise_holds() -> None:
    play = book(a_probe("thing", patience=2.0), promises=(shown("thing", "done"),))
    play << call("GET", "/thing") >> reply(200, {"state": "open"}, at=100.0)
    play << waits(0.5) << call("GET", "/thing") >> no_reply()
    play << waits(0.5) << call("GET", "/thing") >> reply(200, {"state": "done"}, at=101.5)
    play << judged("held") << over


def test_a_probe_ends_with_its_patience_and_the_last_answer_counts() -> None:
    play = book(a_probe("thing", patience=1.2), promises=(shown("thing", "done"),))
    play << call("GET", "/thing") >> reply(200, {"state": "open"}, at=100.0)
    play << waits(0.5) << call("GET", "/thing") >> reply(200, {"state": "half"}, at=100.51)
    play << waits(0.5) << call("GET", "/thing") >> reply(200, {"state": "most"}, at=101.02)
    play << judged("broken")
    assert '"most"' in play.last.event.findings[0].seen
    play << over


def test_only_the_probes_that_a_promise_waits_for_are_made_again_each_in_its_own_time() -> None:
    play = book(a_probe("slow", patience=2.0, every=1.0), a_probe("quick", patience=2.0, every=0.25), a_probe("still", patience=9.0),
                promises=(shown("slow", "done"), shown("quick", "done"), shown("still", "done")))
    play << call("GET", "/slow") >> reply(200, {"state": "open"}, at=100.0, seconds=0.0)
    play << call("GET", "/quick") >> reply(200, {"state": "open"}, at=100.0, seconds=0.0)
    play << call("GET", "/still") >> reply(200, {"state": "done"}, at=100.0, seconds=0.0)
    play << waits(0.25) << call("GET", "/quick") >> reply(200, {"state": "done"}, at=100.25, seconds=0.0)
    play << waits(0.75) << call("GET", "/slow") >> reply(200, {"state": "done"}, at=101.0, seconds=0.0)
    play << judged("held") << judged("held") << judged("held") << over


def test_what_was_seen_of_the_providers_is_looked_at_anew_in_every_round() -> None:
    looks = iter([seen(), seen(exchange("x"))])
    charged = Facts((Sends("payments", "POST", "/v1/charges", 1, HERE),), (Shows("thing", Expect()),))
    play = book(a_probe("thing", patience=1.0), promises=(Invariant("always", "charged", HERE, then=charged),), look=lambda: next(looks))
    play << call("GET", "/thing") >> reply(200) << waits(0.5) << call("GET", "/thing") >> reply(200, at=100.5)
    play << judged("held") << over


@pytest.mark.parametrize("names", [{"admin": {}}, {"admin": {}, "make": {}}])
def test_a_probe_whose_capture_is_not_there_is_not_made(names: dict[str, Any]) -> None:
    play = book(a_probe("thing", "/things/${make.id}", patience=5.0), promises=(shown("thing", "done"),), names=names)
    play << judged("unsure", blame="scenario") << over


def test_after_a_stop_every_promise_is_left_open() -> None:
    play = book(a_probe("one"), a_probe("two"), promises=(shown("one", "done"), shown("two", "done")))
    play << call("GET", "/one") >> reply(200, {"state": "done"})
    play << call("GET", "/two")
    play.stop() << judged("unsure", blame="stopped") << judged("unsure", blame="stopped") << over


def test_a_call_that_a_stop_cut_short_leaves_every_promise_open() -> None:
    play = book(a_probe("one"), promises=(shown("one", "done"),))
    play << call("GET", "/one") >> no_reply("stopped") << judged("unsure", blame="stopped") << over


def test_promises_about_provider_calls_alone_need_no_probe() -> None:
    never = Invariant("never", "a charge", HERE, Facts((Sends("payments", "POST", "/v1/charges", {"$gt": 0}, HERE),)))
    play = book(promises=(never,), look=lambda: seen(exchange("x")))
    play << judged("broken", promise="never", name="a charge") << over


def test_every_call_of_a_probe_has_a_trace_id_of_its_own() -> None:
    trial = a_promising_trial(a_probe("thing", patience=0.6), promises=(shown("thing", "done"),))
    ids = []
    play = Playbook(probe(trial, NAMES, seen))
    for at in (100.0, 100.5):
        play << call("GET", "/thing")
        ids.append(play.last.id)
        play >> reply(200, {}, at=at)
        if at == 100.0:
            play << waits(0.5)
    play << judged("broken") << over
    assert [id[:16] for id in ids] == ["0000000200000001", "0000000200000002"]
