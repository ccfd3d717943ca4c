"""Which night it is, and what the history has of one that was refused: without a product."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import flowprobe
from flowprobe.core.nights.alerting import Telling, Why, missing
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Night, State
from flowprobe.core.nights.recipients import Recipient, Webhook
from flowprobe.core.scenario import Environment, Position, Project
from flowprobe.core.verdict import Kind
from flowprobe.core.windows import Freeze
from flowprobe.errors import Refused, ToolFailed
from flowprobe.history import open_history
from flowprobe.running.alerting import notifier_for
from flowprobe.running.flight import one_night
from flowprobe.running.nightly import night as nightly
from flowprobe.running.nightly.night import Wish, make_night
from flowprobe.running.selection import Request, Selection
from tests.http.servers import OK, Server, always, serving
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


def selection(folder: Path, *, frozen: bool = True, alerts: tuple[Recipient, ...] = ()) -> Selection:
    place = Position(str(folder / "flowprobe.yaml"), 3, 3)
    zone = ZoneInfo("Europe/Berlin")
    freeze = (Freeze(AT.date(), AT.astimezone(zone).date(), zone, place),) if frozen else ()
    environment = Environment("staging", place, {"target": "http://127.0.0.1:9"}, freeze=freeze, zone=zone,
                              alerts=alerts)
    return Selection(Project(place.file, {"staging": environment}, {}), environment, ())


def ended(name: str) -> Night:
    return Night("staging", name, State.ENDED, AT.timestamp(), AT.timestamp() + 60, Kind.FAIL, 1, "run", "", 10, 1, 7,
                 flowprobe.__version__)


def wish(**more: Any) -> Wish:
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


# --- who is told of it ----------------------------------------------------------------------------


def said(server: Server) -> list[dict[str, Any]]:
    return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]


def hook(server: Server) -> Webhook:
    return Webhook("webhook", url=server.url("/"))


def before(history: History, state: State = State.REFUSED) -> None:
    history.keep_night(replace(ended("2026-11-23"), state=state, began=AT.timestamp() - 86400, because="frozen"))


def test_a_second_night_running_that_is_refused_is_told_of(tmp_path: Path, history: History) -> None:
    with serving(always(OK)) as server:
        before(history)
        for _ in range(2):
            with pytest.raises(Refused):
                make_night(Request(()), selection(tmp_path, alerts=(hook(server),)), Silent(), history, wish())
        notice, = said(server)
    assert (notice["why"], notice["severity"], notice["key"]) == ("opened", "notice", "night/unmade")
    assert notice["sentence"].startswith("the night was refused: ")
    assert [alert.opened for alert in history.alerts("staging")] == ["2026-11-24"]


def test_a_second_night_running_that_breaks_off_is_told_of(
        tmp_path: Path, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    def broke(*_: object) -> None:
        raise ToolFailed("the environment variable TOKEN is not set")

    monkeypatch.setattr(nightly, "Engine", broke)
    with serving(always(OK)) as server:
        before(history)
        with pytest.raises(ToolFailed, match="TOKEN"):
            make_night(Request(()), selection(tmp_path, frozen=False, alerts=(hook(server),)), Silent(), history, wish())
        notice, = said(server)
    assert notice["sentence"] == "the night was cut off: the environment variable TOKEN is not set"


def test_who_is_told_of_a_refused_night_and_away_is_a_warning_and_not_the_error(tmp_path: Path, history: History) -> None:
    with serving(always(OK)) as gone:
        pass
    before(history)
    warnings: list[str] = []
    with pytest.raises(Refused):
        make_night(Request(()), selection(tmp_path, alerts=(Webhook("webhook", url=gone.url("/")),)), Silent(), history,
                   wish(warn=warnings.append))
    warning, = warnings
    assert warning.startswith("alert not delivered: webhook was not told (opened: the night was refused: ")


def test_what_was_not_delivered_is_sent_when_the_night_is_called_again(tmp_path: Path, history: History) -> None:
    history.keep_night(ended("2026-11-24"))
    alert = missing("staging", before=(), night="2026-11-24", because="no night of staging has begun")
    with serving(always(OK)) as server:
        here = selection(tmp_path, alerts=(hook(server),))
        notifier_for(here.project, here.environment).post([Telling(alert, Why.OPENED, "2026-11-24")])
        made = make_night(Request(()), here, Silent(), history, wish())
        assert [each["sentence"] for each in said(server)] == ["no night of staging has begun"]
        assert (made.told, made.notes) == (("told webhook",), ("what had not been delivered was sent now: webhook",))
        again = make_night(Request(()), here, Silent(), history, wish())
    assert (again.told, again.notes) == ((), ())
