"""How a journey came out in a night, and whether what broke is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.classified import classified, open_attempt
from flowprobe.core.nights.model import Attempt
from flowprobe.core.nights.outcomes import Outcome, alike, by_journey, outcome_of
from flowprobe.core.nights.settings import Attempting
from flowprobe.core.verdict import Blame, Kind
from tests.nights import SEARCH, SLOW, attempt, broken

PASS, DEGRADED, FAIL, UNKNOWN = Kind.PASS, Kind.DEGRADED, Kind.FAIL, Kind.INCONCLUSIVE
RULE = Attempting()


def tried(*verdicts: Kind) -> tuple[Attempt, ...]:
    return tuple(attempt(SEARCH, verdict, number) for number, verdict in enumerate(verdicts, start=1))


@pytest.mark.parametrize(("verdicts", "outcome"), [
    ((), Outcome.UNMADE),
    ((PASS,), Outcome.PASS),
    ((DEGRADED,), Outcome.DEGRADED),
    ((FAIL,), Outcome.FAIL),
    ((UNKNOWN,), Outcome.INCONCLUSIVE),
    ((UNKNOWN, UNKNOWN), Outcome.INCONCLUSIVE),
    ((FAIL, PASS), Outcome.RECOVERED),
    ((FAIL, FAIL, DEGRADED), Outcome.RECOVERED),
    ((FAIL, FAIL, FAIL), Outcome.FAIL),
    ((FAIL, PASS, FAIL), Outcome.FAIL),
    ((FAIL, UNKNOWN), Outcome.FAIL),
    ((UNKNOWN, PASS), Outcome.PASS),
    ((PASS, UNKNOWN), Outcome.PASS),
])
def test_a_further_attempt_classifies_a_failure_and_never_replaces_it(verdicts: tuple[Kind, ...], outcome: Outcome) -> None:
    assert outcome_of(tried(*verdicts)) is outcome


@given(st.lists(st.sampled_from(list(Kind)), min_size=1, max_size=5))
def test_what_failed_once_is_never_told_as_a_pass(verdicts: list[Kind]) -> None:
    if FAIL in verdicts:
        assert outcome_of(tried(*verdicts)) in (Outcome.FAIL, Outcome.RECOVERED)


def test_attempts_are_told_apart_by_journey_and_stand_in_their_order() -> None:
    found = by_journey([broken(SLOW, 2), attempt(SEARCH), broken(SLOW, 1)])
    assert [each.number for each in found[SLOW]] == [1, 2]
    assert list(found) == [SLOW, SEARCH]


def test_what_breaks_in_another_way_or_by_somebody_elses_doing_is_not_alike() -> None:
    assert alike([broken(SLOW, 1), broken(SLOW, 2)])
    assert not alike([broken(SLOW, 1), replace(broken(SLOW, 2), signature="another")])
    assert not alike([broken(SLOW, 1), replace(broken(SLOW, 2), blame=Blame.TOOL)])


# --- with the pauses of a night -------------------------------------------------------------------


def _driven(breaks: tuple[float, float], late: list[float]) -> list[Attempt]:
    """As a night does it: the next attempt begins when it is due, or later. What begins within `breaks` breaks."""
    made: list[Attempt] = []
    number = 1
    while number:
        at = late[number - 1] + (RULE.due(made[0].at, number) if made else 0.0)
        breaking = breaks[0] <= at < breaks[1]
        made.append(replace(broken(SEARCH, number) if breaking else attempt(SEARCH, PASS, number), at=at))
        number = open_attempt(made, RULE.most)
    return made


LATE = st.lists(st.floats(0, 600), min_size=3, max_size=3)


@given(LATE)
def test_what_is_down_all_the_time_is_confirmed_after_three_attempts(late: list[float]) -> None:
    found, = classified(_driven((0.0, 1e9), late))
    assert (found.confirmed, len(found.attempts)) == (True, 3)
    assert found.attempts[-1].at - found.attempts[0].at >= RULE.over - 1e-6


@given(st.floats(-1200, 1200), st.floats(0, 599), LATE)
def test_an_outage_of_less_than_ten_minutes_is_never_confirmed(begins: float, lasts: float, late: list[float]) -> None:
    found, = classified(_driven((begins, begins + lasts), late))
    assert (found.outcome in (Outcome.PASS, Outcome.RECOVERED), found.confirmed) == (True, False)
