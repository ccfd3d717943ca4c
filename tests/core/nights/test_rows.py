from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.outcomes import GREEN, Outcome
from flowprobe.core.nights.rows import rows
from flowprobe.core.verdict import Kind
from tests.nights import EXPORT, NAMES, SEARCH, SLOW, attempt, broken, night, overview

PASS, DEGRADED, FAIL, UNKNOWN = Kind.PASS, Kind.DEGRADED, Kind.FAIL, Kind.INCONCLUSIVE


def test_what_is_red_comes_first_and_says_since_when() -> None:
    told = overview()
    red, first, second = rows(told.nights, told.attempts)
    assert (red.journey, red.now, red.since) == (SLOW, Outcome.FAIL, NAMES[30])
    assert red.last is not None
    assert red.last.number == 3
    assert {first.journey: first.since, second.journey: second.since} == {SEARCH: "", EXPORT: ""}
    assert first.outcomes[20] is Outcome.UNMADE


def test_a_night_in_which_a_journey_was_not_made_breaks_no_row_of_nights() -> None:
    nights = tuple(night(name) for name in NAMES[:5])
    attempts = {NAMES[0]: (attempt(SEARCH),), NAMES[1]: (broken(SEARCH),), NAMES[3]: (broken(SEARCH),)}
    row, = rows(nights, attempts)
    assert row.since == NAMES[1]
    assert row.now is Outcome.FAIL
    assert row.outcomes == (Outcome.PASS, Outcome.FAIL, Outcome.UNMADE, Outcome.FAIL, Outcome.UNMADE)


@given(st.lists(st.sampled_from([PASS, FAIL, UNKNOWN, None]), max_size=12))
def test_since_is_the_first_night_after_which_nothing_changed(verdicts: list[Kind | None]) -> None:
    nights = tuple(night(name) for name in NAMES[:len(verdicts)])
    attempts = {name: (attempt(SEARCH, verdict),) for name, verdict in zip(NAMES, verdicts, strict=False) if verdict}
    for row in rows(nights, attempts):
        named = dict(zip(NAMES, row.outcomes, strict=False))
        after = [each in GREEN for name, each in named.items() if name >= row.since and each is not Outcome.UNMADE]
        assert len(set(after)) == 1
        before = [each in GREEN for name, each in named.items() if name < row.since and each is not Outcome.UNMADE]
        assert not row.since or before[-1] is not after[0]
