"""One series of numbers, night by night. The noise of these nights is drawn from a seed; its spread is 0.08."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.model import Trending
from flowprobe.core.nights.watching import BACK, LEARN, LEARN_AGAIN, NEWEST, Watch

USUAL, SPREAD = -1.2, 0.08


def _noise(nights: int, seed: int = 1) -> list[float]:
    dice = random.Random(seed)
    return [USUAL + dice.gauss(0, SPREAD) for _ in range(nights)]


def _watch(values: Sequence[float], watch: Watch | None = None, *, first: int = 0, trust: float = 1.0) -> Watch:
    seen = watch or Watch()
    for night, value in enumerate(values, start=first):
        seen.see(f"n{night:04}", value, trust=trust)
    return seen


def test_four_weeks_are_learned_from_and_nothing_is_said_meanwhile() -> None:
    assert _watch([*_noise(10), *[5.0] * (LEARN - 11)]).state is Trending.LEARNING
    assert not _watch(_noise(LEARN - 1)).stands_out(5.0)
    assert _watch(_noise(LEARN)).state is Trending.STEADY


def test_the_usual_and_its_spread_do_not_mind_a_few_odd_nights() -> None:
    usual, spread = _watch([*_noise(25), 3.0, 3.0, 3.0]).baseline
    assert usual == pytest.approx(USUAL, abs=0.06)
    assert 0.04 < spread < 0.16


@pytest.mark.parametrize(("times", "within"), [(1.2, 14), (1.3, 6), (1.5, 4)])
def test_what_stays_slower_gathers_until_it_is_told(times: float, within: int) -> None:
    watch = _watch([*_noise(60), *(value + math.log(times) for value in _noise(within, seed=2))])
    assert watch.state is Trending.CHANGED
    assert "n0050" < watch.since <= "n0062"


def test_two_nights_far_out_are_told_at_once_and_since_the_first_of_them() -> None:
    watch = _watch([*_noise(60), USUAL + 0.5])
    assert watch.state is not Trending.CHANGED
    _watch([USUAL + 0.5], watch, first=61)
    assert (watch.state, watch.since) == (Trending.CHANGED, "n0060")


def test_a_night_that_was_measured_again_is_told_the_same_night() -> None:
    watch = _watch(_noise(60))
    assert watch.stands_out(USUAL + 0.4)
    assert watch.confirms([USUAL + 0.3, USUAL + 0.45])
    assert not watch.confirms([USUAL + 0.5, USUAL + 0.1]), "one of them is not far out"
    watch.see("n0060", USUAL + 0.4, confirmed=True)
    assert (watch.state, watch.since) == (Trending.CHANGED, "n0060")
    assert not watch.stands_out(USUAL + 0.4), "it is told already"


def test_one_bad_night_is_suspect_and_never_usual() -> None:
    watch = _watch(_noise(60))
    before = watch.baseline
    _watch([USUAL + 0.6], watch, first=60)
    assert (watch.state, watch.baseline) == (Trending.SUSPECT, before)
    assert _watch(_noise(6, seed=3), watch, first=61).state is Trending.STEADY


def test_what_is_sure_but_small_is_not_told() -> None:
    dice = random.Random(5)
    steady = [dice.gauss(0, 0.01) for _ in range(60)]
    small = [math.log(1.06) + dice.gauss(0, 0.01) for _ in range(40)]
    watch = _watch([*steady, *small])
    assert watch.state is Trending.SUSPECT
    assert _watch([math.log(1.13) + dice.gauss(0, 0.01) for _ in range(14)], watch).state is Trending.CHANGED


def test_a_change_stays_until_a_week_is_as_usual_and_never_becomes_usual() -> None:
    watch = _watch([*_noise(60), *(value + 0.4 for value in _noise(200, seed=2))])
    usual, _ = watch.baseline
    assert (watch.state, usual) == (Trending.CHANGED, pytest.approx(USUAL, abs=0.04))
    assert _watch(_noise(3, seed=4), watch, first=260).state is Trending.CHANGED
    assert _watch(_noise(BACK, seed=4), watch, first=263).state is Trending.STEADY
    assert watch.since == "" or watch.since > "n0262"


def test_faster_is_no_alarm_and_becomes_usual() -> None:
    watch = _watch([*_noise(60), *(value - 0.4 for value in _noise(NEWEST, seed=2))])
    assert watch.state is Trending.STEADY
    assert watch.baseline[0] == pytest.approx(USUAL - 0.4, abs=0.05)


def test_slow_decay_is_seen_though_no_night_differs_from_the_one_before() -> None:
    watch = _watch([*_noise(60), *(value + 0.01 * night for night, value in enumerate(_noise(40, seed=2)))])
    assert watch.state is Trending.CHANGED


def test_a_person_says_that_it_is_usual_and_two_weeks_are_learned_from() -> None:
    watch = _watch([*_noise(60), *(value + 0.4 for value in _noise(10, seed=2))])
    spread = watch.baseline[1]
    new = _watch([value + 0.4 for value in _noise(LEARN_AGAIN, seed=3)], watch.anew())
    assert (new.state, new.baseline) == (Trending.STEADY, (pytest.approx(USUAL + 0.4, abs=0.06), spread))
    assert _watch([value + 0.8 for value in _noise(4, seed=2)], new).state is Trending.CHANGED


def test_before_the_spread_is_known_a_person_makes_it_begin_from_nothing() -> None:
    watch = _watch(_noise(LEARN_AGAIN, seed=3), _watch(_noise(10)).anew())
    assert watch.state is Trending.LEARNING


def test_a_night_that_is_trusted_less_has_to_show_more() -> None:
    watch = _watch(_noise(60))
    assert watch.stands_out(USUAL + 0.5)
    assert not watch.stands_out(USUAL + 0.5, trust=0.5)
    assert watch.stands_out(USUAL + 1.0, trust=0.5)
    slower = [value + math.log(1.12) for value in _noise(30, seed=2)]
    assert _watch([*_noise(60), *slower], trust=0.5).state is not Trending.CHANGED
    assert _watch([*_noise(60), *slower]).state is Trending.CHANGED


VALUES = st.lists(st.floats(-3, 3), max_size=120)


@given(VALUES, st.floats(-5, 5))
def test_the_unit_does_not_matter(values: list[float], shift: float) -> None:
    """Seconds or milliseconds: on a log scale that is an addition. On a grid, for a comparison may fall either way."""
    grid = [round(value * 64) / 64 for value in values]
    moved = round(shift * 64) / 64
    here, there = _watch(grid), _watch([value + moved for value in grid])
    assert (here.state, here.since) == (there.state, there.since)


@given(VALUES)
def test_only_what_gathers_or_has_changed_has_a_beginning(values: list[float]) -> None:
    watch = _watch(values)
    assert watch.baseline[1] >= 0.02
    if watch.state is Trending.LEARNING:
        assert len(values) < LEARN
    if watch.state in (Trending.CHANGED, Trending.SUSPECT):
        assert watch.since


@given(st.lists(st.floats(-3, 0), max_size=90))
def test_what_is_never_slower_than_it_ever_was_is_never_told(values: list[float]) -> None:
    assert _watch([*[0.0] * LEARN, *values]).state in (Trending.STEADY, Trending.SUSPECT, Trending.LEARNING)
