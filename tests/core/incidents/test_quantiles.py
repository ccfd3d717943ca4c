from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.incidents.quantiles import added, distance, interval, points_of, quantile, value_at

seconds = st.lists(st.floats(0, 100), min_size=1, max_size=300).map(sorted)


@given(seconds)
def test_a_table_rises_and_stays_within_what_was_seen(ordered: list[float]) -> None:
    points = points_of(ordered)
    assert 50.0 in dict(points)
    assert all(low <= high for (_, low), (_, high) in pairwise(points))
    assert all(ordered[0] <= value <= ordered[-1] for _, value in points)


def test_a_high_percentile_is_told_where_there_are_calls_beyond_it() -> None:
    assert [percent for percent, _ in points_of(list(map(float, range(40))))] == [25.0, 50.0, 75.0]
    assert points_of(list(map(float, range(1000))))[-1][0] == 99.0
    assert points_of([]) == ()


def test_a_table_says_itself_at_its_points_and_goes_straight_between_them() -> None:
    points = ((50.0, 1.0), (90.0, 3.0))
    assert [value_at(points, percent) for percent in (0, 25, 50, 70, 90, 100)] == pytest.approx([0, 0.5, 1, 2, 3, 3])
    assert value_at(points, 100, most=9.0) == 9.0
    assert value_at((), 50, least=0.0, most=2.0) == 1.0


@given(seconds, seconds)
def test_what_came_on_top_is_never_negative_and_never_falls(one: list[float], other: list[float]) -> None:
    top = [value for _, value in added(points_of(one), points_of(other))]
    assert all(value >= 0 for value in top)
    assert top == sorted(top)


def test_the_interval_holds_the_true_percentile_as_often_as_it_says() -> None:
    draw = random.Random(1)
    held = 0
    for _ in range(400):
        low, high = interval(sorted(draw.random() for _ in range(400)), 90)
        held += low <= 0.9 <= high
    assert held / 400 >= 0.93


def test_two_series_are_as_far_apart_as_their_shares() -> None:
    assert distance([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]) == 0
    assert distance([1.0, 2.0], [3.0, 4.0]) == 1
    assert distance([1.0, 2.0, 3.0, 4.0], [3.0, 4.0, 5.0, 6.0]) == 0.5
    assert (distance([], []), distance([], [1.0])) == (0, 1)
    assert quantile([5.0], 99.9) == 5.0
