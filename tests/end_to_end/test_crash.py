"""`kill -9` at every write, every sync, every send and every receive of a run, one after the other; then its cleanup."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

RIG = Path(__file__).parent / "crash_rig.py"


def lives(folder: Path, mode: str) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run([sys.executable, str(RIG), mode], cwd=folder, capture_output=True, text=True, timeout=180,
                          env={"PYTHONPATH": str(RIG.parents[2])}, start_new_session=True, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    return found["counted"], found["lives"]


def assert_clean(life: dict[str, Any]) -> None:
    """What the step with `find` has made is gone. Of the other one nothing is left that is not told: exit 7 then."""
    assert "found" not in life["left"], life
    assert not Counter(life["left"]) - Counter(life["unknown"]), life
    assert set(life["unknown"]) <= {"named"}, life
    assert life["exit"] == (7 if life["unknown"] else 0), life


def test_a_run_that_is_killed_anywhere_leaves_nothing_that_its_cleanup_does_not_find_or_tell(tmp_path: Path) -> None:
    counted, found = lives(tmp_path, "run")
    assert len(found) == counted > 60
    assert sum(life["died"] for life in found) > counted - 6  # the last receives are not in every life
    for life in found:
        assert_clean(life)
    assert max(len(life["before"]) for life in found) == 4
    assert {life["exit"] for life in found} == {0, 7}


def test_a_run_that_is_killed_in_the_middle_of_a_write_is_cleaned_up_too(tmp_path: Path) -> None:
    counted, found = lives(tmp_path, "torn")
    assert len(found) == counted > 40
    assert all(life["died"] for life in found)
    for life in found:
        assert_clean(life)


def test_a_cleanup_that_is_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    _, found = lives(tmp_path, "sweep")
    assert len(found) > 15
    for life in found:
        assert len(life["before"]) == 4, life
        assert (life["left"], life["unknown"], life["exit"]) == ([], [], 0), life


def test_without_the_ledger_the_same_finds_what_is_left(tmp_path: Path) -> None:
    _, found = lives(tmp_path, "off")
    assert max(len(life["left"]) for life in found) == 4
    assert all(life["exit"] == 0 for life in found)
