from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import typer

from flowprobe.cli import alerting
from flowprobe.cli.alert import missing as missing_options
from flowprobe.cli.alerting import missing_command, send_command, try_command
from flowprobe.core.nights.absence import last_due
from flowprobe.core.nights.model import Night, State
from flowprobe.running.settings import Settled
from tests.http.servers import OK, always, serving

NOBODY: Settled[str | None] = Settled(None, "default")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def project(here: Path, alerts: str) -> None:
    (here / "flowprobe.yaml").write_text(
        f"flowprobe: 1\nenvironments:\n  prod:\n    target: http://127.0.0.1:1\n    alerts: {alerts}\n")


@pytest.fixture
def nights(monkeypatch: pytest.MonkeyPatch) -> list[Night]:
    """Those that the history has."""
    known: list[Night] = []

    class Remembered:
        def nights(self, _: str, **__: Any) -> tuple[Night, ...]:
            return tuple(known)

        def alerts(self, _: str, **__: Any) -> tuple[()]:
            return ()

        def keep_alerts(self, _: Any) -> None: ...
        def close(self) -> None: ...

    monkeypatch.setattr("flowprobe.cli.alerting.open_at", lambda _: Remembered())
    return known


def test_a_test_says_what_each_recipient_answered(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(always(OK)) as server:
        project(here, f"[{{webhook: {server.url('/')}, name: owners}}, {{slack: env:NOT_THERE_AT_ALL}}]")
        assert try_command(None, to=None, allow_exec=False) == 3
        assert try_command("prod", to="owners", allow_exec=False) == 0
    out = capsys.readouterr().out
    assert "✓ owners: 200 ok" in out
    assert "✗ slack: the secret env:NOT_THERE_AT_ALL cannot be used" in out


def test_where_nothing_waits_it_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project(here, "[{slack: env:A}]")
    assert send_command(None, allow_exec=False) == 0
    assert "nothing waits to be told of prod" in capsys.readouterr().out


def test_a_night_that_is_there_is_exit_code_0(here: Path, nights: list[Night], capsys: pytest.CaptureFixture[str]) -> None:
    project(here, "[{slack: env:NOT_THERE_AT_ALL}]")
    nights.append(Night("prod", "2026-11-23", State.ENDED, 1e12))
    assert missing_command(None, by=None, place=NOBODY, allow_exec=False) == 0
    assert "the night of prod is there" in capsys.readouterr().out


@pytest.mark.usefixtures("nights")
def test_a_night_that_is_not_there_is_told_and_what_was_not_taken_is_sent_later(
        here: Path, capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    project(here, "[{slack: env:SLACK_FOR_TESTS}]")
    assert missing_command(None, by=420, place=NOBODY, allow_exec=False) == 3
    told = capsys.readouterr()
    assert "no night of prod has begun" in told.out
    assert "alert not delivered: slack was not told (opened: no night of prod has begun" in told.err
    with serving(always(OK)) as server:
        monkeypatch.setenv("SLACK_FOR_TESTS", server.url("/hook"))
        assert send_command(None, allow_exec=False) == 0
        assert len(server.requests) == 1
    assert "✓ slack: 200 ok" in capsys.readouterr().out


@pytest.mark.parametrize(("hours", "code"), [(23, 0), (25, 3)])
def test_when_a_night_has_to_be_over_and_where_it_is_remembered_is_said_by_its_environment(
        here: Path, nights: list[Night], monkeypatch: pytest.MonkeyPatch, hours: int, code: int) -> None:
    (here / "flowprobe.yaml").write_text(
        'flowprobe: 1\nenvironments:\n  prod: {target: "http://127.0.0.1:1", zone: Asia/Tokyo, '
        'nightly: {by: "07:00", history: of-prod.db}}\n')
    opened, asked = alerting.open_at, []
    monkeypatch.setattr(alerting, "open_at", lambda place: (asked.append(place), opened(place))[1])
    due = last_due(datetime.now(ZoneInfo("Asia/Tokyo")), 7 * 60)
    nights.append(Night("prod", "2026-11-23", State.ENDED, (due - timedelta(hours=hours)).timestamp()))
    assert missing_command(None, by=None, place=NOBODY, allow_exec=False) == code
    assert asked == ["of-prod.db"]


@pytest.mark.usefixtures("nights")
def test_where_nobody_is_named_a_missing_night_says_that_too(
        here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "flowprobe.yaml").write_text("flowprobe: 1\nenvironments: {prod: {target: http://127.0.0.1:1}}\n")
    assert missing_command(None, by=None, place=NOBODY, allow_exec=False) == 3
    assert "nobody is told: prod names no `alerts`" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["7", "24:00", "07:60", "07:0", "seven", "-1:00"])
def test_a_time_of_day_is_written_as_on_a_clock(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no time of day: write for example 07:00"):
        missing_options(by=text)
