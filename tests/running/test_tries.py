"""The tries of an exploration, kept as they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.exploring.model import Learned, Placed, Site, Try
from flowprobe.core.faults.status import Status
from flowprobe.errors import InvalidInput
from flowprobe.running.tries import TRIES, Tries, earlier_tries

DOWN = Try({"seats": 0}, (Placed(Site("payments", "POST /v1/charges", "pay"), Status(503)),))
CALM = Try({"seats": 3})


def kept(folder: Path) -> Tries:
    tries = Tries(folder, lambda text: text.replace("hush", "***"))
    tries.add(CALM, Learned("pass", signature="a"))
    tries.add(DOWN, Learned("fail", because="it said hush"))
    tries.add(CALM, Learned("pass", signature="b"))
    return tries


def test_what_was_learned_is_there_for_the_next_one(tmp_path: Path) -> None:
    kept(tmp_path)
    known = earlier_tries(tmp_path)
    assert [found.signature for found in known[CALM.key]] == ["a", "b"]
    assert known[DOWN.key] == [Learned("fail", because="it said ***")]


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    kept(tmp_path)
    path = tmp_path / TRIES
    path.write_text(path.read_text()[:-20])
    assert [len(earlier_tries(tmp_path)[CALM.key]), len(earlier_tries(tmp_path)[DOWN.key])] == [1, 1]


def test_a_file_of_something_else_is_refused_with_its_line(tmp_path: Path) -> None:
    kept(tmp_path)
    path = tmp_path / TRIES
    path.write_text("{}\n" + path.read_text())
    with pytest.raises(InvalidInput, match="none of an exploration") as refused:
        earlier_tries(tmp_path)
    assert refused.value.problems[0].line == 1


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no exploration to go on with"):
        earlier_tries(tmp_path)
