"""Answers that depend on when: quotas, Retry-After, and the recipes of well-known providers."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.decide import Counters, Seen, decide
from flowprobe.core.faults.actions import Answer
from flowprobe.core.faults.answers import Limited, Redirect
from flowprobe.core.faults.quota import Quota, Window
from flowprobe.core.faults.recipes import RECIPES
from flowprobe.core.faults.status import RECIPE, Status
from flowprobe.core.scenario import Fault, Limit, Position, When

NOW = 1_700_000_000.25
PAGE = (Path(__file__).parents[3] / "docs/reference/faults.md").read_text()


def told(status: Status, *, resets: float | None = None) -> dict[str, str]:
    action = status.action()
    assert isinstance(action, Limited)
    if resets is not None:
        window = Window()
        for _ in range(status.quota.calls + 1):  # type: ignore[union-attr]
            action = status.action().beyond(window, 60.0 - resets if window.calls else 0.0)  # type: ignore[union-attr]
        assert isinstance(action, Limited)
    return dict(action.told(NOW))


def test_retry_after_is_whole_seconds_and_never_too_early() -> None:
    assert told(Status(429, retry_after=2)) == {"Retry-After": "2"}
    assert told(Status(429, retry_after=0.2)) == {"Retry-After": "1"}


def test_retry_after_as_a_date_comes_with_the_date_that_it_counts_from() -> None:
    assert told(Status(503, retry_after=60, retry_after_as="date")) == {
        "Date": "Tue, 14 Nov 2023 22:13:20 GMT", "Retry-After": "Tue, 14 Nov 2023 22:14:21 GMT"}


def test_a_quota_says_how_much_is_left_and_until_when() -> None:
    headers = told(Status(429, quota=Quota(1, 60.0)), resets=45.0)
    assert headers == {"Retry-After": "45", "X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0",
                       "X-RateLimit-Reset": "1700000046"}


def test_what_a_file_says_stands() -> None:
    status = Status(429, {"retry-after": "7", "x-ratelimit-limit": "99"}, quota=Quota(1, 60.0))
    headers = told(status, resets=45.0)
    assert (headers["retry-after"], headers["x-ratelimit-limit"]) == ("7", "99")
    assert not {"Retry-After", "X-RateLimit-Limit"} & set(headers)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(0, 5), st.lists(st.floats(0, 30), max_size=40).map(sorted))
def test_no_window_serves_more_than_its_quota(calls: int, instants: list[float]) -> None:
    quota, window = Quota(calls, 10.0), Window()
    served = [now for now in instants if window.take(quota, now) is None]
    for start in served:
        # Two windows may lie back to back; within the length of one there are never more than both.
        assert sum(1 for now in served if start <= now < start + quota.per) <= 2 * calls
    assert len(served) <= calls * 4


def test_a_window_begins_with_the_first_call_after_the_one_before() -> None:
    quota, window = Quota(2, 10.0), Window()
    assert [window.take(quota, now) for now in (5.0, 6.0, 7.0, 14.5, 15.0, 16.0, 24.0)] == [
        None, None, 8.0, 0.5, None, None, 1.0]


def fallen(status: Status, count: int, *, armed_s: float = 0.0, **parts: object) -> list[int]:
    fault = Fault("f", "payments", status, Position("x", 1, 1), **parts)  # type: ignore[arg-type]
    counters, seen = Counters(), Seen("payments", "POST", "/v1/charges", "pay")
    return [bool(decide((fault,), seen, counters, seed=1, armed_s=armed_s)) for _ in range(count)]


def test_a_quota_counts_the_calls_that_the_fault_falls_on() -> None:
    limited = Status(429, quota=Quota(2, 60.0))
    assert fallen(limited, 4) == [False, False, True, True]
    assert fallen(limited, 5, when=When(after=1)) == [False, False, False, True, True]
    assert fallen(limited, 4, limit=Limit(injections=1)) == [False, False, True, False]


def test_a_redirect_keeps_the_path() -> None:
    assert Redirect(302).location("/a?b=c") == "/a?b=c"
    assert Redirect(302, "https://b.example").location("/a?b=c") == "https://b.example/a?b=c"


# --- recipes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_whole(name: str) -> None:
    recipe = RECIPES[name]
    assert re.fullmatch(RECIPE.schema["pattern"], name)
    assert recipe.source.startswith("https://")
    assert 400 <= recipe.code <= 599
    assert f"`{name}`" in PAGE
    action = Status(recipe=name).action()
    assert isinstance(action, Answer | Limited)
    assert action.status == recipe.code
    assert str(recipe.code) in Status(recipe=name).describe()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_sends_what_its_content_type_says(name: str) -> None:
    action = Status(recipe=name).action()
    assert isinstance(action, Answer | Limited)
    media_type = dict(action.headers)["Content-Type"]
    if "json" in media_type:
        json.loads(action.body)
    elif "xml" in media_type:
        assert ElementTree.fromstring(action.body).find("Code") is not None
    else:
        assert action.body.startswith(b"<html>") is ("html" in media_type)


def test_a_recipe_that_names_an_instant_names_it_honestly() -> None:
    assert told(Status(recipe="sendgrid/rate-limit"))["X-RateLimit-Reset"] == "1700000061"


def test_what_is_given_beside_a_recipe_replaces_that_part() -> None:
    action = Status(418, {"RETRY-AFTER": "9"}, None, "slack/rate-limited").action()
    assert isinstance(action, Answer)
    assert (action.status, action.body) == (418, b"")
    assert [value for name, value in action.headers if name.lower() == "retry-after"] == ["9"]
    waits = Status(recipe="slack/rate-limited", retry_after=4).action()
    assert isinstance(waits, Limited)
    assert dict(waits.told(NOW))["Retry-After"] == "4"
