"""The journal: what is written is read back; a torn end is tolerated, a hole is told."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.events import (
    Event,
    HookFailed,
    Injected,
    Interrupted,
    LeaseEnded,
    PlannedFault,
    RunEnded,
    ToolFailure,
    TrialStarted,
)
from flowprobe.errors import ToolFailed
from flowprobe.journal.reader import Follower, each_line, read_folder, read_stream
from flowprobe.journal.writer import JournalWriter


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "proxy.jsonl"


def write(path: Path, *events: Event) -> None:
    with JournalWriter(path, "proxy", mono=lambda: 1.5, wall=lambda: 99.25) as journal:
        for event in events:
            journal.append(event)


TEXTS = st.text(max_size=30)
EVENTS = st.one_of(
    st.builds(Interrupted, TEXTS),
    st.builds(LeaseEnded, TEXTS, TEXTS),
    st.builds(HookFailed, TEXTS, TEXTS, TEXTS, st.none() | TEXTS),
    st.builds(
        TrialStarted, TEXTS, TEXTS, TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=2), TEXTS, st.integers(), TEXTS,
        st.lists(st.builds(PlannedFault, TEXTS, TEXTS, TEXTS, TEXTS), max_size=2).map(tuple),
    ),
)


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(EVENTS, max_size=6))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> None:
    path = tmp_path_factory.mktemp("journal") / "x.jsonl"
    write(path, *events)
    stream = read_stream(path)
    assert [stamped.event for stamped in stream.stamped] == events
    assert [stamped.number for stamped in stream.stamped] == list(range(1, len(events) + 1))
    assert (stream.last, stream.torn, stream.gaps) == (len(events), False, ())


def test_a_line_bears_version_writer_number_and_two_clocks(path: Path) -> None:
    write(path, LeaseEnded("l", "released"))
    assert json.loads(path.read_text()) == {
        "v": 1, "w": "proxy", "n": 1, "mono": 1.5, "wall": 99.25, "event": "LeaseEnded", "lease": "l",
        "reason": "released",
    }
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("cut", [1, 10, 40])
def test_a_torn_last_line_is_tolerated(path: Path, cut: int) -> None:
    write(path, *[LeaseEnded("l", "released")] * 3)
    os.truncate(path, path.stat().st_size - cut)
    stream = read_stream(path)
    assert (len(stream.stamped), stream.last, stream.torn, stream.gaps) == (2, 2, True, ())


def test_a_missing_line_is_told(path: Path) -> None:
    write(path, *[LeaseEnded("l", "released")] * 4)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[2], lines[3]]))
    assert read_stream(path).gaps == ("number 3 comes after 1",)


def test_a_line_twice_is_told(path: Path) -> None:
    write(path, LeaseEnded("l", "released"))
    path.write_bytes(path.read_bytes() * 2)
    assert read_stream(path).gaps == ("number 1 comes after 1",)


@pytest.mark.parametrize("damage", [b"{", b"[]", b'{"v": 1}', b"\xff\xfe", b'{"v":1,"w":"x","n":"2"}'])
def test_a_damaged_line_is_told_and_the_rest_is_read(path: Path, damage: bytes) -> None:
    write(path, *[LeaseEnded("l", "released")] * 3)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([lines[0], damage, lines[2], b""]))
    stream = read_stream(path)
    assert len(stream.stamped) == 2
    assert stream.gaps == ("a damaged line after number 1", "number 3 comes after 1")


def test_an_event_of_tomorrow_is_left_out_but_counted(path: Path) -> None:
    write(path, LeaseEnded("l", "released"), LeaseEnded("l", "released"))
    path.write_text(path.read_text().replace('"LeaseEnded"', '"LeaseMended"', 1))
    stream = read_stream(path)
    assert (len(stream.stamped), stream.last, stream.gaps) == (1, 2, ())


def test_a_newer_version_is_told(path: Path) -> None:
    write(path, LeaseEnded("l", "released"))
    path.write_text(path.read_text().replace('"v":1', '"v":2'))
    assert read_stream(path).gaps == ("number 1 was written by a newer version",)


def test_a_follower_reads_on(path: Path) -> None:
    follower = Follower(path)
    assert follower.new() == ()
    with JournalWriter(path, "proxy") as journal:
        journal.append(Interrupted("SIGINT"))
        assert [stamped.number for stamped in follower.new()] == [1]
        assert follower.new() == ()
        journal.append(Interrupted("SIGTERM"))
        with path.open("ab") as file:
            file.write(b'{"v":1')
        assert [stamped.number for stamped in follower.new()] == [2]
    assert follower.torn


def test_threads_share_a_writer(path: Path) -> None:
    with JournalWriter(path, "runner") as journal, ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: journal.append(Interrupted("x" * 500)), range(200)))
    assert sorted(numbers) == list(range(1, 201))
    assert read_stream(path).gaps == ()


def test_a_stream_has_one_writer_only(path: Path) -> None:
    write(path, Interrupted("SIGINT"))
    with pytest.raises(ToolFailed, match="a folder of its own"):
        JournalWriter(path, "proxy")


def test_a_closed_journal_takes_nothing(path: Path) -> None:
    journal = JournalWriter(path, "proxy")
    journal.close()
    journal.close()
    with pytest.raises(ToolFailed, match=r"proxy\.jsonl"):
        journal.append(Interrupted("SIGINT"))


def test_a_folder_is_read_stream_by_stream(tmp_path: Path) -> None:
    for name in ("runner", "proxy"):
        write(tmp_path / f"{name}.jsonl", Interrupted(name))
    (tmp_path / "notes.txt").write_text("not a stream")
    read = [stream.stamped[0].event for stream in read_folder(tmp_path)]
    assert read == [Interrupted("proxy"), Interrupted("runner")]


def test_receipts_survive_the_journey(path: Path) -> None:
    receipt = Injected("x1", "t", "f", "hang", "payments", "POST /v1", 1, 2.5, gave_up_s=None, detail="é\ud800")
    write(path, receipt)
    assert path.read_bytes().count(b"\n") == 1


def test_who_overhears_is_given_each_line_as_it_is_written_redacted(tmp_path: Path) -> None:
    heard: list[str] = []
    path = tmp_path / "runner.jsonl"
    with JournalWriter(path, "runner", redact=lambda line: line.replace("s3cret", "-"), overhear=heard.append) as writer:
        writer.append(ToolFailure("proxy", "s3cret"))
        assert heard == path.read_text().splitlines()
        writer.append(RunEnded("r"))
    assert heard == path.read_text().splitlines()
    assert "s3cret" not in "".join(heard)


def test_who_overhears_a_follower_is_given_whole_lines_once(tmp_path: Path) -> None:
    heard: list[str] = []
    path = tmp_path / "proxy.jsonl"
    follower = Follower(path, overhear=heard.append)
    with JournalWriter(path, "proxy") as writer:
        writer.append(RunEnded("a"))
        follower.new()
        writer.append(RunEnded("b"))
        follower.new()
        follower.new()
    with path.open("a") as file:
        file.write('{"torn')
    follower.new()
    assert heard == path.read_text().splitlines()[:2]


def test_a_file_is_gone_through_line_by_line_without_what_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "runner.jsonl"
    assert list(each_line(path)) == []
    with JournalWriter(path, "runner") as writer:
        writer.append(RunEnded("a"))
        writer.append(RunEnded("b"))
    with path.open("a") as file:
        file.write('damaged\n{"v":9,"w":"runner","n":3,"mono":1,"wall":1,"event":"RunEnded","run":"c"}\n{"torn')
    assert [line.event for line in each_line(path)] == [RunEnded("a"), RunEnded("b")]
    with pytest.raises(ToolFailed, match="cannot read the journal"):
        list(each_line(tmp_path))
