"""Percentiles and an error rate that somebody quoted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.distributions import normal_at
from flowprobe.core.incidents.quoted import quoted


def test_what_was_quoted_is_exact() -> None:
    found = quoted("p50 180 ms, p90 700 ms, p99 2.6 s, 4 % 503", seconds=60)
    points = dict(found.segment.points)
    assert [points[percent] for percent in (50, 90, 99)] == pytest.approx([0.18, 0.7, 2.6])
    assert [(each.outcome, each.rate) for each in found.segment.errors] == [("503", 0.04)]
    assert (found.segment.begin, found.segment.end, found.exact) == (0.0, 60, (50, 90, 99))


def test_a_lognormal_that_fits_fills_what_was_not_quoted() -> None:
    found = quoted("p50 180 ms, p99 2600 ms", seconds=1)
    assert round(found.sigma, 3) == 1.148
    assert dict(found.segment.points)[90.0] == pytest.approx(0.18 * math.exp(1.148 * 1.2816), rel=1e-3)
    assert max(dict(found.segment.points)) == 99.9


def test_where_no_lognormal_fits_there_is_only_what_was_quoted() -> None:
    found = quoted("p50 100 ms, p90 110 ms, p99 30 s", seconds=1)
    assert (found.sigma, found.segment.points) == (0.0, ((50, 0.1), (90, 0.11), (99, 30)))
    assert found.worst > 0.1


@pytest.mark.parametrize("text", ["p50: 180ms; p999=5s", "median 180 ms\np99.9 5 s", "P50 0.18 s, p99.9 5 sec"])
def test_people_write_it_in_many_ways(text: str) -> None:
    points = dict(quoted(text, seconds=1).segment.points)
    assert (points[50.0], points[99.9]) == pytest.approx((0.18, 5.0))


def test_errors_have_a_status_or_are_none_at_all() -> None:
    found = quoted("p50 1 s, 4% 503s, 1.5 % timeouts, 2 % of connection refused errors, max 9 s, min 10 ms", seconds=1).segment
    assert [(each.outcome, round(each.rate, 3)) for each in found.errors] == [("503", 0.04), ("refused", 0.02), ("hang", 0.015)]
    assert (found.least, found.most) == (0.01, 9.0)


def test_a_provider_that_was_down_has_no_latency() -> None:
    assert quoted("100 % refused", seconds=1).segment.points == ()


@pytest.mark.parametrize(("text", "said"), [
    ("p50 180", "'p50 180' has no unit; write p50 180 ms, or s"), ("p50 1 s, p90 1 ms", "p90 is less than p50"), ("", "no percentile is quoted"),
    ("p50 1 s, p50 2 s", "p50 is quoted twice"), ("p0 1 s", "p0 is no percentile"), ("mean 3 s", "'mean 3 s' is an average"),
    ("p50 1 s, 60 % 503, 60 % 500", "the errors are more than all calls"), ("p50 1 s, 4 % errors", "'4 % errors' does not say which error"),
    ("p50 1 s, 4 % 777", "'4 % 777' does not say which error"), ("slow", "'slow' is not understood"), ("p50 0 ms", "'p50 0 ms' is not between"),
    ("p50 1 s, max 1 ms", "a quoted percentile is not between min and max"), ("p50 99999999 s", "'p50 99999999 s' is not between"),
])
def test_what_is_not_understood_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        quoted(text, seconds=1)


@given(st.floats(0.001, 10), st.floats(0.01, 2.5), st.sets(st.sampled_from((75, 90, 95, 99, 99.9)), min_size=1))
def test_percentiles_of_a_lognormal_come_back(median: float, sigma: float, percents: set[float]) -> None:
    parts = [f"p50 {median:.9f} s", *(f"p{percent} {median * math.exp(sigma * normal_at(percent / 100)):.9f} s" for percent in percents)]
    found = quoted(", ".join(parts), seconds=1)
    assert found.sigma == pytest.approx(sigma, rel=0.01)
    for percent, seconds in found.segment.points:
        assert seconds == pytest.approx(median * math.exp(sigma * normal_at(percent / 100)), rel=0.02)


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=5), st.data())
def test_what_was_quoted_is_always_exact_and_never_falls(seconds: list[float], data: st.DataObject) -> None:
    percents = data.draw(st.lists(st.sampled_from((5, 25, 50, 66, 75, 90, 95, 99, 99.9)), min_size=len(seconds), max_size=len(seconds), unique=True))
    given = dict(zip(sorted(percents), sorted(seconds), strict=True))
    points = quoted(", ".join(f"p{percent} {value:.9f} s" for percent, value in given.items()), seconds=1).segment.points
    assert {percent: value for percent, value in points if percent in given} == pytest.approx(given, abs=1e-8)
    assert list(points) == sorted(points)
    assert [value for _, value in points] == sorted(value for _, value in points)
