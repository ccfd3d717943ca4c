import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowprobe.errors import ToolFailed
from flowprobe.running.folder import RunFolder, last_result, write_shared, write_whole

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_has_a_folder_of_its_own_that_only_its_owner_can_open() -> None:
    folder = RunFolder("abcdef0123456789", now=NOW)
    assert folder.path == Path(".flowprobe/runs/20261122-093000-abcdef")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert Path(".flowprobe/latest").resolve() == folder.path.resolve()
    assert Path(".flowprobe/.gitignore").read_text() == "*\n"


def test_latest_points_at_the_newest_run() -> None:
    RunFolder("a" * 16, now=NOW)
    second = RunFolder("b" * 16, now=NOW)
    second.write("result.json", json.dumps({"run": "b"}))
    assert last_result() == {"run": "b"}


def test_a_named_folder_that_holds_a_run_is_not_written_over(tmp_path: Path) -> None:
    folder = RunFolder("a" * 16, now=NOW, output=tmp_path / "out")
    folder.journal.mkdir()
    (folder.journal / "runner.jsonl").touch()
    with pytest.raises(ToolFailed, match="holds another run"):
        RunFolder("b" * 16, now=NOW, output=tmp_path / "out")


def test_a_named_folder_leaves_the_state_folder_alone(tmp_path: Path) -> None:
    RunFolder("a" * 16, now=NOW, output=tmp_path / "out")
    assert not Path(".flowprobe").exists()


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_whole(tmp_path / "deep" / "result.json", "first")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ToolFailed, match="No space left"):
        write_whole(path, "second")
    assert path.read_text() == "first"


def test_text_that_is_not_unicode_is_still_json(tmp_path: Path) -> None:
    path = write_whole(tmp_path / "result.json", '{"seen": "\ud800"}')
    assert json.loads(path.read_text()) == {"seen": "\ud800"}


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ToolFailed, match="cannot write"):
        write_whole(tmp_path / "file" / "result.json", "x")


def test_a_shared_report_is_as_readable_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_shared(tmp_path / "junit.xml", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "junit.xml").stat().st_mode & 0o777 == 0o644


def test_a_shared_report_follows_a_link_also_where_nothing_is_yet(tmp_path: Path) -> None:
    (tmp_path / "link.xml").symlink_to(tmp_path / "there.xml")
    write_shared(tmp_path / "link.xml", "one")
    write_shared(tmp_path / "link.xml", "two")
    assert ((tmp_path / "link.xml").is_symlink(), (tmp_path / "there.xml").read_text()) == (True, "two")


def test_a_device_is_written_into_and_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "device"
    link.symlink_to("/dev/full")
    with pytest.raises(ToolFailed, match="No space left"):
        write_shared(link, "x")
    assert (link.is_symlink(), Path("/dev/full").is_char_device()) == (True, True)


def test_a_ring_of_links_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ToolFailed, match="cannot write"):
        write_shared(tmp_path / "a", "x")


def test_without_an_earlier_run_there_is_no_result() -> None:
    assert last_result() is None
