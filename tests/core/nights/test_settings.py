from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.settings import Attempting


def test_of_three_attempts_the_second_is_due_after_a_third_of_the_time() -> None:
    attempting = Attempting(3, 900.0)
    assert [attempting.due(1000.0, number) for number in (2, 3)] == [pytest.approx(1300.0), pytest.approx(1900.0)]


@given(st.integers(2, 10), st.floats(1.0, 1e5))
def test_attempts_are_spread_over_the_whole_time(most: int, over: float) -> None:
    dues = [Attempting(most, over).due(0.0, number) for number in range(2, most + 1)]
    assert dues == sorted(dues)
    assert dues[-1] == pytest.approx(over)
