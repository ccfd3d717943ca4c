"""Which night it is, and what the history has of one that was refused: without a product."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import flowprobe
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Night, State
from flowprobe.core.scenario import Environment, Position, Project
from flowprobe.core.verdict import Kind
from flowprobe.core.windows import Freeze
from flowprobe.errors import Refused
from flowprobe.history import open_history
from flowprobe.running.flight import one_night
from flowprobe.running.nightly.night import Wish, make_night
from flowprobe.running.selection import Request, Selection
from tests.nights import SEARCH, attempt, broken

AT = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)


class Silent:
    """A watcher to whom nothing is shown but notices."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def opened(self, *_: object) -> None:
        pytest.fail("a run began")

    def event(self, *_: object) -> None: ...
    def trial(self, *_: object) -> None: ...
    def notice(self, text: str) -> None:
        self.notices.append(text)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    found = open_history(str(tmp_path / "history.db"))
    yield found
    found.close()


def selection(folder: Path, *, frozen: bool = True) -> Selection:
    place = Position(str(folder / "flowprobe.yaml"), 3, 3)
    zone = ZoneInfo("Europe/Berlin")
    freeze = (Freeze(AT.date(), AT.astimezone(zone).date(), zone, place),) if frozen else ()
    environment = Environment("staging", place, {"target": "http://127.0.0.1:9"}, freeze=freeze, zone=zone)
    return Selection(Project(place.file, {"staging": environment}, {}), environment, ())


def ended(name: str) -> Night:
    return Night("staging", name, State.ENDED, AT.timestamp(), AT.timestamp() + 60, Kind.FAIL, 1, "run", "", 10, 1, 7,
                 flowprobe.__version__)


def wish(**more: bool) -> Wish:
    return Wish(now=AT.timestamp, **more)


def test_a_night_that_ended_is_told_again_by_the_clock_of_its_environment(tmp_path: Path, history: History) -> None:
    history.keep_night(ended("2026-11-24"))
    history.keep_attempts("staging", "2026-11-24", [broken(SEARCH), attempt(SEARCH, number=2)])
    made = make_night(Request(()), selection(tmp_path), Silent(), history, wish())
    assert (made.night.name, made.exit_code, made.report) == ("2026-11-24", 1, None)
    assert [len(each.attempts) for each in made.journeys] == [2]


def test_what_is_refused_is_in_the_history_with_its_reason(tmp_path: Path, history: History) -> None:
    with pytest.raises(Refused):
        make_night(Request((), environment="staging"), selection(tmp_path), Silent(), history, wish())
    night, = history.nights("staging")
    assert (night.name, night.state, night.exit_code) == ("2026-11-24", State.REFUSED, 5)
    assert "is closed now" in night.because


def test_another_of_the_same_date_has_a_name_of_its_own(tmp_path: Path, history: History) -> None:
    history.keep_night(ended("2026-11-24"))
    with pytest.raises(Refused):
        make_night(Request(()), selection(tmp_path), Silent(), history, wish(again=True))
    assert [(night.name, str(night.state)) for night in history.nights("staging")] == [
        ("2026-11-24", "ended"), ("2026-11-24.2", "refused")]


@pytest.mark.parametrize(("version", "said"), [
    (flowprobe.__version__, "was cut off (SIGTERM) and goes on"),
    ("0.0.1", "was cut off (SIGTERM) under FlowProbe 0.0.1: it is made anew"),
])
def test_a_night_that_was_cut_off_goes_on_where_the_same_version_made_it(
        tmp_path: Path, history: History, version: str, said: str) -> None:
    cut = replace(ended("2026-11-24"), state=State.CUT_OFF, because="SIGTERM", flowprobe=version)
    history.keep_night(cut)
    watcher = Silent()
    with pytest.raises(Refused):
        make_night(Request(()), selection(tmp_path), watcher, history, wish())
    assert watcher.notices == [f"the night 2026-11-24 {said}"]


def test_a_night_that_nobody_ended_is_marked_by_the_next_one(tmp_path: Path, history: History) -> None:
    history.keep_night(replace(ended("2026-11-22"), state=State.RUNNING, began=AT.timestamp() - 2 * 86400, ended=None))
    with pytest.raises(Refused):
        make_night(Request(()), selection(tmp_path), Silent(), history, wish())
    assert [(night.name, str(night.state)) for night in history.nights("staging")] == [
        ("2026-11-22", "cut off"), ("2026-11-24", "refused")]


def test_while_a_night_is_on_another_is_refused_and_leaves_no_trace(tmp_path: Path, history: History) -> None:
    here = selection(tmp_path, frozen=False)
    with one_night(here.environment), pytest.raises(Refused, match="another night is on 'staging'"):
        make_night(Request(()), here, Silent(), history, wish())
    assert history.nights("staging") == ()
