"""The reference pages know every verdict, exit code, event and key; what is not there, they do not mention."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowprobe.core.events import Event
from flowprobe.core.verdict import Blame, ExitCode, Kind
from flowprobe.report.result_json import result_text
from flowprobe.report.result_schema import result_schema
from flowprobe.running.run import run
from flowprobe.running.selection import Request, select
from tests.docs.documents import ROOT

REFERENCE = ROOT / "docs" / "reference"


def _page(name: str) -> str:
    return (REFERENCE / name).read_text()


@pytest.mark.parametrize("word", [*Kind, *(blame for blame in Blame if blame)])
def test_verdicts_has_every_verdict_and_every_blame(word: str) -> None:
    assert f"`{word}`" in _page("verdicts.md")


def test_verdicts_has_every_exit_code() -> None:
    codes = {value for name, value in vars(ExitCode).items() if name.isupper()}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", _page("verdicts.md"), re.MULTILINE)} == codes


@pytest.mark.parametrize("event", typing.get_args(Event), ids=lambda event: event.__name__)
def test_journal_has_every_event_with_its_fields(event: type[Any]) -> None:
    row = re.search(rf"^\| `{event.__name__}` \| (.*)$", _page("journal.md"), re.MULTILINE)
    assert row, f"journal.md does not have {event.__name__}"
    said = set(re.findall(r"`(\w+)`", row[1].split(" | ")[0]))
    assert said == {field.name for field in fields(event)}


class _Nobody:
    """Watches a run and says nothing."""

    def opened(self, *_: Any) -> None: ...
    def event(self, *_: Any) -> None: ...
    def trial(self, *_: Any) -> None: ...
    def notice(self, *_: Any) -> None: ...


def test_result_has_every_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    request = Request((ROOT / "scenarios",), environment="demo-weak", faults="slow-payments", seed=1)
    result = json.loads("".join(result_text(run(request, select(request), _Nobody()))))
    Draft202012Validator(result_schema()).validate(result)
    said = set(re.findall(r"`([\w.]+)`", _page("result.md")))
    assert not sorted(set(_keys(result)) - said)


def _keys(value: Any) -> Iterator[str]:
    """Every key, but those of `personas`, `account` and `cleanup`, which are roles, fields and steps."""
    match value:
        case dict():
            for key, inner in value.items():
                yield key
                yield from _keys(list(inner.values()) if key in ("personas", "account", "cleanup") and isinstance(inner, dict) else inner)
        case list():
            for inner in value:
                yield from _keys(inner)
