"""docs/reference/cli.md has every command, every argument and every option, and none that is not there."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer

from flowprobe.cli.app import app
from tests.docs.documents import ROOT

PAGE = (ROOT / "docs" / "reference" / "cli.md").read_text()
GROUP = typer.main.get_command(app)


def _commands(group: Any, lead: str = "") -> dict[str, Any]:
    """Every command by its words; one that has commands below it is told by those."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        found |= {f"{lead}{name}": command} if below is None else _commands(command, f"{name} ")
    return found


FOUND = _commands(GROUP)
COMMANDS = sorted(FOUND)


def _section(command: str) -> str:
    found = re.search(rf"^## `flowprobe {command}[^\n]*\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"cli.md has no section for `flowprobe {command}`"
    return found[0]


def _options(command: str) -> set[str]:
    return {name for parameter in FOUND[command].params for name in (*parameter.opts, *parameter.secondary_opts)
            if name.startswith("-")}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_has_a_section_with_every_option(command: str) -> None:
    section = _section(command)
    said = set(re.findall(r"`(--?[a-z][a-z-]*)", section))
    assert said == _options(command)


def test_no_section_is_about_a_command_that_is_not_there() -> None:
    assert set(re.findall(r"^## `flowprobe ([a-z-]+(?: [a-z]+)?)", PAGE, re.MULTILINE)) == set(COMMANDS)
