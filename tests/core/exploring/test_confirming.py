"""What broke once is tried again, and how often it broke is counted."""

from __future__ import annotations

from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.confirming import Confirmed, confirm, steadied
from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Site, Try, Trying
from flowprobe.core.exploring.shrink import Shrunk, Threshold
from flowprobe.core.exploring.simpler import delay_of
from flowprobe.core.faults.latency import Latency
from tests.core.exploring.products import PAID

FAIL, PASS = Learned("fail", (PAID,)), Learned("pass")
OTHER, UNTOLD = Learned("fail", (Break("invite", "status", "status"),)), Learned("inconclusive")


def telling(*learned: Learned) -> Trying:
    """Tells one after the other, then has enough."""
    told = iter(learned)

    def trying(attempt: Try) -> Learned:
        assert attempt.phase == "confirm"
        for each in told:
            return each
        raise Enough("stopped by Ctrl-C")

    return trying


@pytest.mark.parametrize(("told", "confirmed"), [
    ((FAIL, FAIL, FAIL), Confirmed(3, 3)),
    ((FAIL, PASS, FAIL), Confirmed(2, 3)),
    ((OTHER, FAIL, PASS), Confirmed(1, 3, otherwise=1)),
    ((FAIL, UNTOLD, FAIL), Confirmed(2, 2, untold=1)),
    ((FAIL,), Confirmed(1, 1, ended="stopped by Ctrl-C")),
])
def test_so_many_of_those_that_could_tell(told: tuple[Learned, ...], confirmed: Confirmed) -> None:
    assert confirm(Try(), telling(*told), wanted=PAID) == confirmed


def test_without_a_promise_any_break_counts() -> None:
    assert confirm(Try(), telling(OTHER, FAIL), n=2) == Confirmed(2, 2)


@pytest.mark.parametrize(("confirmed", "sure", "flaky", "rate"), [
    (Confirmed(3, 3), True, False, 0.0), (Confirmed(1, 4), False, True, 0.75),
    (Confirmed(0, 3), False, False, 1.0), (Confirmed(0, 0), False, False, 0.0),
])
def test_a_flaky_break_is_called_so(confirmed: Confirmed, sure: bool, flaky: bool, rate: float) -> None:
    assert (confirmed.is_sure, confirmed.is_flaky, confirmed.flake_rate) == (sure, flaky, rate)


def test_it_is_said_as_people_say_it() -> None:
    assert str(Confirmed(2, 3)) == "2 of 3"


EDGE = Placed(Site("payments", "POST /v1/charges", "pay"), Latency(0.4))


def at_the_edge(seconds: float) -> Shrunk:
    tried = Try({}, (Placed(EDGE.site, Latency(seconds)),), "shrink")
    return Shrunk(tried, FAIL, 5, True, "", (Threshold(0, seconds, seconds - 0.01),), PAID)


def breaking_from(edge: float, *noise: float) -> Trying:
    """Breaks where the delay is longer than the edge, which is not the same each time."""
    noises = cycle(noise or (0.0,))

    def trying(attempt: Try) -> Learned:
        (placed,) = attempt.faults
        return FAIL if delay_of(placed.kind) >= edge + next(noises) else PASS

    return trying


def test_a_delay_is_kept_a_little_longer_than_the_very_edge() -> None:
    shrunk, confirmed = steadied(at_the_edge(0.4), breaking_from(0.4, 0.0, 0.008, -0.008))
    assert confirmed == Confirmed(3, 3)
    (threshold,) = shrunk.thresholds
    assert (threshold.breaks_s, delay_of(shrunk.smallest.faults[0].kind), threshold.holds_s) == (0.41, 0.41, 0.39)


@given(st.floats(0.02, 30.0))
def test_the_little_is_within_what_a_threshold_is_exact_to(seconds: float) -> None:
    shrunk, confirmed = steadied(at_the_edge(seconds), breaking_from(seconds))
    assert confirmed == Confirmed(3, 3)
    assert seconds < shrunk.thresholds[0].breaks_s <= seconds + max(0.01, 0.05 * seconds)


def test_where_the_edge_moves_it_is_made_longer_until_it_breaks_each_time() -> None:
    shrunk, confirmed = steadied(at_the_edge(0.4), breaking_from(0.4, 0.0, 0.018))
    assert (confirmed, shrunk.thresholds[0].breaks_s) == (Confirmed(3, 3), 0.42)


def test_what_breaks_at_the_edge_only_is_confirmed_there() -> None:
    edge = at_the_edge(0.4)
    assert steadied(edge, lambda attempt: FAIL if attempt.faults == edge.smallest.faults else PASS) == (
        edge, Confirmed(3, 3))


def test_what_has_no_delay_is_flaky_as_it_is() -> None:
    shrunk = Shrunk(Try({"seats": 0}), FAIL, broke=PAID)
    assert steadied(shrunk, telling(FAIL, PASS, FAIL)) == (shrunk, Confirmed(2, 3))


def test_what_goes_on_being_flaky_is_kept_where_it_broke_most_often() -> None:
    shrunk, confirmed = steadied(at_the_edge(0.4), breaking_from(0.4, 0.0, 1.0))
    assert (confirmed.k, shrunk.thresholds[0].breaks_s) == (2, 0.41)
