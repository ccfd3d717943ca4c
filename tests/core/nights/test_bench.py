"""What the bench of nights (tests/bench/nights.py) is measured with."""

from __future__ import annotations

import random

import pytest

from tests.bench.nights import Judge, lived, mean_between, share_between
from tests.bench.noise import ALONE, BASE, CONTROL, GAPS, STEP, drawn
from tests.bench.textbook import episodes, mann_whitney, p95_beyond_three_deviations


def test_intervals_are_the_exact_ones() -> None:
    assert mean_between(0) == (0.0, pytest.approx(3.689, abs=1e-3))
    assert mean_between(10) == (pytest.approx(4.795, abs=1e-3), pytest.approx(18.390, abs=1e-3))
    assert share_between(0, 10) == (0.0, pytest.approx(0.3085, abs=1e-4))
    assert share_between(10, 10) == (pytest.approx(0.6915, abs=1e-4), 1.0)
    assert share_between(85, 100) == (pytest.approx(0.7647, abs=1e-3), pytest.approx(0.9135, abs=1e-3))


@pytest.mark.parametrize(("quick", "count", "missed"), [(False, 1, 0), (False, 30, 1), (False, 90, 1),
                                                        (True, 30, 0), (True, 90, 1)])
def test_in_full_the_whole_interval_has_to_hold_and_a_quick_run_fails_only_where_none_of_it_does(
        quick: bool, count: int, missed: int) -> None:
    judge = Judge(quick)
    judge.at_most("episodes", count, 200_000, 2.0)
    judge.at_most("for information", 10_000, 200_000, None)
    assert judge.missed == missed


def test_alerts_on_nights_that_are_near_each_other_are_one_episode() -> None:
    assert episodes([True, False, True, True, False, False, False, True]) == 2
    assert episodes([False] * 9) == 0


@pytest.mark.parametrize("textbook", [p95_beyond_three_deviations, mann_whitney])
def test_what_the_textbook_says_is_seen_when_a_product_becomes_three_times_slower(textbook: object) -> None:
    nights = drawn(BASE, 60, random.Random(1), times=3.0, since=50).samples[STEP]
    alerts = list(textbook([seconds for _, seconds in nights]))  # type: ignore[operator]
    assert len(alerts) == 60
    assert alerts[50]
    assert sum(alerts[:50]) < 10


def test_worlds_have_their_gaps() -> None:
    gaps, alone = (drawn(world, 400, random.Random(2)).samples for world in (GAPS, ALONE))
    assert 320 < len(gaps[STEP]) < 390
    assert 350 < len(gaps[CONTROL]) < 399
    assert (len(alone[STEP]), len(alone[CONTROL])) == (400, 0)


def test_what_is_known_before_a_night_ends_with_the_one_before_it() -> None:
    made = drawn(GAPS, 100, random.Random(3))
    before = made.before(60, 30)
    assert before[STEP] == [each for each in made.samples[STEP] if "000030" <= each[0] < "000060"]


def test_a_night_is_lived_through_with_what_is_measured_again() -> None:
    found = lived(drawn(BASE, 104, random.Random(4), times=2.0, since=90))
    assert found.changed == [90]
    assert found.confirmed == [90]
    assert (found.again, found.open) == (1, 14)
