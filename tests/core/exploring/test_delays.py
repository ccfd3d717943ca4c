"""The shortest delay that breaks: near, in few tries, and a hint saves some of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.delays import fineness, hinted, shortest


@given(st.floats(0.001, 59.0), st.floats(0.5, 60.0))
def test_it_lies_between_one_that_breaks_and_one_that_holds(threshold: float, high: float) -> None:
    asked: list[float] = []

    def breaks(seconds: float) -> bool:
        asked.append(seconds)
        return seconds >= threshold

    high = max(high, threshold)
    shortest_s, longest_s = shortest(high, breaks)
    assert longest_s < threshold <= shortest_s
    assert shortest_s - longest_s <= max(fineness(longest_s) / 2, 0.001)
    assert len(asked) <= 14


def test_a_hint_is_asked_first() -> None:
    asked: list[float] = []
    shortest(5.0, lambda seconds: not asked.append(seconds) and seconds >= 0.8, hinted([0.8]))  # type: ignore[func-returns-value]
    assert asked[:2] == [0.816, 0.784]


@pytest.mark.parametrize(("seconds", "fine"), [(0.0, 0.01), (0.1, 0.01), (1.0, 0.05)])
def test_a_delay_is_known_to_ten_milliseconds_or_to_a_twentieth(seconds: float, fine: float) -> None:
    assert fineness(seconds) == fine
