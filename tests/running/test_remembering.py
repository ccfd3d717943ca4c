"""What a person asks of the memory of nights, and decides about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import (
    Alert,
    Attempt,
    Counted,
    Deed,
    Journey,
    Night,
    Sample,
    Series,
    Severity,
    Shape,
    State,
)
from flowprobe.core.verdict import Blame, Kind
from flowprobe.errors import InvalidInput
from flowprobe.history import open_history
from flowprobe.running import remembering
from flowprobe.running.remembering import (
    back_up,
    decide,
    environments_of,
    export,
    night_of,
    prune,
    rebase,
    remembered,
    told_place,
)

SEARCH, PAY = Journey("Search", "user=pro-eu"), Journey("Pay", "user=pro-eu")
FIND = Series("step", "find", "Search", "user=pro-eu")
URL = "postgresql://ann:hunter2@db/nights"


@pytest.fixture
def history() -> Iterator[History]:
    """Two nights of staging."""
    opened = open_history(":memory:")
    for name in ("2026-03-01", "2026-03-02"):
        opened.keep_night(Night("staging", name, State.ENDED, float(name[-2:])))
        opened.keep_attempts("staging", name, [
            Attempt(journey, 1, 1.0, 0.5, Kind.PASS, Blame.NONE) for journey in (SEARCH, PAY)])
        opened.keep_measured("staging", name, samples=[Sample(FIND, (0.5,))], counted=[Counted(PAY, "", 3, 0)],
                             shapes=[Shape("Search", "find", {"$": ("object",)})])
    yield opened
    opened.close()


@pytest.fixture
def of_two(history: History) -> History:
    history.keep_night(Night("production", "2026-03-01", State.ENDED, 1.0))
    return history


# --- where it is ----------------------------------------------------------------------------------


def test_a_place_is_told_without_its_password() -> None:
    assert told_place(URL) == "postgresql://ann@db/nights"
    assert told_place("postgresql://ann:hun/ter2@db") == "the history"


def test_a_history_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no night is remembered there"), remembered(str(tmp_path / "history.db")):
        pass
    assert list(tmp_path.iterdir()) == []


# --- asking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["2026-03-02", "latest"])
def test_a_night_is_told_with_all_that_belongs_to_it(history: History, word: str) -> None:
    mark = decide(history, Deed.QUARANTINE, "Search", environment=None, because="it wobbles")
    alerts = [Alert("staging", key, Severity.PAGE, Blame.PRODUCT, "it broke", ("Search",), opened, last, resolved)
              for key, opened, last, resolved in (("a", "2026-03-01", "2026-03-02", ""),
                                                  ("b", "2026-03-01", "2026-03-01", "2026-03-02"),
                                                  ("c", "2026-03-01", "2026-03-01", ""),
                                                  ("d", "2026-03-03", "2026-03-03", ""))]
    history.keep_alerts(alerts)
    found = night_of(history, word, environment=None)
    assert found.night.name == "2026-03-02"
    assert [attempt.journey for attempt in found.attempts] == [SEARCH, PAY]
    assert found.alerts == tuple(alerts[:2])
    assert found.marks == (mark,)


@pytest.mark.parametrize(("word", "said"), [
    ("2026-03", "name one of: 2026-03-01, 2026-03-02"), ("2026-04-02", "did you mean `2026-03-02`?"),
    ("", "name one of: 2026-03-01, 2026-03-02"),
])
def test_a_night_that_is_none_or_several_is_told(history: History, word: str, said: str) -> None:
    with pytest.raises(InvalidInput) as failed:
        night_of(history, word, environment="staging")
    assert said in str(failed.value)


def test_of_several_environments_one_is_named(of_two: History) -> None:
    with pytest.raises(InvalidInput, match=r"several environments\n.*production, staging"):
        night_of(of_two, "latest", environment=None)
    assert night_of(of_two, "latest", environment="production").night.environment == "production"
    with pytest.raises(InvalidInput, match="did you mean `staging`"):
        environments_of(of_two, "stagin")
    assert environments_of(of_two, None) == ("production", "staging")


# --- keeping it small, and elsewhere --------------------------------------------------------------


def test_pruning_tells_how_many_nights_of_each_environment_went(of_two: History) -> None:
    assert prune(of_two, environment=None, keep=1) == {"production": 0, "staging": 1}
    assert prune(of_two, environment="staging", keep=1) == {"staging": 0}


def test_an_export_takes_the_place_of_the_file_and_its_owner_alone_can_read_it(history: History, tmp_path: Path) -> None:
    target = tmp_path / "nights.jsonl"
    target.write_text("old")
    count = export(history, target, environment=None)
    lines = target.read_text().splitlines()
    assert len(lines) == count == 12
    assert {json.loads(line)["kind"] for line in lines} == {"night", "attempt", "sample", "counted", "shape"}
    assert target.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["nights.jsonl"]


def test_a_copy_is_a_history(tmp_path: Path) -> None:
    with closing(open_history(str(tmp_path / "history.db"))) as history:
        history.keep_night(Night("staging", "2026-03-01", State.ENDED, 1.0))
    back_up(str(tmp_path / "history.db"), tmp_path / "copy.db")
    with remembered(str(tmp_path / "copy.db")) as copy:
        assert [night.name for night in copy.nights("staging")] == ["2026-03-01"]


# --- deciding -------------------------------------------------------------------------------------


def test_one_series_is_rebased_by_a_person_and_that_is_recorded(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    (mark,) = rebase(history, "Search (user", environment=None, because=" a new index ", since="2026-03-01")
    assert (mark.deed, mark.subject, mark.night, mark.by, mark.because, mark.until) == (
        Deed.REBASE, str(FIND), "2026-03-01", "ann", "a new index", "")
    assert history.marks("staging") == (mark,)


def test_all_that_has_a_usual_value_is_rebased_from_the_newest_night_on(history: History) -> None:
    marks = rebase(history, None, environment="staging", because="moved", since=None)
    assert [(mark.subject, mark.night) for mark in marks] == [
        ("Search (user=pro-eu) find", "2026-03-02"), ("Pay (user=pro-eu)", "2026-03-02"), ("Search find", "2026-03-02")]
    assert history.marks("staging") == marks


def test_a_baseline_begins_with_a_night_that_was_made_or_with_a_day(history: History) -> None:
    history.keep_night(Night("staging", "2026-03-02.2", State.ENDED, 3.0))
    for since in ("2026-03-02.2", "2026-02-14"):
        (mark,) = rebase(history, "Pay", environment=None, because="moved", since=since)
        assert mark.night == since


def test_a_journey_goes_into_quarantine_for_two_weeks_and_may_be_released(history: History) -> None:
    first = decide(history, Deed.QUARANTINE, "Search", environment=None, because="it wobbles")
    second = decide(history, Deed.QUARANTINE, str(PAY), environment=None, because="it too", until="2026-03-09")
    release = decide(history, Deed.RELEASE, "Search", environment=None, because="mended")
    assert (first.subject, first.night, first.until) == (str(SEARCH), "2026-03-02", "2026-03-16")
    assert second.until == "2026-03-09"
    assert (release.deed, release.subject, release.until) == (Deed.RELEASE, str(SEARCH), "")


@pytest.mark.parametrize(("word", "said"), [
    ("Serch (user=pro-eu)", "did you mean `Search (user=pro-eu)`"), ("", "no journey of the last nights is ''"),
    ("Nothing", "name one of: Search"),
])
def test_a_journey_that_is_not_made_is_told(history: History, word: str, said: str) -> None:
    with pytest.raises(InvalidInput) as failed:
        decide(history, Deed.QUARANTINE, word, environment=None, because="it wobbles")
    assert said in str(failed.value)
    assert history.marks("staging") == ()


@pytest.mark.parametrize(("since", "because", "said"), [
    ("yesterday", "moved", "'yesterday' is no day"), (None, "  ", "a decision needs its reason"),
])
def test_a_decision_without_a_day_or_a_reason_is_none(history: History, since: str | None, because: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        rebase(history, None, environment=None, because=because, since=since)
    assert history.marks("staging") == ()


def test_somebody_without_a_name_is_recorded_by_number(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(remembering.getpass, "getuser", nameless)
    monkeypatch.setattr(remembering.os, "getuid", lambda: 4711)
    assert decide(history, Deed.QUARANTINE, "Search", environment=None, because="it wobbles").by == "user 4711"


def test_a_baseline_does_not_begin_in_the_future(history: History) -> None:
    with pytest.raises(InvalidInput, match=r"'9998-01-01' is in the future\n.*write the name of a night that was made"):
        rebase(history, None, environment=None, because="moved", since="9998-01-01")
    assert history.marks("staging") == ()


@pytest.mark.parametrize("until", ["2026-02-01", "2026-03-02"])
def test_a_quarantine_does_not_end_before_it_begins(history: History, until: str) -> None:
    with pytest.raises(InvalidInput, match=r"is over: the newest night is 2026-03-02\n.*for example 2026-03-16"):
        decide(history, Deed.QUARANTINE, "Search", environment=None, because="it wobbles", until=until)
    assert history.marks("staging") == ()


def test_what_is_in_no_quarantine_is_not_released(history: History) -> None:
    decide(history, Deed.QUARANTINE, "Search", environment=None, because="it wobbles")
    with pytest.raises(InvalidInput, match=r"'Pay \(user=pro-eu\)' is in no quarantine.*\n.*name one of: Search"):
        decide(history, Deed.RELEASE, "Pay", environment=None, because="mended")
    decide(history, Deed.RELEASE, "Search", environment=None, because="mended")
    with pytest.raises(InvalidInput, match="is in no quarantine"):
        decide(history, Deed.RELEASE, "Search", environment=None, because="mended again")
