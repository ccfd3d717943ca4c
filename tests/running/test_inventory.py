from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.running.inventory import inventory
from flowprobe.running.settings import settle

pytestmark = pytest.mark.usefixtures("here")


def rows(**flags: str) -> dict[str, tuple[str, str]]:
    return {row.name: (row.value, row.source) for row in inventory(settle(environ={"FLOWPROBE_SEED": "7"}, **flags))}  # type: ignore[arg-type]


def test_each_value_says_where_it_came_from() -> None:
    found = rows(environment="production")
    assert found["environment"] == ("production", "--env")
    assert found["targets.auth"] == ("https://auth.acme.example", "flowprobe.yaml:10:5")
    assert found["allow"] == ("POST /v1/teams/*/invites", "flowprobe.yaml:14:25")
    assert found["budget.calls"] == ("40", "flowprobe.yaml:15:5")
    assert found["budget.rate"] == ("5/s", "default")
    assert found["faults"] == ("user: true, provider: false", "default")
    assert found["seed"] == ("7", "FLOWPROBE_SEED")
    assert found["timeout"] == ("30s", "default")
    assert found["freeze"] == ("2026-12-20..2027-01-04 Europe/Berlin", "flowprobe.yaml:19:5")


def test_the_file_chooses_where_nobody_else_does() -> None:
    assert rows()["environment"] == ("staging", "flowprobe.yaml:2:1")
    project = Path("flowprobe.yaml")
    project.write_text(project.read_text().replace("default: staging\n", ""))
    assert rows()["environment"] == ("staging", "the first of flowprobe.yaml:2:1")


def test_secrets_are_shown_as_references(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", "sk_live_canary")
    found = inventory(settle(environ={}, environment="production"))
    assert ("personas.pro-eu", "bearer env:ACME_TOKEN") in {(row.name, row.value) for row in found}
    assert "canary" not in str(found)


def test_an_environment_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(InvalidInput, match="there is no environment 'prod'"):
        rows(environment="prod")
