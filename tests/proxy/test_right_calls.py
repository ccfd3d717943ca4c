"""Faults fall on the calls that `match` and `when` mean, the same ones whoever comes first, and the proxy counts why
they passed the others by."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from flowprobe.core.events import FaultsPassed
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.endings import After
from flowprobe.core.faults.fault import Burst, Flap, Opening, Ramp
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Fault, Limit, Match, When
from tests.proxy.rig import Origin, Rig, fault, marks, new_trial, run_proxy, until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
LONG = b'{"plan": "pro", "padding": "' + b"x" * (2 << 20) + b'"}'


def passed(rig: Rig, trial: str, fault_id: str = "payments") -> dict[str, int]:
    told = [event for event in rig.events() if isinstance(event, FaultsPassed) and event.trial == trial]
    return {reason: count for event in told for reason, count in event.passed.get(fault_id, {}).items()}


def codes(rig: Rig, trial: str, match: Match, *requests: dict[str, object]) -> list[int]:
    with rig.armed(trial, fault(Status(503), match=match)), rig.client() as client:
        return [client.request(**{  # type: ignore[arg-type]
            "method": "POST", "url": "/v1/charges", **request,
            "headers": {**marks(trial), **request.get("headers", {})},  # type: ignore[dict-item]
        }).status_code for request in requests]


@pytest.mark.parametrize(("match", "fitting", "other", "reason"), [
    (Match(method=("PUT", "POST")), {}, {"method": "GET"}, "method"),
    (Match(path="/v1/*"), {}, {"url": "/v2/charges"}, "path"),
    (Match(query={"limit": {"$gt": 10}}), {"params": {"limit": 11}}, {"params": {"limit": 10}}, "query"),
    (Match(headers={"Idempotency-Key": {"$matches": "^a"}}), {"headers": {"idempotency-key": "a1"}},
     {"headers": {"idempotency-key": "b1"}}, "headers"),
    (Match(has_json=True, json={"$.items[*].sku": {"$contains": "x"}}), {"json": {"items": [{"sku": "x"}]}},
     {"json": {"items": []}}, "json"),
    (Match(form={"amount": {"$gt": 1000}}), {"data": {"amount": "1001"}}, {"data": {"amount": "999"}}, "form"),
    (Match(text={"$contains": "<Refund"}), {"content": b"<Refund/>"}, {"content": b"<Charge/>"}, "text"),
    (Match(step=("notify",)), {}, {}, "step"),
])
def test_a_call_suffers_where_all_that_is_said_fits(
    rig: Rig, trial: str, match: Match, fitting: dict[str, object], other: dict[str, object], reason: str
) -> None:
    if reason == "step":
        fitting = {"headers": marks(trial, step=2)}
    assert codes(rig, trial, match, other, fitting, other) == [200, 503, 200]
    assert passed(rig, trial) == {reason: 2}


def test_the_nth_call_is_the_one(rig: Rig, trial: str) -> None:
    assert codes(rig, trial, Match(calls=(2, 4)), *[{}] * 5) == [200, 503, 200, 503, 200]
    assert [receipt.ordinal for receipt in rig.receipts(trial)] == [2, 4]
    assert passed(rig, trial) == {"call": 3}


def test_a_step_that_nobody_can_tell_is_not_guessed(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Status(503), match=Match(step=("pay",)))), rig.client() as client:
        assert client.post("/v1/charges", json={"reference": trial}).status_code == 200
    assert passed(rig, trial) == {"step-unknown": 1}


def test_a_call_that_is_nobodys_is_left_alone_and_counted(rig: Rig, trial: str) -> None:
    other = new_trial()
    elsewhere = rig.armed(other, fault(Status(503), edge="mail"))
    with rig.armed(trial, fault(Status(503))), elsewhere, rig.client() as client:
        assert client.post("/v1/charges").status_code == 200
        assert client.post("/v1/charges", json=[trial, other]).status_code == 200
    assert passed(rig, trial) == {"unattributed": 1, "ambiguous": 1}
    assert passed(rig, other, "mail") == {}


def test_a_long_body_is_decided_on_headers(rig: Rig, trial: str) -> None:
    only = Match(has_json=True, json={"plan": "pro"})
    assert codes(rig, trial, only, {"content": LONG}, {"json": {"plan": "pro"}}) == [200, 503]
    assert passed(rig, trial) == {"body-unread": 1}
    second = new_trial()
    assert codes(rig, second, Match(headers={"X-Big": "yes"}), {"content": LONG, "headers": {"X-Big": "yes"}}) == [503]
    assert rig.origin.calls[0].body == LONG


def test_a_reply_without_anything_to_spoil_is_counted(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Body("empty"))), rig.client() as client:
        client.get("/empty", headers=marks(trial))
        rig.origin.gate.set()
        client.get("/events", headers=marks(trial))
    assert rig.receipts(trial) == []
    assert passed(rig, trial) == {"nothing-to-spoil": 1, "reply-streams": 1}


@pytest.mark.parametrize("path", ["/v1/charges", "/chunks", "/empty"])
def test_a_reply_that_is_shorter_than_its_cut_is_counted_as_such(rig: Rig, trial: str, path: str) -> None:
    with rig.armed(trial, fault(Close(After(100_000)))), rig.client() as client:
        assert client.get(path, headers=marks(trial)).is_success
    assert rig.receipts(trial) == []
    assert passed(rig, trial) == {"shorter": 1}


def test_no_more_calls_are_held_at_once_than_may_be(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Latency(0.001), limit=Limit(max_active=2))), rig.client() as client:
        with ThreadPoolExecutor(6) as pool:
            waiting = [pool.submit(client.get, "/gate", headers=marks(trial)) for _ in range(6)]
            until(lambda: rig.origin.asked("/gate") == 6)  # the two that suffer are under way until they are answered
            assert len(rig.receipts(trial)) == 2
            rig.origin.gate.set()
            assert {call.result().status_code for call in waiting} == {200}
        assert client.get("/gate", headers=marks(trial)).status_code == 200
    assert len(rig.receipts(trial)) == 3
    assert {receipt.depends_on for receipt in rig.receipts(trial)} == {"order"}
    assert passed(rig, trial) == {"max_active": 4}


@pytest.mark.parametrize(("when", "reason"), [
    (When(window=(Opening(3600.0),)), "window"),
    (When(flap=Flap(3600.0, 1.0)), "flap"),
    (When(window=(Opening(0.0, 0.0),), burst=Burst(3600.0, 1800.0)), "window"),
    (When(ramp=Ramp(3600.0, 0.0, 0.01)), "probability"),
])
def test_what_its_time_keeps_from_a_call_is_counted(rig: Rig, trial: str, when: When, reason: str) -> None:
    with rig.armed(trial, fault(Status(503), when=when)), rig.client() as client:
        assert client.get("/v1/x", headers=marks(trial)).status_code == 200
    assert passed(rig, trial) == {reason: 1}


def test_a_flapping_provider_comes_and_goes(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Status(503), when=When(flap=Flap(0.3, 0.3)))), rig.client() as client:
        seen: list[int] = []

        def turned() -> bool:
            seen.append(client.get("/v1/x", headers=marks(trial)).status_code)
            return len(list(itertools.groupby(seen))) >= 4

        until(turned)
    assert set(seen) == {200, 503}
    assert {receipt.depends_on for receipt in rig.receipts(trial)} == {"time"}


def test_what_was_passed_by_is_told_when_other_rules_take_its_place(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Status(503), match=Match(("GET",)))), rig.client() as client:
        client.post("/v1/charges", headers=marks(trial))
        with rig.armed(trial):
            assert passed(rig, trial) == {"method": 1}
            client.post("/v1/charges", headers=marks(trial))
    assert passed(rig, trial) == {"method": 1}


# --- the same calls, whoever comes first ----------------------------------------------------------

MIXED: Sequence[Fault] = (
    fault(Status(503), id="drawn", when=When(probability=0.3)),
    fault(Latency(0.001), id="second half", when=When(between=(6, 12), flap=Flap(1, 2, by_calls=True))),
    fault(Status(429), id="rising", match=Match(("POST",), step=("pay",)), when=When(ramp=Ramp(10, by_calls=True))),
    fault(Latency(0.002), id="bursts", when=When(burst=Burst(4, 1, by_calls=True)), limit=Limit(share=0.5)),
)
CALLS = [(method, f"/v1/{page}", step) for method in ("GET", "POST") for page in ("charges", "refunds")
         for step in (1, 2) for _ in range(13)]


def injections(rig: Rig, callers: int) -> Counter[tuple[str, str, int]]:
    """What was injected into all of the calls: fault, site and number, of each step."""
    trial = new_trial()
    with rig.armed(trial, *MIXED, seed=11), rig.client() as client:
        def call(one: tuple[str, str, int]) -> int:
            method, path, step = one
            return client.request(method, path, headers=marks(trial, step=step)).status_code

        with ThreadPoolExecutor(callers) as pool:
            seen = Counter(pool.map(call, CALLS))
    receipts = rig.receipts(trial)
    assert {receipt.depends_on for receipt in receipts} == {""}
    assert seen[503] == sum(receipt.kind == "status" and receipt.fault == "drawn" for receipt in receipts)
    return Counter((receipt.fault, receipt.site, receipt.ordinal) for receipt in receipts)


def test_the_same_seed_injects_the_same_at_1_and_at_50_callers_and_in_another_process(
    rig: Rig, origin: Origin, tmp_path: Path
) -> None:
    alone = injections(rig, 1)
    assert injections(rig, 50) == alone
    with run_proxy(tmp_path, origin) as other:
        assert injections(other, 50) == alone
    assert {name for name, _, _ in alone} == {each.id for each in MIXED}
