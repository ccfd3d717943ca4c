from __future__ import annotations

import threading
from pathlib import Path

from flowprobe.core.events import RunEnded, Stamped
from flowprobe.journal.writer import JournalWriter
from flowprobe.running.following import Beside, Following


def names(lines: tuple[Stamped, ...]) -> list[str]:
    return [line.event.run for line in lines if isinstance(line.event, RunEnded)]


def test_lines_of_several_writers_come_in_the_order_of_the_clock(tmp_path: Path) -> None:
    """What the proxy wrote before a line of the runner may be read after it."""
    now = 10.0
    following = Following(tmp_path, clock=lambda: now)
    with JournalWriter(tmp_path / "runner.jsonl", "runner", mono=lambda: now) as runner:
        now = 12.0
        runner.append(RunEnded("second"))
        assert names(following.new()) == []
        with JournalWriter(tmp_path / "proxy.jsonl", "proxy", mono=lambda: 11.0) as proxy:
            proxy.append(RunEnded("first"))
        now = 13.0
        assert names(following.new()) == ["first", "second"]
        runner.append(RunEnded("third"))
        assert names(following.new(everything=True)) == ["third"]
        assert following.alive
        runner.append(RunEnded("fourth"))
    assert names(following.new()) == ["fourth"], "nobody writes any more: there is nothing to wait for"
    assert not following.alive


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    (tmp_path / "runner.jsonl").write_text("no json\n")
    following = Following(tmp_path)
    assert following.new() == ()
    assert following.gaps == (f"{tmp_path / 'runner.jsonl'}: a damaged line after number 0",)


def test_beside_a_run_each_line_is_told_once_and_none_is_left_out(tmp_path: Path) -> None:
    told: list[str] = []
    seen = threading.Event()

    def tell(lines: tuple[Stamped, ...]) -> None:
        told.extend(names(lines))
        seen.set()

    with JournalWriter(tmp_path / "runner.jsonl", "runner") as runner:
        beside = Beside(tmp_path, tell)
        runner.append(RunEnded("1"))
        assert seen.wait(20), "told by its own thread"
        runner.append(RunEnded("2"))
        beside.catch_up()
        assert told == ["1", "2"]
        runner.append(RunEnded("3"))
        beside.close()
    assert told == ["1", "2", "3"]
