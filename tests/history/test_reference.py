"""docs/reference/history.md tells people what to ask: each of its tables is there, and each of its questions works."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from flowprobe.core.nights.model import Attempt, Journey, Night, Sample, Series, State
from flowprobe.core.verdict import Blame, Kind
from flowprobe.history import open_history

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "history.md").read_text()
QUESTIONS = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TABLES = {name: set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]*) \|", rows, re.MULTILINE))))
          for name, rows in re.findall(r"^\| `(\w+)` \|.*\n\|---\|---\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)}
SEARCH = Journey("Search", "user=pro-eu")
ANSWERS = [
    [("2026-03-02", "Search", "product", "it broke")],
    [("Search", "user=pro-eu", "none", 1)],
    [("2026-03-01", "find", 0.25, 12.0), ("2026-03-02", "find", 0.5, 0.5)],
]


def _filled(place: str) -> None:
    with closing(open_history(place)) as history:
        for name, seconds in (("2026-03-01", (0.25, 12.0, 2.0)), ("2026-03-02", (0.5,))):
            kind = Kind.PASS if name == "2026-03-01" else Kind.FAIL
            history.keep_night(Night("staging", name, State.ENDED, 1.0, 2.0, kind))
            history.keep_measured("staging", name, samples=[Sample(Series("step", "find"), seconds)], counted=[],
                                  shapes=[])
        history.keep_attempts("staging", "2026-03-02", [
            Attempt(SEARCH, 1, 1.0, 0.5, Kind.FAIL, Blame.PRODUCT, sentence="it broke"),
            Attempt(SEARCH, 2, 2.0, 0.5, Kind.PASS, Blame.NONE)])


def test_every_question_is_answered_by_a_file(tmp_path: Path) -> None:
    _filled(str(tmp_path / "history.db"))
    with closing(sqlite3.connect(tmp_path / "history.db")) as connection:
        assert [connection.execute(question).fetchall() for question in QUESTIONS] == ANSWERS


def test_every_question_is_answered_by_a_server(postgres: str) -> None:
    _filled(postgres)
    with psycopg.connect(postgres) as connection:
        connection.execute("SET search_path TO flowprobe")
        asked = [question.replace("json_each(", "json_array_elements_text(") for question in QUESTIONS]
        assert [connection.execute(question).fetchall() for question in asked] == ANSWERS


def test_every_column_is_told(tmp_path: Path) -> None:
    place = tmp_path / "history.db"
    open_history(str(place)).close()
    with closing(sqlite3.connect(place)) as connection:
        names = [name for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'view' OR name IN ('nights', 'alerts', 'marks')")]
        found = {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names}
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    found["alerts"] -= {"id"}
    found["marks"] -= {"id"}
    assert found == TABLES
    assert not [name for name in tables if f"`{name}`" not in PAGE]


@pytest.mark.parametrize("kind", ["night", "attempt", "sample", "counted", "shape", "alert", "mark"])
def test_every_kind_of_line_is_told(kind: str) -> None:
    assert f"`{kind}`" in PAGE.partition("## As JSON lines")[2]
