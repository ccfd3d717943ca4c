"""Where a stream begins and ends, and whether its writer still lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.events import RunEnded
from flowprobe.errors import ToolFailed
from flowprobe.journal.reader import Ends, being_written, ends_of, read_stream
from flowprobe.journal.writer import JournalWriter


def test_the_ends_of_a_stream_are_read_without_what_stands_between(tmp_path: Path) -> None:
    path = tmp_path / "runner.jsonl"
    with JournalWriter(path, "runner") as journal:
        for number in range(3):
            journal.append(RunEnded(str(number)))
    assert [ends_of(path).first, ends_of(path).last] == [*read_stream(path).stamped[:1], *read_stream(path).stamped[-1:]]
    with path.open("a") as file:
        file.write("half a li")
    assert ends_of(path).torn


def test_the_end_of_a_stream_that_is_no_line_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("nothing whole")
    assert ends_of(tmp_path / "x.jsonl") == Ends(None, None, True)
    with pytest.raises(ToolFailed, match="cannot read the journal"):
        ends_of(tmp_path / "not there")


def test_a_stream_is_being_written_until_its_writer_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "runner.jsonl"
    assert not being_written(path)
    with JournalWriter(path, "runner"):
        assert being_written(path)
        assert being_written(path), "to ask leaves it as it is"
    assert not being_written(path)
