"""Calls for these tests, and the drivers that make them."""

from __future__ import annotations

from typing import Any

from flowprobe.core.wire import Call, NoReply, Reply
from flowprobe.http import Driver


def call(url: str, **parts: Any) -> Call:
    """A GET of trial `t`, step `s`, persona `p`, with a budget of 5 s."""
    given: dict[str, Any] = {"id": "f" * 32, "trial": "t", "step": "s", "persona": "p", "method": "GET",
                             "budget": 5.0}
    return Call(url=url, **{**given, **parts})


def replied(driver: Driver, url: str, **parts: Any) -> Reply:
    outcome = driver.send(call(url, **parts))
    assert isinstance(outcome, Reply), outcome
    return outcome


def not_replied(driver: Driver, url: str, **parts: Any) -> NoReply:
    outcome = driver.send(call(url, **parts))
    assert isinstance(outcome, NoReply), (outcome.status, outcome.body[:80])
    return outcome
