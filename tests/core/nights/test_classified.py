from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.classified import Classified, classified, made_good, night_code, night_verdict, open_attempt
from flowprobe.core.nights.model import Attempt, Counted
from flowprobe.core.nights.outcomes import Outcome
from flowprobe.core.verdict import Blame, ExitCode, Kind
from tests.nights import EXPORT, SEARCH, SLOW, attempt, broken

PASS, DEGRADED, FAIL, UNKNOWN = Kind.PASS, Kind.DEGRADED, Kind.FAIL, Kind.INCONCLUSIVE


def only(*attempts: Attempt) -> Classified:
    found, = classified(attempts)
    return found


def test_what_passed_after_it_had_failed_is_degraded_and_tells_of_its_failure() -> None:
    found = only(broken(SEARCH), attempt(SEARCH, number=2))
    assert (found.outcome, found.verdict, found.worst.number, found.confirmed) == (Outcome.RECOVERED, DEGRADED, 1, False)


def test_what_breaks_in_the_same_way_each_time_is_confirmed() -> None:
    same = only(broken(SEARCH), broken(SEARCH, 2), broken(SEARCH, 3))
    other = only(broken(SEARCH), broken(SEARCH, 2), replace(broken(SEARCH, 3), signature="another"))
    assert (same.verdict, same.confirmed, other.verdict, other.confirmed) == (FAIL, True, FAIL, False)
    assert not only(broken(SEARCH)).confirmed


def test_what_broke_and_was_made_good_has_not_failed() -> None:
    first, last = replace(broken(SEARCH), trial="t1"), replace(attempt(SEARCH, number=2), trial="t2")
    assert made_good(classified((first, last, replace(broken(SLOW), trial="t3")))) == {
        "t1": "attempt 1 broke, and attempt 2 passed in the same night"}


def test_samples_are_counted_with_their_journey() -> None:
    counted = (Counted(SEARCH, "", 20, 1), Counted(SEARCH, "find", 20, 3), Counted(EXPORT, "", 5, 0))
    found = classified((broken(SEARCH), attempt(SEARCH, number=2), attempt(SLOW)), counted)
    assert [(each.journey, each.tries, each.failures) for each in found] == [(SEARCH, 20, 1), (SLOW, 1, 0)]


@pytest.mark.parametrize(("attempts", "number"), [
    ((), 0),
    ((attempt(SEARCH),), 0),
    ((broken(SEARCH),), 2),
    ((broken(SEARCH), broken(SEARCH, 2)), 3),
    ((broken(SEARCH), broken(SEARCH, 2), broken(SEARCH, 3)), 0),
    ((broken(SEARCH), attempt(SEARCH, DEGRADED, 2)), 0),
    ((attempt(SEARCH, UNKNOWN, blame=Blame.ENVIRONMENT),), 2),
    ((attempt(SEARCH, UNKNOWN, blame=Blame.FAULT),), 0),
    ((attempt(SEARCH, UNKNOWN, blame=Blame.BASELINE),), 0),
], ids=str)
def test_a_further_attempt_is_made_where_it_may_tell_something(attempts: tuple[Attempt, ...], number: int) -> None:
    assert open_attempt(attempts, 3) == number


def test_the_gravest_journey_is_the_verdict_of_the_night() -> None:
    assert night_verdict(()) is UNKNOWN
    assert night_verdict(classified((attempt(SEARCH), attempt(SLOW, DEGRADED)))) is DEGRADED
    assert night_verdict(classified((attempt(SEARCH), broken(SLOW), attempt(EXPORT, UNKNOWN)))) is FAIL


@given(st.sampled_from([1, 3]), st.sampled_from(list(Kind)))
def test_what_the_journeys_came_to_decides_where_the_run_was_whole(of_run: int, verdict: Kind) -> None:
    assert night_code(of_run, verdict) == {FAIL: 1, UNKNOWN: 3}.get(verdict, 0)


@pytest.mark.parametrize("code", [ExitCode.CLEANUP, ExitCode.INTERRUPTED, ExitCode.HALTED, ExitCode.REFUSED, ExitCode.INTERNAL])
def test_a_run_that_was_not_whole_is_worse_than_any_journey(code: int) -> None:
    assert night_code(code, PASS) == night_code(code, FAIL) == code


def test_a_pass_of_which_something_is_missing_is_none() -> None:
    assert (night_code(0, PASS, trouble=True), night_code(0, FAIL, trouble=True)) == (3, 1)
