from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import ExchangeEnded, Injected
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.times import Spent, Times, middle, times_of
from tests.journals import Journal, ended, exchange, injected, replied, sent, started, step_ended, unanswered

moments = st.floats(100, 110).map(lambda at: round(at, 3))
spans = st.tuples(moments, st.floats(0, 4))
spents = st.builds(lambda name, whole, share: Spent(name, whole, whole * share), st.sampled_from("abc"), st.floats(0, 9), st.floats(0, 1))


def close(*pairs: tuple[float, float]) -> bool:
    return all(abs(one - other) < 2e-6 for one, other in pairs)


def held(start: float, seconds: float, id: str = "x1", edge: str = "payments") -> tuple[ExchangeEnded, Injected]:
    """A provider call of so many seconds, all of them injected."""
    return (replace(exchange(id, started_at=start), edge=edge, ended=start + seconds),
            replace(injected(id), edge=edge, at=start + seconds, slept_s=seconds))


def walked(*pairs: tuple[ExchangeEnded, Injected], at: float = 100.0, seconds: float = 1.0) -> TrialEvidence:
    journal = Journal().runner(started(), sent("one"), replied(at=at, seconds=seconds), step_ended("one"), ended())
    return fold(journal.proxy(*(line for pair in pairs for line in pair)).lines).trials[0]


def test_what_was_injected_is_a_part_of_the_step_and_of_the_provider() -> None:
    times = times_of(walked(held(100.2, 0.5)))
    (step,), (provider,) = times.steps, times.providers
    assert (step.name, provider.name) == ("one", "payments")
    assert close((step.seconds, 1.0), (step.injected_s, 0.5), (provider.seconds, 0.5), (provider.injected_s, 0.5))


def test_a_step_goes_from_its_first_call_to_the_end_of_its_last_one() -> None:
    journal = Journal().runner(started(), sent("poll", 1), replied(1, at=100.0, seconds=0.1), sent("poll", 2),
                               replied(2, at=101.0, seconds=0.1), step_ended("poll"), step_ended("never", "not-reached"), ended())
    (step,) = times_of(fold(journal.lines).trials[0]).steps
    assert close((step.seconds, 1.1))


def test_calls_side_by_side_do_not_count_twice() -> None:
    times = times_of(walked(held(100.1, 0.4, "x1"), held(100.3, 0.4, "x2"), held(100.8, 0.1, "x3")))
    assert close((times.providers[0].seconds, 0.7), (times.steps[0].injected_s, 0.7))


def test_what_is_injected_after_the_reply_made_the_step_wait_for_nothing() -> None:
    times = times_of(walked(held(100.9, 2.0)))
    assert close((times.steps[0].injected_s, 0.1), (times.providers[0].injected_s, 2.0))


def test_what_was_injected_on_the_way_to_the_product_is_the_steps_alone() -> None:
    times = times_of(walked(held(100.0, 0.5, edge="user")))
    assert close((times.steps[0].injected_s, 0.5))
    assert times.providers == ()


def test_a_call_without_a_reply_took_its_time_and_one_without_an_outcome_none() -> None:
    journal = Journal().runner(started(), sent("one"), unanswered(), step_ended("one", "broken"), sent("two", 2), ended("interrupted"))
    assert times_of(fold(journal.lines).trials[0]).steps == (Spent("one", 0.01),)


@given(st.lists(spans, max_size=6), spans)
def test_no_more_is_injected_than_there_is(calls: list[tuple[float, float]], whole: tuple[float, float]) -> None:
    times = times_of(walked(*(held(start, seconds, f"x{number}") for number, (start, seconds) in enumerate(calls)),
                            at=whole[0], seconds=whole[1]))
    for spent in (*times.steps, *times.providers):
        assert 0 <= spent.injected_s <= spent.seconds
    longest = max((seconds for _, seconds in calls), default=0.0)
    for provider in times.providers:
        assert longest - 1e-6 <= provider.seconds <= sum(seconds for _, seconds in calls) + 1e-6
        assert close((provider.seconds, provider.injected_s))


@given(st.lists(st.tuples(st.integers(0, 90), st.integers(1, 20)), min_size=1, max_size=8))
def test_the_time_of_a_provider_is_as_many_moments_as_a_call_to_it_was_open(calls: list[tuple[int, int]]) -> None:
    """Against the plain way: count the tenths of a second."""
    open_in = {tenth for start, long in calls for tenth in range(start, start + long)}
    pairs = [held(100 + start / 10, long / 10, f"x{number}") for number, (start, long) in enumerate(calls)]
    times = times_of(walked(*pairs, at=102.0, seconds=3.0))
    assert close((times.providers[0].seconds, len(open_in) / 10), (times.steps[0].injected_s, len(open_in & set(range(20, 50))) / 10))


@given(st.lists(st.lists(spents, max_size=3, unique_by=lambda each: each.name), min_size=1, max_size=5))
def test_the_median_of_trials_has_every_step_and_no_more_injected_than_there_is(trials: list[list[Spent]]) -> None:
    found = middle([Times(tuple(each)) for each in trials]).steps
    assert {each.name for each in found} == {each.name for trial in trials for each in trial}
    for each in found:
        taken = [spent.seconds for trial in trials for spent in trial if spent.name == each.name]
        assert min(taken) <= each.seconds <= max(taken)
        assert each.injected_s <= each.seconds


def test_the_median_of_one_is_that_one_and_of_three_the_one_between() -> None:
    one, two, three = (Times((Spent("a", seconds),)) for seconds in (1.0, 9.0, 2.0))
    assert middle([one]) is one
    assert middle([one, two, three]) == three
