"""What all tries together say of the finds."""

from __future__ import annotations

from collections.abc import Sequence

from flowprobe.core.exploring.causes import Causes
from flowprobe.core.exploring.exploration import Reduced
from flowprobe.core.exploring.model import Break, Learned, Placed, Reached, Site, Try
from flowprobe.core.exploring.notebook import Alone, Entry
from flowprobe.core.exploring.settling import settled, shaky, sure_of
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.status import Status

PAY = Site("payments", "POST /charges", "pay")
HUNG = Try({}, (Placed(PAY, Hang(1.0)),))
WAITED = Learned("fail", (Break("pay", "never", "no-timeout"),), fired=frozenset({0}))
DOWN = Try({}, (Placed(PAY, Status(500)),))
ALSO = Try({}, (Placed(PAY, Status(503)),))
BROKE = Learned("fail", (Break("pay", "status", "status"),), fired=frozenset({0}))
OTHER, PASS = Learned("fail", (Break("ship", "status", "status"),)), Learned("pass", fired=frozenset({0}))


def entries(tried: Try, *made: Learned) -> list[Entry]:
    return [Entry(tried, learned, number) for number, learned in enumerate(made, start=1)]


def causes_of(tried: Try, learned: Learned, confirmed: int, of: int) -> Causes:
    causes = Causes({}, lambda first, seen, _ask: Reduced(first, seen, confirmed, of))
    causes.add(tried, learned, 1, lambda _tried: learned)
    return causes


def gave_up(seconds: float) -> Learned:
    return Learned("pass", reached=(Reached(PAY, None, seconds, gave_up_s=seconds),))


def test_that_somebody_still_waited_is_no_find_where_he_gives_up_just_then() -> None:
    for number in (2, 3):
        causes = causes_of(HUNG, WAITED, number, 3)
        assert settled(causes, entries(HUNG, WAITED, gave_up(0.97))) == ((), ())
        assert [len(each) for each in settled(causes, entries(HUNG, WAITED))] == [number == 3, number == 2]


def test_of_what_breaks_now_and_then_the_first_time_counts_as_well() -> None:
    causes = causes_of(DOWN, BROKE, 0, 3)
    _, (flaky,) = settled(causes, entries(DOWN, BROKE, Learned("inconclusive"), PASS, PASS, OTHER))
    assert (flaky.broke, flaky.of) == (1, 4)


def test_what_was_certain_and_held_later_is_flaky_by_all_tries_of_it() -> None:
    causes = causes_of(DOWN, BROKE, 3, 3)
    for tried in (DOWN, ALSO):  # that it breaks elsewhere too, and holds, says nothing of this one
        certain, flaky = settled(causes, [*entries(DOWN, *[BROKE] * 4), *entries(tried, PASS, PASS, BROKE)])
        assert ([each.case for each in certain], [(each.tried, each.broke, each.of) for each in flaky]) == (
            ([], [(DOWN, 5, 7)]) if tried is DOWN else ([DOWN], []))


def test_one_flaky_experiment_is_told_once() -> None:
    causes = causes_of(DOWN, BROKE, 1, 3)
    causes.add(DOWN, BROKE, 9, lambda _tried: BROKE)
    _, flaky = settled(causes, entries(DOWN, BROKE, PASS, BROKE, PASS, PASS))
    assert [(each.broke, each.of) for each in flaky] == [(2, 5)]


def test_a_hang_that_says_nothing_broke_nothing() -> None:
    def judged(seen: Sequence[Entry]) -> list[str]:
        return [each.learned.judged for each in sure_of([Alone(HUNG.faults[0], WAITED)], seen)]

    assert judged(entries(HUNG, WAITED)) == ["fail"]
    assert judged(entries(HUNG, WAITED, gave_up(0.97))) == ["pass"]


def test_a_journey_that_broke_now_and_then_without_any_fault_is_told_once_with_how_often_of_all_looks() -> None:
    silent = Learned("inconclusive")
    (told,) = shaky(Try({}), [PASS, OTHER, PASS, silent, PASS, BROKE, PASS])
    assert (told.breaks, told.broke, told.of) == (OTHER.breaks, 2, 6)
    assert shaky(Try({}), [PASS, silent, PASS]) == shaky(Try({}), []) == ()
