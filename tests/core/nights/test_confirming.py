"""Whether a journey that broke is broken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.confirming import ATTEMPTS, SPAN_S, Outcome, next_at, outcome
from flowprobe.core.nights.model import Attempt
from tests.core.nights.attempts import attempt, night


@pytest.mark.parametrize(("kinds", "told"), [
    ("", Outcome.OPEN), ("p", Outcome.PASSED), ("d", Outcome.PASSED), ("f", Outcome.OPEN), ("ff", Outcome.OPEN),
    ("fp", Outcome.RECOVERED), ("ffp", Outcome.RECOVERED), ("fd", Outcome.RECOVERED), ("ip", Outcome.RECOVERED),
    ("fff", Outcome.CONFIRMED), ("iii", Outcome.CONFIRMED), ("fif", Outcome.UNLIKE),
])
def test_attempts_are_classified_and_never_overwritten(kinds: str, told: Outcome) -> None:
    assert outcome(night(kinds)) is told


def test_what_breaks_in_another_way_each_time_is_not_confirmed() -> None:
    made = [attempt("f", number, at=450.0 * number, signature=f"pay: {number}") for number in (1, 2, 3)]
    assert outcome(made) is Outcome.UNLIKE


def test_attempts_that_came_too_soon_after_each_other_confirm_nothing() -> None:
    made = [attempt("f", number, at=60.0 * number) for number in (1, 2, 3)]
    assert (outcome(made), next_at(made)) == (Outcome.OPEN, 60.0 + SPAN_S)


def test_the_next_attempt_is_due_after_five_and_after_fifteen_minutes() -> None:
    made = [attempt("f", 1, at=1000.0)]
    assert next_at(made) == 1300.0
    assert next_at([*made, attempt("f", 2, at=1350.0)]) == 1900.0
    assert next_at([attempt("p")]) is None


def _driven(breaks: list[bool], late: list[float]) -> list[Attempt]:
    """As the command does it: the next attempt begins when it is due, or later."""
    made: list[Attempt] = []
    for broke, seconds in zip(breaks, late, strict=True):
        due = next_at(made)
        if due is None:
            break
        made.append(attempt("f" if broke else "p", len(made) + 1, at=due + seconds))
    return made


@given(st.lists(st.booleans(), min_size=8, max_size=8), st.lists(st.floats(0, 600), min_size=8, max_size=8))
def test_it_settles_after_three_attempts_and_is_confirmed_only_where_all_broke(breaks: list[bool],
                                                                              late: list[float]) -> None:
    made = _driven(breaks, late)
    assert 1 <= len(made) <= ATTEMPTS
    assert next_at(made) is None
    assert (outcome(made) is Outcome.CONFIRMED) == all(breaks[:ATTEMPTS])


@given(st.floats(-1200, 1200), st.floats(0, 599), st.lists(st.floats(0, 600), min_size=3, max_size=3))
def test_an_outage_of_less_than_ten_minutes_is_never_confirmed(begins: float, lasts: float, late: list[float]) -> None:
    made: list[Attempt] = []
    while (due := next_at(made)) is not None:
        at = due + late[len(made)]
        made.append(attempt("f" if begins <= at < begins + lasts else "p", len(made) + 1, at=at))
    assert outcome(made) in (Outcome.PASSED, Outcome.RECOVERED)
