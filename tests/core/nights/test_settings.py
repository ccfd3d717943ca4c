from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.settings import Attempting, Nightly


def test_of_three_attempts_the_second_is_due_after_a_third_of_the_time() -> None:
    attempting = Attempting(3, 900.0)
    assert [attempting.due(1000.0, number) for number in (2, 3)] == [pytest.approx(1300.0), pytest.approx(1900.0)]


@given(st.integers(2, 10), st.floats(1.0, 1e5))
def test_attempts_are_spread_over_the_whole_time(most: int, over: float) -> None:
    dues = [Attempting(most, over).due(0.0, number) for number in range(2, most + 1)]
    assert dues == sorted(dues)
    assert dues[-1] == pytest.approx(over)


def test_a_page_is_where_runs_are_published_and_a_path_where_they_are_not() -> None:
    published = Nightly(pages="https://nights.example/runs/")
    assert published.page("20261123-ab", "/srv/x/report.html") == "https://nights.example/runs/20261123-ab/report.html"
    assert Nightly().page("20261123-ab", "/srv/x/report.html") == "/srv/x/report.html"
