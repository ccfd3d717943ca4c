from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.incidents.changing import MOST, change_points

rows = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60)), max_size=25)


def even(*shares: int, windows: int) -> list[tuple[int, ...]]:
    return [shares] * windows


def test_a_row_that_stays_the_same_has_no_change() -> None:
    assert change_points(even(30, 20, 5, windows=60)) == ()


def test_each_change_is_found_in_its_window() -> None:
    counts = [*even(50, 5, 0, windows=20), *even(10, 40, 5, windows=7), *even(50, 5, 0, windows=13)]
    assert change_points(counts) == (20, 27)


def test_an_error_that_begins_is_a_change_though_latencies_are_not() -> None:
    assert change_points([*even(40, 20, 0, windows=20), *even(36, 18, 6, windows=20)]) == (20,)


def test_a_window_without_calls_is_no_change() -> None:
    assert change_points([*even(30, 20, windows=10), (0, 0), (0, 0), *even(30, 20, windows=10)]) == ()


def test_nothing_has_no_change() -> None:
    assert change_points([]) == ()
    assert change_points([(5, 1)]) == ()


@settings(max_examples=60, deadline=None)
@given(rows)
def test_there_are_never_more_segments_than_a_person_would_recognise(counts: list[tuple[int, int, int]]) -> None:
    points = change_points(counts, dear=0.01)
    assert len(points) < MOST
    assert list(points) == sorted(set(points))
    assert all(0 < point < len(counts) for point in points)
