"""What we may have caused, when a window is open, and how likely it is to be somebody else's."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.activity import LINGER_S, Activity

A, B = "a" * 16, "b" * 16


def test_what_comes_while_a_call_is_in_flight_or_soon_after_may_be_ours() -> None:
    activity = Activity(0.0)
    activity.tell(A, 1, 10.0)
    assert activity.may_be_caused(A, 500.0)
    activity.tell(A, 0, 500.0)
    assert activity.may_be_caused(A, 500.0 + LINGER_S)
    assert not activity.may_be_caused(A, 500.1 + LINGER_S)


def test_of_a_trial_that_nobody_tells_about_everything_may_be() -> None:
    assert Activity(0.0).may_be_caused(A, 1e6)
    assert not Activity(0.0, grace=5.0).in_window(A, 0.0)


def test_a_window_is_open_from_the_start_of_a_call_to_the_grace_after_its_end() -> None:
    activity = Activity(0.0, grace=2.0)
    activity.tell(A, 1, 10.0)
    activity.tell(A, 0, 11.0)
    assert [activity.in_window(A, at) for at in (10.5, 13.0, 13.1)] == [True, True, False]
    assert not activity.in_window(B, 10.5)
    activity.forget(A)
    assert not activity.in_window(A, 10.5)


def test_the_background_is_measured_outside_of_windows() -> None:
    activity = Activity(0.0, grace=0.0)
    for at in range(1, 10):
        activity.stranger("payments", float(at))
    activity.tell(A, 1, 100.0)
    activity.stranger("payments", 100.5)  # may be ours: it says nothing about the others
    assert activity.rate("payments", 100.5) == pytest.approx(0.1)
    assert activity.rate("mail", 100.5) == pytest.approx(0.01)
    assert activity.collision(A, "payments", 102.0) == pytest.approx(1 - math.exp(-0.2))
    activity.tell(A, 0, 102.0)
    assert activity.rate("payments", 202.0) == pytest.approx(10 / 200)


def test_without_a_moment_of_quiet_nothing_is_certain() -> None:
    activity = Activity(5.0)
    activity.tell(A, 1, 5.0)
    assert activity.collision(A, "payments", 6.0) == 1.0


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(0, 2), st.floats(0, 10)), max_size=30), st.floats(0, 5))
def test_the_chance_is_one_and_never_zero_while_time_passes(told: list[tuple[str, int, float]], grace: float) -> None:
    activity, now = Activity(0.0, grace=grace), 1.0
    for trial, calls, later in told:
        now += later
        activity.tell(trial, calls, now)
        activity.stranger("payments", now)
        assert 0 <= activity.collision(trial, "payments", now) <= 1
        assert activity.rate("payments", now) > 0
