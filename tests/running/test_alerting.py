"""From a night to those who are told, with a history in memory and receivers on loopback."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from flowprobe.core.nights.alerting import raised
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Alert, Attempt, Journey, Night, Overview, State
from flowprobe.core.scenario import Environment, Project
from flowprobe.core.verdict import Blame, Kind
from flowprobe.errors import InvalidInput, ToolFailed
from flowprobe.files.project import load_project
from flowprobe.running.alerting import keep_and_post, notifier_for, tried, watch
from flowprobe.running.notifying import Delivery, Notifier
from flowprobe.running.outbox import Outbox
from tests.http.servers import OK, Server, always, serving

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Remembered:
    """As much of a history as alerts need."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str, str], Alert] = {}
        self.made: list[Night] = []
        self.broken = False

    def keep_alerts(self, alerts: Sequence[Alert]) -> None:
        if self.broken:
            raise ToolFailed("the disk is full")
        self.kept |= {(alert.environment, alert.key, alert.opened): alert for alert in alerts}

    def alerts(self, environment: str, *, open_only: bool = False, last: int | None = None) -> tuple[Alert, ...]:
        found = [alert for alert in self.kept.values()
                 if alert.environment == environment and not (open_only and alert.resolved)]
        return tuple(found if last is None else found[-last:])

    def nights(self, environment: str, *, last: int | None = None) -> tuple[Night, ...]:
        found = [night for night in self.made if night.environment == environment]
        return tuple(found if last is None else found[-last:])


def project_of(folder: Path, alerts: str) -> tuple[Project, Environment]:
    file = folder / "flowprobe.yaml"
    file.write_text(f"flowprobe: 1\nenvironments:\n  prod:\n    target: http://127.0.0.1:1\n    alerts: {alerts}\n"
                    if alerts else "flowprobe: 1\nenvironments: {prod: {target: http://127.0.0.1:1}}\n")
    project = load_project(file)
    return project, project.environments["prod"]


def notifier(folder: Path, alerts: str) -> Notifier:
    return notifier_for(*project_of(folder, alerts))


def overview(name: str, verdict: Kind) -> Overview:
    blame = Blame.PRODUCT if verdict is Kind.FAIL else Blame.NONE
    attempts = tuple(Attempt(Journey("seats", ""), number, 0.0, 1.0, verdict, blame, "invite 500", "invite: 500", "invite")
                     for number in (1, 2, 3))
    return Overview("prod", (Night("prod", name, State.ENDED, float(name[-2:]), exit_code=0),), {name: attempts})


def said(server: Server) -> list[Any]:
    return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]


def after_night(told: Overview, history: History, notifier: Notifier, *, night: str, link: str) -> Delivery:
    """As a night ends: judged, kept, laid ready, delivered."""
    before = history.alerts(told.environment, open_only=True)
    keep_and_post(raised(told, before=before, night=night, link=link), history, notifier, before=before, night=night)
    return notifier.deliver(told.environment)


def test_a_night_is_judged_kept_and_told(tmp_path: Path) -> None:
    history = Remembered()
    with serving(always(OK)) as server:
        teller = notifier(tmp_path, f"[{{webhook: {server.url('/')}}}]")
        for name, verdict in (("2026-11-01", Kind.FAIL), ("2026-11-02", Kind.FAIL), ("2026-11-03", Kind.PASS)):
            delivery = after_night(overview(name, verdict), cast(History, history), teller, night=name, link="x/report.html")
            assert delivery.exit_code == 0
        assert [(each["why"], each["night"]) for each in said(server)] == [
            ("opened", "2026-11-01"), ("resolved", "2026-11-03")]
    (alert,) = history.kept.values()
    assert (alert.opened, alert.last, alert.resolved) == ("2026-11-01", "2026-11-02", "2026-11-03")


def test_a_crash_before_the_history_knows_tells_it_at_the_next_try(tmp_path: Path) -> None:
    history = Remembered()
    history.broken = True
    with serving(always(OK)) as server:
        teller = notifier(tmp_path, f"[{{webhook: {server.url('/')}}}]")
        night = overview("2026-11-01", Kind.FAIL)
        with pytest.raises(ToolFailed):
            after_night(night, cast(History, history), teller, night="2026-11-01", link="")
        assert server.requests == []
        history.broken = False
        after_night(night, cast(History, history), teller, night="2026-11-01", link="")
        assert [each["why"] for each in said(server)] == ["opened"], "and once, where nothing was sent before"


def test_a_receiver_that_is_down_costs_the_night_its_exit_code(tmp_path: Path) -> None:
    with serving(always(OK)) as gone:
        pass
    project, where = project_of(tmp_path, f"[{{webhook: {gone.url('/')}}}]")
    teller = Notifier(where.alerts, notifier_for(project, where)._vault, Outbox(tmp_path / "out"), sleep=lambda _: None)
    delivery = after_night(overview("2026-11-01", Kind.FAIL), cast(History, Remembered()), teller, night="2026-11-01", link="")
    assert delivery.exit_code == 3


def test_the_outbox_is_beside_the_file_of_the_project_wherever_one_stands(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teller = notifier(tmp_path, "[{slack: env:NOT_THERE_AT_ALL}]")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    delivery = after_night(overview("2026-11-01", Kind.FAIL), cast(History, Remembered()), teller, night="2026-11-01", link="")
    assert "the environment variable NOT_THERE_AT_ALL is not set" in delivery.waiting[0]
    assert len(list((tmp_path / ".flowprobe" / "outbox").glob("*.json"))) == 1


def test_a_test_is_marked_and_reaches_everybody_or_who_is_named(tmp_path: Path) -> None:
    with serving(always(OK)) as server:
        project, where = project_of(tmp_path, f"[{{webhook: {server.url('/a')}}}, {{webhook: {server.url('/b')}, name: b}}]")
        teller = notifier_for(project, where)
        assert [answer.to for answer in tried(where, teller, to=None, now=NOW)] == ["webhook", "b"]
        assert [answer.to for answer in tried(where, teller, to="b", now=NOW)] == ["b"]
        assert {(each["why"], each["sentence"]) for each in said(server)} == {
            ("test", "this is a test: nothing is broken, and alerts arrive here")}


def test_a_test_pings_a_heartbeat_only_by_its_name(tmp_path: Path) -> None:
    with serving(always(OK)) as server:
        (tmp_path / "beat").write_text(server.url("/beat"))
        (tmp_path / "beat").chmod(0o600)
        project, where = project_of(tmp_path, f"[{{heartbeat: file:beat}}, {{webhook: {server.url('/hook')}}}]")
        teller = notifier_for(project, where)
        assert [answer.to for answer in tried(where, teller, to=None, now=NOW)] == ["webhook"]
        assert [answer.to for answer in tried(where, teller, to="heartbeat", now=NOW)] == ["heartbeat"]
        assert [request.split()[1] for request in server.requests] == [b"/hook", b"/beat"]
    project, where = project_of(tmp_path, "[{heartbeat: file:beat}]")
    with pytest.raises(InvalidInput, match=r"heartbeats alone.*\n.*write --to and one of: heartbeat"):
        tried(where, notifier_for(project, where), to=None, now=NOW)


def test_a_test_of_nobody_says_what_to_write(tmp_path: Path) -> None:
    project, where = project_of(tmp_path, "")
    with pytest.raises(InvalidInput, match="names nobody who is told of alerts"):
        tried(where, notifier_for(project, where), to=None, now=NOW)
    project, where = project_of(tmp_path, "[{slack: env:A}, {teams: env:B}]")
    with pytest.raises(InvalidInput, match=r"nobody is called 'c' in 'prod'\n.*there is: slack, teams"):
        tried(where, notifier_for(project, where), to="c", now=NOW)


def test_a_night_that_did_not_happen_is_told_once_a_night_and_resolved_by_the_next(tmp_path: Path) -> None:
    history = Remembered()
    kept = cast(History, history)
    with serving(always(OK)) as server:
        teller = notifier(tmp_path, f"[{{webhook: {server.url('/')}}}]")
        first = watch("prod", kept, teller, now=NOW, by=420)
        again = watch("prod", kept, teller, now=NOW.replace(hour=9), by=420)
        assert (first.told, again.told) == (True, False)
        assert first.sentence == again.sentence == "no night of prod has begun in the 24 hours before 2026-11-23 07:00"
        assert watch("prod", kept, teller, now=NOW.replace(day=24), by=420).told
        after_night(overview("2026-11-25", Kind.PASS), kept, teller, night="2026-11-25", link="")
        assert [each["why"] for each in said(server)] == ["opened", "reminder", "resolved"]


def test_a_night_that_is_there_is_not_told(tmp_path: Path) -> None:
    history = Remembered()
    history.made = [Night("prod", "2026-11-23", State.ENDED, NOW.timestamp() - 3600)]
    found = watch("prod", cast(History, history), notifier(tmp_path, ""), now=NOW, by=None)
    assert (found.sentence, found.told) == ("", False)


def test_a_history_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    with serving(always(OK)) as server:
        teller = notifier(tmp_path, f"[{{webhook: {server.url('/')}}}]")
        found = watch("prod", ToolFailed("no route to the database"), teller, now=NOW, by=None)
        assert found.sentence == "nobody can tell whether prod had its night: no route to the database"
        assert said(server)[0]["sentence"] == found.sentence


