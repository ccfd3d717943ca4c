"""docs/reference/explore.md knows every key of an exploration's result, and every outcome with its sign."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from flowprobe.core.exploring.exploration import Ended
from flowprobe.core.exploring.model import Phase
from flowprobe.report.exploring_matrix import SIGNS
from flowprobe.report.exploring_schema import exploration_schema
from tests.docs.documents import ROOT

PAGE = (ROOT / "docs" / "reference" / "explore.md").read_text()


def _section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"explore.md has no section {title!r}"
    return found[1]


def _keys(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inner in schema.values():
            yield from _keys(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _keys(inner)


def test_the_result_has_every_key_and_none_that_is_not_there() -> None:
    section = _section("The result")
    keys = set(_keys(exploration_schema()))
    assert not sorted(keys - set(re.findall(r"`([\w.]+)`", section)))
    heads = {word for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for word in re.findall(r"`(\w+)`", row)}
    assert not sorted(heads - keys)


def test_the_result_has_every_way_to_end_and_every_part_of_the_search() -> None:
    assert {*get_args(Ended), *get_args(Phase)} <= set(re.findall(r"`([\w ]+)`", _section("The result")))


def test_every_outcome_stands_with_its_sign() -> None:
    rows = re.findall(r"^\| `(\S+)` \| `([\w ]+)` \|", _section("What is shown"), re.MULTILINE)
    assert rows == [(sign.text, outcome) for outcome, sign in SIGNS.items()]
