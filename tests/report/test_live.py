from __future__ import annotations

import pytest

from flowprobe.core.events import (
    CleanupEnded,
    EnvironmentReady,
    Event,
    Halted,
    HookFailed,
    Interrupted,
    ProcessEnded,
    RunEnded,
    ToolFailure,
)
from flowprobe.report.live import Live
from tests.journals import SLOW, exchange, finding, injected, replied, sent, started, step_ended, unanswered


def told(*events: Event) -> list[str]:
    live = Live()
    return ["".join(span.text for span in line).strip() for event in events if (line := live.take(event)) is not None]


def test_each_thing_is_told_as_it_happens() -> None:
    assert told(EnvironmentReady(), started("slow", SLOW), sent("pay"), injected(), exchange(), replied(),
                step_ended("pay", "broken", finding())) == [
        "the product is ready",
        "… slow  payments latency 500ms · A journey",
        "→ pay  GET http://acme.test/pay",
        "+ payments: latency 500 ms  POST /v1/charges",
        "└ payments: POST /v1/charges  200  20 ms",
        "← pay  200  50 ms",
        "✗ pay  within: expected at most 400 ms, saw 612 ms"]


def test_a_reply_to_nothing_that_we_saw_leave_is_told_all_the_same() -> None:
    assert told(replied(7)) == ["← ?  200  50 ms"]


@pytest.mark.parametrize(("event", "said"), [
    (unanswered(), "← ?  no reply (connect)  10 ms"),
    (exchange(trial=None, call=None), "└ payments: POST /v1/charges  200  20 ms  of nobody that we know"),
    (exchange(status=None, error="reset"), "└ payments: POST /v1/charges  no answer (reset)  20 ms"),
    (CleanupEnded("t", "pay", "failed", "was answered 500"), "pay: failed (was answered 500)"),
    (step_ended("pay", "skipped", because="when"), "· pay  when"),
    (Halted("t", "budget", "too many calls"), "halted: too many calls"),
    (Interrupted("SIGINT"), "SIGINT: stopping"),
    (ProcessEnded("t", "1-python", "exited with 1", stand_in=False), "1-python exited with 1"),
    (ToolFailure("proxy", "is gone"), "proxy: is gone"),
    (HookFailed("request", "a bug"), "proxy: request: a bug")])
def test_what_else_a_person_wants_to_know_is_told(event: Event, said: str) -> None:
    assert told(event) == [said]


@pytest.mark.parametrize("event", [exchange(edge="user"), RunEnded("x"), step_ended("later", "not-reached", because="pay failed")])
def test_what_says_nothing_new_is_left_out(event: Event) -> None:
    assert told(event) == []


def test_what_a_product_says_does_nothing_to_a_terminal() -> None:
    assert told(exchange(path="/\x1b[2J")) == ["└ payments: POST /\\x1b[2J  200  20 ms"]
