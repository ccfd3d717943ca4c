"""Distributions are quantile functions: monotone, exact at what was quoted, and inside their bounds."""

from __future__ import annotations

from statistics import NormalDist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.distributions import (
    Around,
    Distribution,
    Lognormal,
    Normal,
    Pareto,
    Quantiles,
    Recorded,
    Uniform,
    normal_at,
    seconds_at,
)

seconds = st.floats(0.001, 100)
draws = st.floats(0, 1, exclude_max=True)
caps = st.none() | seconds


@st.composite
def distributions(draw: st.DrawFn) -> Distribution:
    low, middle, high, highest = sorted(draw(st.lists(seconds, min_size=4, max_size=4)))
    cap = draw(caps)
    return draw(st.sampled_from([
        Around(high, low), Uniform(low, high), Normal(middle, draw(seconds), cap),
        Lognormal(middle, high, draw(st.sampled_from([90, 95, 99])), cap),
        Pareto(low, draw(st.floats(0.01, 20)), high),
        Quantiles(((50, low), (95, middle), (99, high)), cap=draw(st.sampled_from([None, highest]))),
        Recorded(tuple(draw(st.lists(seconds, min_size=1, max_size=9))), cap=cap),
    ]))


def bounds(of: Distribution) -> tuple[float, float]:
    match of:
        case Around(fixed, jitter):
            return fixed - jitter, fixed + jitter
        case Uniform(low, high) | Pareto(low, _, high):
            return low, high
        case Quantiles(points, low, cap):
            return low, points[-1][1] if cap is None else cap
        case Normal(cap=cap) | Lognormal(cap=cap) | Recorded(cap=cap):
            return 0, float("inf") if cap is None else cap


@settings(deadline=None)  # a busy machine is no failure
@given(distributions(), draws, draws)
def test_a_larger_draw_never_takes_less_time_and_all_stay_inside_their_bounds(
    of: Distribution, one: float, other: float,
) -> None:
    less, more = (seconds_at(of, u) for u in sorted((one, other)))
    low, high = bounds(of)
    assert less <= more * (1 + 1e-12)
    assert low * (1 - 1e-9) - 1e-12 <= less
    assert more <= high * (1 + 1e-9)


@settings(deadline=None)
@given(seconds, st.floats(1, 50), st.sampled_from([90, 95, 99]))
def test_a_lognormal_is_exact_at_both_percentiles(p50: float, factor: float, percentile: int) -> None:
    of = Lognormal(p50, p50 * factor, percentile)
    assert seconds_at(of, 0.5) == pytest.approx(p50)
    assert seconds_at(of, percentile / 100) == pytest.approx(p50 * factor)


@settings(deadline=None)
@given(st.lists(seconds, min_size=3, max_size=3).map(sorted), st.none() | st.just(200.0))
def test_quantiles_are_exact_where_they_were_quoted_and_at_both_ends(quoted: list[float], cap: float | None) -> None:
    of = Quantiles(tuple(zip((50, 95, 99), quoted, strict=True)), min=quoted[0] / 2, cap=cap)
    assert [seconds_at(of, u) for u in (0.5, 0.95, 0.99)] == pytest.approx(quoted)
    assert seconds_at(of, 0) == pytest.approx(quoted[0] / 2)
    assert seconds_at(of, 1) == pytest.approx(quoted[-1] if cap is None else cap)


def test_quantiles_go_straight_between_two() -> None:
    of = Quantiles(((50, 0.1), (90, 0.5)))
    assert [round(seconds_at(of, u), 6) for u in (0.25, 0.7, 0.95)] == [0.05, 0.3, 0.5]


@settings(deadline=None)
@given(st.floats(1e-12, 1 - 1e-12))
def test_the_normal_quantile_is_that_of_the_library(u: float) -> None:
    assert normal_at(u) == pytest.approx(NormalDist().inv_cdf(u), abs=1e-7)


def test_a_normal_is_symmetric_where_nothing_is_cut_off_and_never_negative() -> None:
    wide = Normal(0.1, 10)
    assert seconds_at(Normal(1, 0.1), 0.5) == pytest.approx(1)
    assert seconds_at(Normal(1, 0.1), 0.975) == pytest.approx(1.19600, abs=1e-4)
    assert seconds_at(wide, 0) == pytest.approx(0, abs=1e-9)
    assert seconds_at(wide, 0.5) > 0.1  # the part below zero is gone, and the rest fills its place
    assert seconds_at(Normal(1, 0), 0.2) == 1


def test_a_cap_changes_nothing_below_it() -> None:
    bare, capped = Lognormal(0.1, 1), Lognormal(0.1, 1, cap=0.5)
    assert seconds_at(capped, 0.5) == seconds_at(bare, 0.5)
    assert seconds_at(capped, 0.99) == 0.5


def test_a_pareto_begins_at_its_minimum_and_has_its_percentiles() -> None:
    of = Pareto(0.1, 2, cap=100)
    assert seconds_at(of, 0) == pytest.approx(0.1)
    assert seconds_at(of, 0.99) == pytest.approx(1.0)
    assert seconds_at(Pareto(0.1, 0.001, cap=3), 0.99) == 3


def test_recorded_times_are_sampled_or_come_in_their_order() -> None:
    values = (0.3, 0.1, 0.2)
    assert {seconds_at(Recorded(values), u) for u in (0.1, 0.5, 0.9)} == set(values)
    in_order = Recorded(values, sampled=False, cap=0.25)
    assert [seconds_at(in_order, 0.5, ordinal) for ordinal in (1, 2, 3, 4)] == [0.25, 0.1, 0.2, 0.25]


@pytest.mark.parametrize(("of", "words"), [
    (Around(0.5, 0.05), "500ms ± 50ms"),
    (Uniform(0.1, 2), "100ms to 2s"),
    (Normal(0.2, 0.05), "200ms ± 50ms (normal)"),
    (Lognormal(0.12, 2.6), "p50 120ms, p99 2.6s (lognormal)"),
    (Lognormal(0.12, 2.6, 95, 5), "p50 120ms, p95 2.6s (lognormal), at most 5s"),
    (Pareto(0.1, 1.5, 30), "100ms and more (pareto 1.5), at most 30s"),
    (Quantiles(((50, 0.12), (99.9, 2.6))), "p50 120ms, p99.9 2.6s"),
    (Recorded((0.1, 0.2)), "sampled from 2 recorded times"),
    (Recorded((0.1, 0.2), sampled=False), "one after the other of 2 recorded times"),
])
def test_each_reads_well(of: Distribution, words: str) -> None:
    assert of.describe() == words
