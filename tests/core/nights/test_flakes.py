"""Journeys that break and then pass, and their quarantine."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.flakes import FOREVER, QUARANTINE_DAYS, TOO_OFTEN, flakes
from flowprobe.core.nights.model import Deed, Flake, Journey, Mark
from tests.core.nights.attempts import ORDER, night


def _day(number: int) -> str:
    return (date(2026, 1, 1) + timedelta(days=number)).isoformat()


def _flake(*kinds: str, marks: tuple[Mark, ...] = (), tonight: int | None = None) -> Flake:
    made = {_day(number): night(each) for number, each in enumerate(kinds) if each}
    found, = flakes(made, marks, tonight=_day(len(kinds) - 1 if tonight is None else tonight))
    return found


def _mark(deed: Deed, number: int, *, until: str = "", subject: str = str(ORDER)) -> Mark:
    return Mark("prod", deed, subject, _day(number), "ada", "because", float(number), until)


def test_one_flaky_night_is_never_enough_and_two_in_a_week_are() -> None:
    assert _flake("fp").until == ""
    assert _flake("fp").score < TOO_OFTEN
    assert _flake("fp", *["p"] * 5, "fp").until == _day(6 + QUARANTINE_DAYS)


def test_an_old_flake_counts_half_after_sixty_nights() -> None:
    fresh, old = _flake(*["p"] * 60, "fp"), _flake("fp", *["p"] * 60)
    assert old.score - 0.0025 < fresh.score / 2 + 0.0025


def test_what_stayed_broken_or_was_broken_by_others_is_no_flake() -> None:
    assert _flake("fff", "p").score < 0.01
    assert _flake(*["ip"] * 5).nights == 0
    assert _flake(*["ip"] * 5).score == pytest.approx(0.01)


def test_a_quarantine_ends_by_itself_unless_it_goes_on() -> None:
    flaky = ["fp", "fp", "fp"]
    during, after = [*flaky, *["p"] * 5], [*flaky, *["p"] * 60]
    assert _flake(*during).until == _day(1 + QUARANTINE_DAYS)
    assert _flake(*after).until == ""
    assert _flake(*flaky, *["fp", "p"] * 20).until > _day(42)


def test_a_person_takes_it_out_and_what_was_before_is_forgotten() -> None:
    kinds = ["fp", "fp", "fp", "p"]
    assert _flake(*kinds).until
    released = _flake(*kinds, marks=(_mark(Deed.RELEASE, 3),))
    assert (released.until, released.nights) == ("", 1)


def test_a_person_puts_it_in_until_a_night_or_for_good() -> None:
    assert _flake("p", marks=(_mark(Deed.QUARANTINE, 0, until=_day(9)),)).until == _day(9)
    assert _flake("p", "p", marks=(_mark(Deed.QUARANTINE, 0),)).until == FOREVER
    assert _flake("p", marks=(_mark(Deed.QUARANTINE, 0, until=_day(9)),), tonight=9).until == ""


def test_the_newest_mark_counts_and_only_that_of_the_journey() -> None:
    marks = (_mark(Deed.QUARANTINE, 0), _mark(Deed.RELEASE, 1))
    assert _flake("p", "p", marks=marks).until == ""
    assert _flake("p", "p", marks=(_mark(Deed.QUARANTINE, 0, subject="Another"),)).until == ""
    assert _flake("p", "p", marks=(_mark(Deed.QUARANTINE, 5),)).until == "", "a mark of a later night"


def test_journeys_have_each_their_own_score() -> None:
    other = Journey("Search", "user=pro-eu")
    found = flakes({_day(0): night("fp") + night("p", other)}, (), tonight=_day(0))
    assert [each.journey for each in found] == [ORDER, other]
    assert found[0].score > found[1].score


@given(st.lists(st.sampled_from(["p", "fp", "fff", "ip", ""]), max_size=60))
def test_a_score_is_a_share_and_a_quarantine_ends_within_two_weeks(kinds: list[str]) -> None:
    if any(kinds):
        found = _flake(*kinds)
        assert 0 < found.score < 1
        assert found.until == "" or _day(len(kinds) - 1) < found.until <= _day(len(kinds) - 1 + QUARANTINE_DAYS)


@given(st.lists(st.sampled_from(["p", "fp"]), min_size=1, max_size=60), st.data())
def test_one_flaky_night_more_never_lowers_the_score(kinds: list[str], data: st.DataObject) -> None:
    where = data.draw(st.integers(0, len(kinds) - 1))
    assert _flake(*kinds[:where], "fp", *kinds[where + 1:]).score >= _flake(*kinds).score
