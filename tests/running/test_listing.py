from __future__ import annotations

import json
from pathlib import Path

from flowprobe.core.events import RunStarted
from flowprobe.journal.writer import JournalWriter
from flowprobe.running.listing import rows
from tests.journals import started
from tests.running.test_finding_runs import FIRST, SECOND, written

RESULT = {"verdict": "fail", "exit_code": 7, "trials": [
    {"scenario": "One", "verdict": "pass"}, {"scenario": "One", "verdict": "fail"}, {"scenario": "Two", "verdict": "fail"}, 7]}


def test_a_row_has_what_the_run_left(tmp_path: Path) -> None:
    folder = written(tmp_path, "x", FIRST, at=1000.0)
    (folder / "result.json").write_text(json.dumps(RESULT))
    (row,) = rows(tmp_path)
    assert (row.run, row.state, row.at, row.environment) == (FIRST, "ended", 1000.0, "local")
    assert (row.verdict, row.exit_code, dict(row.counts), row.scenarios) == ("fail", 7, {"pass": 1, "fail": 2}, ("One", "Two"))


def test_what_runs_or_was_cut_off_has_no_verdict(tmp_path: Path) -> None:
    written(tmp_path, "old", FIRST, started(), whole=False, at=1000.0)
    with JournalWriter(tmp_path / "runs" / "new" / "journal" / "runner.jsonl", "runner") as journal:
        journal.append(RunStarted(SECOND, "0.1.0", 7, "local", "a.yaml"))
        running, cut = rows(tmp_path)
    assert (running.state, running.verdict, running.exit_code, dict(running.counts)) == ("running", "", None, {"begun": 0})
    assert (cut.state, dict(cut.counts), cut.scenarios) == ("cut off", {"begun": 1}, ("A journey",))


def test_an_exploration_has_its_own_outcome(tmp_path: Path) -> None:
    folder = written(tmp_path, "x", FIRST)
    (folder / "result.json").write_text(json.dumps(RESULT))
    (folder / "exploration.json").write_text('{"cases": [1], "exit_code": 1}')
    (row,) = rows(tmp_path)
    assert (row.kind, row.verdict, row.exit_code) == ("exploration", "1 case", 1)
    (folder / "exploration.json").write_text("{")
    (row,) = rows(tmp_path)
    assert (row.kind, row.verdict) == ("exploration", "fail")


def test_what_cannot_be_read_is_a_row_too(tmp_path: Path) -> None:
    (tmp_path / "runs" / "x").mkdir(parents=True)
    (row,) = rows(tmp_path)
    assert row.state == "unreadable"
    assert "journal/runner.jsonl" in row.because


def test_the_newest_are_enough_where_that_is_asked(tmp_path: Path) -> None:
    written(tmp_path, "a", FIRST, at=1.0)
    written(tmp_path, "b", SECOND, at=2.0)
    assert [row.run for row in rows(tmp_path, limit=1)] == [SECOND]
