"""How long a step takes, against controls. Nights are drawn as `tests/bench/nights.py` draws them."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.nights.latency import NEWEST, candidates, confirmed, middle, readings, trend
from flowprobe.core.nights.model import Sample, Series, Trend, Trending
from tests.bench.noise import BASE, CONTROL, NOISY, STEP, Drawn, Night, World, drawn

OTHER, THIRD = Series("control", "status page"), Series("control", "dns")


def _drawn(nights: int, times: float = 1.0, since: int = 0, world: World = BASE, seed: int = 7) -> Drawn:
    return drawn(world, nights, random.Random(seed), times=times, since=since)


def _trend(samples: Mapping[Series, Sequence[Night]], **options: object) -> Trend:
    return trend(STEP, readings(samples)[STEP], **options)  # type: ignore[arg-type]


def _slowed(nights: Sequence[Night], times: float, since: int, until: int | None = None) -> list[Night]:
    return [(name, tuple(each * times for each in seconds) if since <= number < (until or len(nights)) else seconds)
            for number, (name, seconds) in enumerate(nights)]


def test_a_new_series_is_learning_and_says_what_it_has_seen() -> None:
    found = _trend(_drawn(27, times=3.0, since=20).samples)
    assert (found.state, found.nights, found.since) == (Trending.LEARNING, 27, "")
    assert trend(STEP, ()) == Trend(STEP, Trending.LEARNING, 0)


def test_a_steady_series_has_its_usual_inside_its_band() -> None:
    found = _trend(_drawn(90).samples)
    assert (found.state, found.since) == (Trending.STEADY, "")
    assert found.low_s < found.usual_s < found.high_s
    assert found.usual_s == pytest.approx(0.3, rel=0.06)
    assert found.factor == pytest.approx(1, abs=0.25)


def test_a_change_is_told_with_how_much_and_since_when() -> None:
    found = _trend(_drawn(104, times=1.5, since=90).samples)
    assert found.state is Trending.CHANGED
    assert "000085" <= found.since <= "000091"
    assert found.factor == pytest.approx(1.5, abs=0.35)
    assert found.usual_s == pytest.approx(0.3, rel=0.06)
    assert found.tonight_s > found.high_s


def test_what_the_controls_show_too_is_the_network() -> None:
    made = _drawn(104).samples
    slow = {series: _slowed(nights, 1.6, 90) for series, nights in made.items()}
    assert _trend(slow).state is Trending.STEADY
    assert _trend({**slow, CONTROL: made[CONTROL]}).state is Trending.CHANGED


def test_without_controls_more_is_asked() -> None:
    alone = {STEP: _drawn(104).samples[STEP]}
    assert _trend({STEP: _slowed(alone[STEP], 1.12, 90)}).state is not Trending.CHANGED
    assert _trend({STEP: _slowed(alone[STEP], 1.8, 90)}).state is Trending.CHANGED


def test_a_control_that_begins_late_or_misses_nights_moves_nothing() -> None:
    made = _drawn(120).samples
    assert _trend({**made, CONTROL: made[CONTROL][60:]}).state is Trending.STEADY
    assert _trend({**made, CONTROL: made[CONTROL][:-1]}).state is Trending.STEADY
    assert _trend({**made, CONTROL: made[CONTROL][::2]}).state is Trending.STEADY


def test_a_control_that_is_new_is_not_believed_yet() -> None:
    made = _drawn(60).samples
    with_new = readings({**made, OTHER: [(name, (9.0,) * 20) for name, _ in made[CONTROL][-5:]]})
    assert with_new == readings(made)


@pytest.mark.parametrize("times", [4.0, 0.25])
@pytest.mark.parametrize("others", [1, 2])
def test_one_of_several_controls_that_breaks_or_mends_moves_nothing(times: float, others: int) -> None:
    made = _drawn(110)
    samples = {**made.samples, OTHER: _slowed(made.samples[CONTROL], times, 90)}
    if others == 2:
        samples[THIRD] = _drawn(110, seed=8).samples[CONTROL]
    assert _trend(samples).state is Trending.STEADY
    samples[STEP] = _slowed(samples[STEP], 1.5, 95)
    assert _trend(samples).state is Trending.CHANGED


def test_a_night_with_few_samples_says_nothing() -> None:
    made = _drawn(60).samples
    name, seconds = made[STEP][-1]
    few = readings({**made, STEP: [*made[STEP][:-1], (name, seconds[:9])]})[STEP]
    assert [night for night, *_ in few] == [night for night, _ in made[STEP][:-1]]
    assert readings({STEP: [(name, (0.1, 0.1))]}) == {STEP: ()}
    assert readings({STEP: []}) == {STEP: ()}


def test_a_person_says_that_the_change_is_usual() -> None:
    made = _drawn(130, times=1.5, since=90).samples
    assert _trend(made).state is Trending.CHANGED
    found = _trend(made, rebased="000090")
    assert found.state not in (Trending.CHANGED, Trending.LEARNING)
    assert (found.nights, found.since) == (40, "")
    assert found.usual_s == pytest.approx(0.45, rel=0.06)
    assert _trend(made, rebased="000120").state is Trending.LEARNING
    assert _trend(made, rebased="000200") == Trend(STEP, Trending.LEARNING, 0)


def test_a_change_ends_by_itself_when_it_is_gone_for_a_week() -> None:
    made = _drawn(120).samples
    assert _trend({**made, STEP: _slowed(made[STEP], 1.5, 90, 117)}).state is Trending.CHANGED
    assert _trend({**made, STEP: _slowed(made[STEP], 1.5, 90, 105)}).state is Trending.STEADY


def test_a_night_that_stands_out_is_measured_again_and_told_the_same_night() -> None:
    world = _drawn(91, times=1.7, since=90)
    before, tonight = world.before(90, 90), world.batch(90)
    assert candidates(before, tonight) == (STEP,)
    assert confirmed(STEP, before, [world.batch(90), world.batch(90)])
    assert confirmed(STEP, before, [tonight, world.batch(90), world.batch(90)])
    found = _trend(world.samples, confirmed={"000090"})
    assert (found.state, found.since) == (Trending.CHANGED, "000090")
    assert _trend(world.samples).state is not Trending.CHANGED


def test_one_batch_or_one_that_is_as_usual_confirms_nothing() -> None:
    world, usual = _drawn(91, times=1.7, since=90), _drawn(91)
    before = world.before(90, 90)
    assert not confirmed(STEP, before, [])
    assert not confirmed(STEP, before, [world.batch(90)])
    assert not confirmed(STEP, before, [world.batch(90), usual.batch(90)])
    assert not confirmed(STEP, before, [world.batch(90), world.batch(90)[1:]]), "the step is not in it"


def test_a_slow_network_makes_no_candidate_and_without_controls_much_is_asked() -> None:
    world = _drawn(91, times=1.7, since=90)
    before, (step, control) = world.before(90, 90), world.batch(90)
    slow = replace_seconds(control, 1.7)
    assert candidates(before, [step, slow]) == ()
    assert candidates(before, [step]) == ()
    assert candidates(before, [replace_seconds(step, 2.5)]) == (STEP,)


def test_a_series_that_is_learning_or_was_told_is_no_candidate() -> None:
    young, told = _drawn(21, times=3.0, since=20), _drawn(101, times=3.0, since=90)
    assert candidates(young.before(20, 20), young.batch(20)) == ()
    assert candidates(told.before(100, 100), told.batch(100)) == ()
    assert candidates(told.before(100, 100), told.batch(100), rebased={str(STEP): "000095"}) == ()
    assert candidates({}, told.batch(100)) == ()


def replace_seconds(sample: Sample, times: float) -> Sample:
    return Sample(sample.series, tuple(each * times for each in sample.seconds))


def test_only_the_newest_nights_are_judged() -> None:
    found = readings(_drawn(NEWEST + 200, world=NOISY).samples)[STEP]
    assert trend(STEP, found).nights == NEWEST
    assert trend(STEP, found) == trend(STEP, found[-NEWEST:])


def test_the_middle_half_is_what_a_night_says() -> None:
    assert middle([0.2] * 16 + [60.0] * 4) == pytest.approx(0.2)
    assert middle([0.1, 0.2, 0.4]) == pytest.approx(0.2)
    assert middle([0.0] * 20) > 0


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=60))
def test_it_lies_between_the_samples_and_on_the_median_of_even_ones(seconds: list[float]) -> None:
    assert min(seconds) * (1 - 1e-9) <= middle(seconds) <= max(seconds) * (1 + 1e-9)
    assert middle([median(seconds)] * 9) == pytest.approx(median(seconds))


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 100), st.floats(0.01, 100), st.integers(0, 1000))
def test_how_slow_the_product_and_the_control_are_in_general_does_not_matter(step: float, control: float,
                                                                            seed: int) -> None:
    made = _drawn(100, times=1.4, since=90, seed=seed).samples
    scaled = {STEP: _slowed(made[STEP], step, 0), CONTROL: _slowed(made[CONTROL], control, 0)}
    here, there = _trend(made), _trend(scaled)
    assert (here.state, here.since) == (there.state, there.since)
    assert math.isclose(here.factor, there.factor, rel_tol=1e-6)
