"""`flowprobe history`, as users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowprobe.core.nights.model import Attempt, Journey, Night, Sample, Series, State
from flowprobe.core.verdict import Blame, Kind
from flowprobe.history import open_history

ROOT = Path(__file__).resolve().parents[2]
SEARCH = Journey("Search", "user=pro-eu")


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Folder:
    path: Path

    def history(self, *words: str, env: Mapping[str, str] | None = None) -> Said:
        given = {name: value for name, value in os.environ.items() if not name.startswith("FLOWPROBE_")}
        done = subprocess.run([sys.executable, "-m", "flowprobe", "history", *words], cwd=self.path, text=True,
                              capture_output=True, check=False,
                              env={**given, "PYTHONPATH": str(ROOT), "LOGNAME": "ann", "CI": "true", **(env or {})})
        return Said(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def empty(tmp_path: Path) -> Folder:
    (tmp_path / "flowprobe.yaml").write_text("flowprobe: 1\nenvironments: {staging: {target: http://127.0.0.1:9}}\n")
    return Folder(tmp_path)


@pytest.fixture
def known(empty: Folder) -> Folder:
    """A folder that remembers 25 nights, of which the last was red."""
    with closing(open_history(str(empty.path / ".flowprobe" / "history.db"))) as history:
        for day in range(1, 26):
            name, kind = f"2026-03-{day:02}", Kind.FAIL if day == 25 else Kind.PASS
            history.keep_night(Night("staging", name, State.ENDED, 86400.0 * day, 86400.0 * day + 60, kind, int(day == 25)))
            history.keep_attempts("staging", name, [
                Attempt(SEARCH, 1, 1.0, 0.5, kind, Blame.PRODUCT if day == 25 else Blame.NONE,
                        sentence="find answered 500" if day == 25 else "")])
            history.keep_measured("staging", name, samples=[Sample(Series("step", "find", "Search"), (0.5,))], counted=[],
                                  shapes=[])
    return empty


def test_where_nothing_is_remembered_a_list_says_so_and_nothing_is_made(empty: Folder) -> None:
    listed = empty.history("list")
    assert (listed.code, listed.out) == (0, "no night is remembered yet: .flowprobe/history.db is not there\n")
    shown = empty.history("show")
    assert shown.code == 2
    assert ".flowprobe/history.db: no night is remembered there" in shown.err
    assert [file.name for file in empty.path.iterdir()] == ["flowprobe.yaml"]


def test_nights_are_listed_and_shown(known: Folder) -> None:
    listed = known.history("list").out.splitlines()
    assert listed[:2] == ["staging", "  5 older: --all"]
    assert len(listed) == 22
    assert len(known.history("list", "--all").out.splitlines()) == 26
    told = json.loads(known.history("list", "--json").out)["environments"]
    assert (told[0]["environment"], len(told[0]["nights"])) == ("staging", 25)
    assert "product: find answered 500" in known.history("show").out
    shown = json.loads(known.history("show", "2026-03-25", "--json").out)
    assert (shown["night"]["verdict"], shown["attempts"][0]["blame"]) == ("fail", "product")
    assert "did you mean `2026-03-25`" in known.history("show", "2026-03-52").err


def test_a_history_is_pruned_exported_and_copied(known: Folder) -> None:
    pruned = known.history("prune", "--keep", "1")
    assert (pruned.code, pruned.out) == (0, "staging: 24 nights went, 1 night stays\n")
    assert [json.loads(line)["kind"] for line in known.history("export").out.splitlines()] == ["night", "attempt", "sample"]
    assert known.history("export", "nights.jsonl").out == "3 lines in nights.jsonl\n"
    assert (known.path / "nights.jsonl").read_text() == known.history("export", "--env", "staging").out
    assert known.history("backup", "copy.db").out == "copied to copy.db\n"
    again = known.history("backup", "copy.db")
    assert (again.code, "there is a file already" in again.err) == (2, True)
    assert known.history("list", "--history", "copy.db").out == known.history("list").out
    assert known.history("list", env={"FLOWPROBE_HISTORY": "copy.db"}).out == known.history("list").out


def test_a_person_decides_and_it_is_recorded(known: Folder) -> None:
    assert known.history("rebase", "Search find", "--because", "a new index").out.startswith(
        "rebase Search find from 2026-03-25 on  ann, ")
    assert known.history("rebase", "--all", "--since", "2026-03-20", "--because", "moved").out.startswith(
        "rebase Search find from 2026-03-20 on  ann, ")
    assert known.history("quarantine", "Search", "--because", "it wobbles").out.startswith(
        "quarantine Search (user=pro-eu) from 2026-03-25 on until 2026-04-08  ann, ")
    assert known.history("release", "Search", "--because", "mended").code == 0
    deeds = [mark["deed"] for mark in json.loads(known.history("show", "--json").out)["marks"]]
    assert deeds == ["rebase", "quarantine", "release"]


@pytest.mark.parametrize("words", [("rebase", "--because", "x"), ("rebase", "find", "--all", "--because", "x")], ids=len)
def test_a_series_or_all_of_them_are_rebased(known: Folder, words: tuple[str, ...]) -> None:
    said = known.history(*words)
    assert (said.code, "name one SERIES, or --all of them" in said.err) == (2, True)


def test_what_cannot_be_reached_or_read_ends_with_3_and_tells_no_password(known: Folder) -> None:
    (known.path / "broken.db").write_bytes(b"no database" * 1000)
    broken = known.history("list", "--history", "broken.db")
    assert (broken.code, "broken.db cannot be opened: it is no history of FlowProbe" in broken.err) == (3, True)
    away = known.history("list", env={"FLOWPROBE_HISTORY": "postgresql://ann:hunter2@127.0.0.1:1/nights"})
    assert (away.code, "the history postgresql://ann@127.0.0.1:1/nights cannot be opened" in away.err) == (3, True)
    said = known.history("list", "--history", "postgresql://ann:hunter2@127.0.0.1:1/nights")
    assert said.code == 2
    assert "hunter2" not in away.err + away.out + said.err + said.out
