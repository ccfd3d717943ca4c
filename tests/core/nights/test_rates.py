"""How often a step breaks, gathered over nights."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.model import Counted, Rate, Trending
from flowprobe.core.nights.rates import RECENT, rates, subject
from tests.core.nights.attempts import ORDER


def _rate(failures: list[int], *, tries: int = 20, rebased: str = "") -> Rate:
    counted = [(f"n{night:04}", Counted(ORDER, "pay", tries, each)) for night, each in enumerate(failures)]
    found, = rates(counted, rebased={subject(ORDER, "pay"): rebased} if rebased else {})
    return found


def test_nothing_is_said_before_there_is_a_usual_to_compare_with() -> None:
    assert _rate([3] * (2 * RECENT - 1)).state is Trending.LEARNING


def test_one_failure_in_ten_is_seen_though_no_night_shows_it() -> None:
    found = _rate([0] * 60 + [2] * 5)
    assert (found.state, found.tries, found.failures) == (Trending.CHANGED, 1300, 10)
    assert found.sure > 0.99
    assert found.recent == pytest.approx(10 / (14 * 20))
    assert found.usual < 0.001


def test_what_always_broke_as_often_is_usual() -> None:
    assert _rate([2] * 90).state is Trending.STEADY


def test_a_single_bad_night_is_not_a_rate() -> None:
    assert _rate([0] * 60 + [20]).state is not Trending.CHANGED


def test_a_change_is_over_after_a_week_without_it_and_never_becomes_usual() -> None:
    assert _rate([0] * 60 + [4] * 100).state is Trending.CHANGED
    assert _rate([0] * 60 + [4] * 100).usual < 0.01
    assert _rate([0] * 60 + [4] * 10 + [0] * 7).state is Trending.STEADY


def test_a_person_says_that_it_is_usual() -> None:
    failures = [0] * 60 + [2] * 40
    assert _rate(failures).state is Trending.CHANGED
    assert _rate(failures, rebased="n0060").state is Trending.STEADY


def test_counts_of_a_night_are_one_and_steps_are_told_apart() -> None:
    counted = [("n1", Counted(ORDER, step, 5, 1)) for step in ("pay", "", "pay")]
    assert [(each.step, each.tries, each.failures) for each in rates(counted)] == [("pay", 10, 2), ("", 5, 1)]
    assert [subject(ORDER, step) for step in ("pay", "")] == ["Order (user=pro-eu) pay", "Order (user=pro-eu)"]


@given(st.lists(st.integers(0, 20), max_size=80))
def test_shares_are_shares(failures: list[int]) -> None:
    if failures:
        found = _rate(failures)
        assert all(0 <= share <= 1 for share in (found.usual, found.recent, found.sure))


@given(st.lists(st.integers(0, 3), min_size=60, max_size=60), st.integers(0, 13))
def test_more_failures_never_make_it_less_sure(failures: list[int], night: int) -> None:
    worse = list(failures)
    worse[-1 - night] += 5
    assert _rate(worse).sure >= _rate(failures).sure - 1e-9 or _rate(failures).state is Trending.CHANGED
