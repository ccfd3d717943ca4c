"""What broke once is tried again, and how often it broke is counted."""

from __future__ import annotations

import pytest

from flowprobe.core.exploring.confirming import Confirmed, confirm
from flowprobe.core.exploring.model import Break, Enough, Learned, Try, Trying
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
