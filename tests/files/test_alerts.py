"""Who is told of alerts, as text that comes in and as recipients that come out."""

from __future__ import annotations

from pathlib import Path

from flowprobe.core.nights.model import Severity
from flowprobe.core.nights.recipients import (
    PAGERDUTY_URL,
    Apprise,
    Heartbeat,
    PagerDuty,
    Recipient,
    Slack,
    Teams,
    Wants,
    Webhook,
)
from flowprobe.core.verdict import Blame
from flowprobe.files.project import load_project


def read(folder: Path, alerts: str) -> tuple[Recipient, ...]:
    file = folder / "flowprobe.yaml"
    file.write_text(f"flowprobe: 1\nenvironments:\n  prod:\n    target: http://127.0.0.1:1\n    alerts: {alerts}\n")
    return load_project(file).environments["prod"].alerts


def test_every_service_is_read(tmp_path: Path) -> None:
    slack, teams, pager, hook, apprise, heartbeat = read(
        tmp_path, "[{slack: env:A}, {teams: file:teams.url}, {pagerduty: env:KEY, for: page}, {webhook: https://a.example/x?y=1, "
                  "headers: {X-Team: nights, Authorization: env:T}}, {apprise: 'cmd:pass show apprise'}, {heartbeat: env:B}]")
    assert isinstance(slack, Slack)
    assert isinstance(teams, Teams)
    assert isinstance(pager, PagerDuty)
    assert isinstance(hook, Webhook)
    assert isinstance(apprise, Apprise)
    assert isinstance(heartbeat, Heartbeat)
    assert [str(each.url) for each in (slack, teams, apprise, heartbeat)] == [
        "env:A", "file:teams.url", "cmd:pass show apprise", "env:B"]
    assert (str(pager.key), pager.url, pager.wants) == ("env:KEY", PAGERDUTY_URL, Wants(frozenset({Severity.PAGE})))
    assert (hook.url, {name: str(value) for name, value in hook.headers.items()}) == (
        "https://a.example/x?y=1", {"X-Team": "nights", "Authorization": "env:T"})


def test_one_recipient_needs_no_list_and_its_service_is_its_name(tmp_path: Path) -> None:
    assert [each.name for each in read(tmp_path, "{slack: env:A}")] == ["slack"]


def test_names_tell_recipients_apart(tmp_path: Path) -> None:
    found = read(tmp_path, "[{slack: env:A}, {slack: env:B}, {slack: env:C, name: team}, {teams: env:D, name: team}]")
    assert [each.name for each in found] == ["slack", "slack-2", "team", "team-2"]


def test_a_severity_and_who_has_to_look_can_be_chosen(tmp_path: Path) -> None:
    (found,) = read(tmp_path, "{slack: env:A, for: [notice, tool, account]}")
    assert found.wants == Wants(frozenset({Severity.NOTICE}), frozenset({Blame.TOOL, Blame.ACCOUNT}))
