"""The oracles: what they see, and what they leave alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import ExchangeEnded
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.oracles import GAVE_UP, ORACLES, Observation
from tests.journals import Journal, ended, exchange, injected, replied, sent, started, step_ended


def seen(*exchanges: ExchangeEnded, status: int = 200, body: str = "{}", receipts: tuple[Any, ...] = ()) -> tuple[Observation, ...]:
    return trial(*exchanges, status=status, body=body, receipts=receipts).observed


def trial(*exchanges: ExchangeEnded, status: int = 200, body: str = "{}", receipts: tuple[Any, ...] = ()) -> TrialEvidence:
    reply = replace(replied(status=status), body=body)
    journal = Journal().runner(started(), sent("pay"), reply, step_ended("pay"), ended()).proxy(*exchanges, *receipts)
    return fold(journal.lines).trials[0]


def names(*exchanges: ExchangeEnded, **more: Any) -> list[str]:
    return [observation.oracle for observation in seen(*exchanges, **more)]


def tries(*statuses: int | None, gap: float = 1.0, keys: str = "", acted: bool = False, **more: Any) -> list[ExchangeEnded]:
    """One request again and again; `keys` is a letter for each try."""
    return [exchange(f"x{n}", started_at=100.01 + n * gap, status=status, key=keys[n : n + 1], body=more.pop("body", "same"),
                     upstream_status=201 if acted else status, **more) for n, status in enumerate(statuses)]


def test_an_ordinary_step_shows_nothing() -> None:
    assert seen(exchange("a"), exchange("b", edge="mail", key="k")) == ()


@pytest.mark.parametrize(("keys", "found"), [("", True), ("ab", True), ("aa", False), ("a", True)])
def test_a_write_on_which_the_provider_acted_twice_is_a_duplicate_without_one_key(keys: str, found: bool) -> None:
    assert ("duplicate-write" in names(*tries(None, 201, keys=keys, acted=True))) is found


def test_a_write_that_the_provider_refused_at_first_is_no_duplicate() -> None:
    assert "duplicate-write" not in names(*tries(503, 201))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_may_be_repeated_is_no_duplicate_and_needs_no_key(method: str) -> None:
    assert names(*tries(None, 200, method=method, acted=True)) == []


def test_two_writes_with_other_bodies_are_two_writes() -> None:
    one, other = exchange("a", body="one"), exchange("b", body="other")
    assert seen(one, other) == ()


@pytest.mark.parametrize(("statuses", "keys", "found"), [
    ((503, 201), "", True), ((None, 201), "", True), ((429, 201), "ab", True), ((503, 201), "aa", False),
    ((402, 201), "", False), ((200, 200), "", False),
])
def test_a_retry_of_a_write_needs_the_key_of_its_first_try(statuses: tuple[int | None, ...], keys: str, found: bool) -> None:
    assert ("unkeyed-retry" in names(*tries(*statuses, keys=keys))) is found


def test_a_key_joins_tries_whose_bodies_differ() -> None:
    first, again = exchange("a", status=503, key="k", body="10:00"), exchange("b", started_at=101, key="k", body="10:01")
    assert names(first, again) == []


@pytest.mark.parametrize(("gap", "found"), [(0.5, True), (1.9, True), (2.05, False), (5.0, False)])
def test_a_call_made_again_too_soon_ignores_retry_after(gap: float, found: bool) -> None:
    first, again = tries(429, 200, gap=gap, keys="aa")
    assert ("ignored-retry-after" in names(replace(first, retry_after_s=2.0), again)) is found


def test_what_was_asked_and_what_came_is_said() -> None:
    first, again = tries(429, 200, gap=0.52, keys="aa")
    observation, = seen(replace(first, retry_after_s=2.0), again)
    assert observation == Observation("ignored-retry-after", "pay", "payments", "POST /v1/charges",
                                      "payments asked for 2s of patience, and had POST /v1/charges again after 500 ms")


@pytest.mark.parametrize(("statuses", "found"), [
    ((503,) * 6, True), ((503, 503, 503, 503, 503, 200), True), ((503,) * 5, False), ((200,) * 8, False),
])
def test_more_than_five_tries_are_a_storm_and_polling_is_none(statuses: tuple[int, ...], found: bool) -> None:
    assert ("retry-storm" in names(*tries(*statuses, keys="aaaaaaaa"))) is found


def test_a_product_that_gives_up_has_a_timeout_which_is_told() -> None:
    gone = replace(injected("a"), gave_up_s=0.31)
    observation, = seen(exchange("a", status=None, method="GET"), receipts=(gone,))
    assert (observation.oracle, observation.seconds, observation.seen) == (GAVE_UP, 0.31, "gave payments up after 310 ms")


@pytest.mark.parametrize(("kind", "slept", "found"), [
    ("hang", 30.0, True), ("lost_reply", 30.0, True), ("hang", 2.0, False), ("latency", 30.0, False),
])
def test_a_product_that_waits_until_the_ceiling_has_no_timeout(kind: str, slept: float, found: bool) -> None:
    held = replace(injected("a"), kind=kind, asked_s=30.0, slept_s=slept)
    assert ("no-timeout" in names(exchange("a", status=None, method="GET"), receipts=(held,))) is found


def test_a_5xx_after_providers_that_all_answered_has_no_cause() -> None:
    assert names(exchange("a"), status=500) == ["causeless-error"]
    assert names(status=502) == ["causeless-error"]


@pytest.mark.parametrize("cause", [{"status": 503}, {"status": None}, {"status": 404}])
def test_a_5xx_after_a_provider_that_failed_has_a_cause(cause: dict[str, Any]) -> None:
    assert names(exchange("a", method="GET", **cause), status=500) == []


def test_a_5xx_under_an_injection_has_a_cause() -> None:
    assert names(exchange("a"), status=500, receipts=(injected("a"),)) == []


@pytest.mark.parametrize("body", [
    'Traceback (most recent call last):\n  File "/app/pay.py", line 3, in charge',
    '{"detail": "File \\"/app/pay.py\\", line 3, in charge"}',
    "java.lang.IllegalStateException\n\tat com.acme.Pay.charge(Pay.java:17)",
    "Error: no\n    at charge (/srv/app/pay.js:3:11)", "Error\n    at /srv/app/index.js:3:11",
    "   at Acme.Pay.Charge(Int32 seats) in /src/Pay.cs:line 17", "panic: x\n\ngoroutine 7 [running]:\nmain.main()",
    "#0 /var/www/pay.php(17): charge()", "/app/pay.rb:17:in `charge'",
])
def test_a_stack_trace_in_an_error_is_seen(body: str) -> None:
    assert names(exchange("a", status=503, method="GET"), status=500, body=body) == ["stack-trace"]


@pytest.mark.parametrize("body", ["no such invite", '{"error": "meet us at 10 (room 3:11)"}', "at the café (12:30)"])
def test_ordinary_errors_show_no_stack_trace(body: str) -> None:
    assert names(status=404, body=body) == []


def test_a_stack_trace_in_what_was_asked_for_is_no_error() -> None:
    assert names(status=200, body="Traceback (most recent call last)") == []


def test_webhooks_and_our_own_calls_are_not_the_products() -> None:
    assert names(*tries(None, 201, acted=True, edge="payments.webhooks")) == []
    assert names(*tries(None, 201, acted=True, edge="user")) == []


def test_every_oracle_says_what_it_means() -> None:
    assert all(words and words[0].islower() for words in ORACLES.values())


@given(st.lists(st.tuples(st.sampled_from([200, 201, 429, 500, 503, None]), st.sampled_from("ab "), st.sampled_from("xy"),
                          st.sampled_from(["POST", "GET"])), max_size=8))
def test_each_thing_is_seen_once_whatever_was_called(calls: list[tuple[int | None, str, str, str]]) -> None:
    found = seen(*(exchange(f"x{n}", started_at=100.01 + n, status=status, key=key.strip(), body=body, method=method)
                   for n, (status, key, body, method) in enumerate(calls)))
    assert len(set(found)) == len(found)
    assert all(observation.oracle in ORACLES for observation in found)
