"""Whose turn it is, by number, by time and by draw."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.faults.fault import Burst, Fault, Flap, Limit, Opening, Ramp, When
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.quota import Quota
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.turns import chance, depends_on, described, never, passed_over, within_share
from flowprobe.core.values import Position

SMALL = st.integers(1, 6)
BY_NUMBER = st.builds(
    When, first=st.none() | SMALL, every=SMALL, after=st.integers(0, 6),
    between=st.just(()) | st.tuples(SMALL, SMALL).map(lambda pair: tuple(sorted(pair))),
    flap=st.none() | st.builds(Flap, SMALL, SMALL, st.just(True)),
    burst=st.none() | st.builds(Burst, SMALL, SMALL, st.just(True)),
)


def fault(when: When | None = None, limit: Limit | None = None) -> Fault:
    return Fault("f", "payments", Latency(1), Position("x", 1, 1), when=when or When(), limit=limit or Limit())


def numbers(when: When, count: int = 12) -> list[int]:
    return [ordinal for ordinal in range(1, count + 1) if not passed_over(when, ordinal, 0.0)]


def times(when: When) -> list[int]:
    return [second for second in range(12) if not passed_over(when, 1, float(second))]


# --- by number ---


@pytest.mark.parametrize(("when", "expected"), [
    (When(between=(3, 5)), [3, 4, 5]),
    (When(between=(3, 9), every=2), [4, 6, 8]),
    (When(flap=Flap(3, 2, True)), [4, 5, 9, 10]),
    (When(burst=Burst(5, 2, True)), [1, 2, 6, 7, 11, 12]),
    (When(burst=Burst(5, 2, True), after=6), [7, 11, 12]),
    (When(burst=Burst(4, 2, True), flap=Flap(1, 1, True)), [2, 6, 10]),
])
def test_what_counts_calls_is_told_by_their_numbers(when: When, expected: list[int]) -> None:
    assert numbers(when) == expected


@settings(deadline=None)  # a busy machine is no failure
@given(BY_NUMBER)
def test_all_that_is_said_holds_for_each_that_suffers(when: When) -> None:
    picked = numbers(when, 200)
    assert all(ordinal > when.after and (ordinal - when.after) % when.every == 0 for ordinal in picked)
    assert when.first is None or len(picked) <= when.first
    assert not when.between or set(picked) <= set(range(when.between[0], when.between[1] + 1))
    assert when.flap is None or set(picked) <= set(numbers(When(flap=when.flap), 200))
    assert when.burst is None or set(picked) <= set(numbers(When(burst=when.burst), 200))


@settings(deadline=None)  # a busy machine is no failure
@given(BY_NUMBER, st.integers(1, 100), st.floats(0, 1e6), st.floats(0, 1e6))
def test_what_counts_calls_does_not_look_at_the_time(when: When, ordinal: int, one: float, other: float) -> None:
    assert passed_over(when, ordinal, one) == passed_over(when, ordinal, other)
    assert depends_on(fault(when)) == ""


@settings(deadline=None)  # a busy machine is no failure
@given(BY_NUMBER)
def test_what_never_falls_is_known_before(when: When) -> None:
    assert bool(never(fault(when))) is not bool(numbers(when, 2000))


# --- by time ---


@pytest.mark.parametrize(("when", "expected"), [
    (When(window=(Opening(2.0, 5.0),)), [2, 3, 4]),
    (When(window=(Opening(2.0, 4.0), Opening(8.0))), [2, 3, 8, 9, 10, 11]),
    (When(flap=Flap(5.0, 2.0)), [5, 6]),
    (When(burst=Burst(10.0, 1.0)), [0, 10]),
    (When(burst=Burst(4.0, 2.0), window=(Opening(5.0),)), [5, 8, 9]),
])
def test_what_looks_at_the_time_is_told_by_it(when: When, expected: list[int]) -> None:
    assert times(when) == expected
    assert depends_on(fault(when)) == "time"


def test_the_reason_is_the_first_that_applies() -> None:
    when = When(after=1, window=(Opening(5.0),), flap=Flap(2.0, 2.0))
    assert [passed_over(when, 1, 9.0), passed_over(when, 2, 1.0), passed_over(when, 2, 8.0)] == ["after", "window", "flap"]


# --- probabilities ---


@pytest.mark.parametrize(("armed_s", "expected"), [(0.0, 0.1), (5.0, 0.3), (10.0, 0.5), (99.0, 0.5)])
def test_a_ramp_over_time_ends_where_it_says(armed_s: float, expected: float) -> None:
    assert chance(When(ramp=Ramp(10.0, 0.1, 0.5)), 1, armed_s) == pytest.approx(expected)


@pytest.mark.parametrize(("ordinal", "expected"), [(1, 0.0), (3, 0.5), (5, 1.0), (50, 1.0)])
def test_a_ramp_over_calls_reaches_its_end_with_the_last_of_them(ordinal: int, expected: float) -> None:
    assert chance(When(ramp=Ramp(5, 0.0, 1.0, True)), ordinal, 99.0) == pytest.approx(expected)


def test_a_ramp_over_one_call_is_at_its_end() -> None:
    assert chance(When(ramp=Ramp(1, 0.0, 1.0, True)), 1, 0.0) == 1


def test_a_ramp_and_a_probability_are_multiplied() -> None:
    assert chance(When(probability=0.5, ramp=Ramp(10.0)), 1, 5.0) == pytest.approx(0.25)


# --- shares ---


def taken(share: float, count: int, begins: float) -> list[int]:
    fallen: list[int] = []
    for ordinal in range(1, count + 1):
        if within_share(share, ordinal, len(fallen), begins):
            fallen.append(ordinal)
    return fallen


@settings(deadline=None)  # a busy machine is no failure
@given(st.floats(0, 1), st.integers(1, 300), st.floats(0, 1, exclude_max=True))
def test_a_share_is_never_exceeded_by_more_than_the_part_of_one_call(share: float, count: int, begins: float) -> None:
    fallen = taken(share, count, begins)
    assert share * count - 1 <= len(fallen) <= share * count + 1


@pytest.mark.parametrize("begins", [0.0, 0.3, 0.95])
def test_a_tenth_of_ten_calls_is_one(begins: float) -> None:
    assert len(taken(0.1, 10, begins)) == 1
    assert len(taken(0.1, 30, begins)) == 3


def test_what_others_left_of_a_share_is_still_there() -> None:
    assert within_share(0.1, 30, 0, 0.0)
    assert not within_share(0.1, 30, 3, 0.0)


# --- about a fault ---


@pytest.mark.parametrize(("limit", "expected"), [
    (Limit(injections=3), "order"), (Limit(max_active=1), "order"), (Limit(seconds=3), "time"),
    (Limit(share=0.1), ""), (Limit(injections=3, seconds=3), "time, order"),
])
def test_limits_over_all_sites_depend_on_more_than_the_number_of_a_call(limit: Limit, expected: str) -> None:
    assert depends_on(fault(limit=limit)) == expected


def test_a_quota_is_used_up_by_whoever_comes_first_and_renewed_in_time() -> None:
    limited = Fault("f", "payments", Status(429, quota=Quota(3, 60.0)), Position("x", 1, 1))
    assert depends_on(limited) == "time, order"


@pytest.mark.parametrize(("when", "limit", "word"), [
    (When(probability=0), Limit(), "probability"),
    (When(ramp=Ramp(5.0, 0.0, 0.0)), Limit(), "ramp"),
    (When(window=(Opening(9.0), Opening(5.0))), Limit(seconds=5), "window"),
    (When(flap=Flap(5.0, 1.0)), Limit(seconds=5), "up"),
    (When(), Limit(share=0.0), "share"),
    (When(after=9, between=(1, 9)), Limit(), "no number"),
])
def test_a_fault_that_cannot_fall_says_why(when: When, limit: Limit, word: str) -> None:
    assert word in never(fault(when, limit))


@pytest.mark.parametrize(("when", "limit"), [
    (When(), Limit()), (When(between=(7_918_998, 7_919_003), every=7919), Limit()),
    (When(window=(Opening(9.0), Opening(4.0))), Limit(seconds=5)), (When(ramp=Ramp(5.0, 1.0, 0.0)), Limit()),
    (When(every=9973, burst=Burst(9967, 1, True)), Limit()),
])
def test_a_fault_that_may_fall_is_left_alone(when: When, limit: Limit) -> None:
    assert never(fault(when, limit)) == ""


def test_when_in_words() -> None:
    when = When(0.1, 2, 3, 1, (2, 9), (Opening(0.5, 2.0), Opening(5.0)), Ramp(20, by_calls=True), Flap(5.0, 2.0),
                Burst(1, 1, True))
    assert described(when) == (
        "after 1, every 3, first 2, between 2 and 9, window from 500ms to 2s, window from 5s on, flap 5s up, 2s down, "
        "burst of 1 call every 1 call, ramp from 0 to 1 over 20 calls, probability 0.1")
    assert described(When()) == ""
