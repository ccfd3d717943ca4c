"""A history in a file: what is there after a crash, who may write, and what becomes of an older one."""

from __future__ import annotations

import os
import random
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowprobe import __version__
from flowprobe.core.nights.model import Night, State
from flowprobe.errors import InvalidInput, ToolFailed
from flowprobe.history import open_history
from flowprobe.history.opening import backup
from flowprobe.history.sqlite import SqliteDatabase
from flowprobe.history.store import Store
from flowprobe.history.urls import path_of
from flowprobe.history.versions import Migration, migrations
from tests.history.writing import EACH

WRITING = Path(__file__).with_name("writing.py")
ROOT = WRITING.parents[2]
NIGHT = Night("staging", "2026-03-01", State.ENDED, 1000.0)
LATER = Migration(2, ("ALTER TABLE nights ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'",))


def _writer(path: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, str(WRITING), str(path)], env=env, stdout=subprocess.PIPE, text=True)


def _sound(path: Path) -> list[tuple[str, int, int]]:
    """Of each night its name, and how many attempts and samples it has; after SQLite itself has looked at the file."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        return connection.execute(
            "SELECT name, (SELECT count(*) FROM attempts a WHERE a.night = n.id), "
            "(SELECT count(*) FROM samples s WHERE s.night = n.id) FROM nights n ORDER BY name").fetchall()


# --- crashes --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_writer_that_is_killed_at_any_moment_leaves_whole_transactions(tmp_path: Path) -> None:
    path, dice = tmp_path / "history.db", random.Random(7)
    kept: set[int] = set()
    for _ in range(50):
        with _writer(path) as process:
            assert process.stdout is not None
            said = [int(process.stdout.readline()) for _ in range(dice.randrange(1, 4))]
            timer = threading.Timer(dice.uniform(0, 0.02), process.kill)
            timer.start()
            said += map(int, re.findall(r"^\d+$(?=\n)", process.stdout.read(), re.MULTILINE))
            timer.join()
        kept |= set(said)
        nights = _sound(path)
        assert [name for name, _, _ in nights] == [f"{number:06}" for number in range(1, len(nights) + 1)]
        assert {(attempts, samples) for name, attempts, samples in nights if int(name) in kept} == {(EACH, EACH)}
        assert {count for _, *counts in nights for count in counts} <= {0, EACH}, "half a transaction"
        assert max(kept) <= len(nights) <= max(kept) + 1
    assert len(kept) >= 50


def test_a_process_that_is_killed_while_it_makes_the_file_leaves_one_that_can_be_opened(tmp_path: Path) -> None:
    dice = random.Random(11)
    for number in range(12):
        path = tmp_path / str(number) / "history.db"
        with _writer(path) as process:
            _until_it_is_there(path, process)
            threading.Event().wait(dice.uniform(0, 0.005))
            process.kill()
        open_history(str(path)).close()
        _sound(path)


def _until_it_is_there(path: Path, process: subprocess.Popen[str]) -> None:
    while not path.exists():
        assert process.poll() is None


# --- writers --------------------------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A history that another connection is writing to."""
    path = tmp_path / "history.db"
    open_history(str(path)).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("DELETE FROM marks")
        yield path


def test_who_writes_is_named_to_whoever_waited_in_vain(locked: Path) -> None:
    with closing(open_history(str(locked), wait_s=0.05)) as history:
        with pytest.raises(ToolFailed) as failed:
            history.keep_night(NIGHT)
        said = re.escape(f"the history {locked} cannot be written: ")
        who = rf"(process {os.getpid()} \(.+\)|another process)"
        assert re.fullmatch(rf"{said}{who} is writing to it; try again when that has ended", str(failed.value))


def test_whoever_reads_does_not_wait_for_a_writer(locked: Path) -> None:
    with closing(open_history(str(locked), wait_s=0.05)) as history:
        assert history.nights("staging") == ()


def test_many_may_open_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    place, failures = str(tmp_path / "new" / "history.db"), []

    def keep(number: int) -> None:
        try:
            with closing(open_history(place)) as history:
                history.keep_night(Night("staging", f"night-{number}", State.ENDED, float(number)))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with closing(open_history(place)) as history:
        assert len(history.nights("staging")) == 8


def test_one_history_may_be_used_from_many_threads(tmp_path: Path) -> None:
    with closing(open_history(str(tmp_path / "history.db"))) as history:
        threads = [threading.Thread(target=history.keep_night, args=(Night("staging", f"n{number}", State.ENDED, 1.0),))
                   for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(history.nights("staging")) == 16


# --- the file -------------------------------------------------------------------------------------


def test_its_owner_alone_can_read_it(tmp_path: Path) -> None:
    with closing(open_history(str(tmp_path / "deep" / "history.db"))) as history:
        history.keep_night(NIGHT)
        modes = {file.name: file.stat().st_mode & 0o777 for file in (tmp_path / "deep").iterdir()}
    assert modes == {"history.db": 0o600, "history.db-wal": 0o600, "history.db-shm": 0o600}


def test_what_was_kept_is_on_the_disk(tmp_path: Path) -> None:
    database = SqliteDatabase(str(tmp_path / "history.db"))
    with closing(database):
        asked = {name: database.read(lambda work, name=name: work.rows(f"PRAGMA {name}"))[0][0]
                 for name in ("journal_mode", "synchronous", "foreign_keys", "auto_vacuum")}
    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "auto_vacuum": 2}


def test_a_file_gives_room_back_when_nights_are_pruned(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with closing(open_history(str(path))) as history:
        for number in range(300):
            history.keep_night(Night("staging", f"{number:04}", State.ENDED, float(number), because="x" * 2000))
        history.prune("staging", keep=3)
    assert path.stat().st_size < 200_000


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE users (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(ToolFailed, match="is a database of something else"):
        open_history(str(path))
    assert path.read_bytes() == before


@pytest.mark.parametrize(("content", "said"), [
    (b"hello, I am a text" * 100, "cannot be opened: it is no history of FlowProbe; name another file with --history"),
    (None, "cannot be opened: unable to open database file"),
], ids=["text", "folder"])
def test_what_is_no_database_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(content) if content else path.mkdir()
    with pytest.raises(ToolFailed) as failed:
        open_history(str(path))
    assert said in str(failed.value)


def test_a_disk_that_is_full_takes_nothing_away(tmp_path: Path) -> None:
    database = SqliteDatabase(str(tmp_path / "history.db"))
    with closing(Store(database)) as history:
        history.keep_night(NIGHT)
        database.read(lambda work: work.rows("PRAGMA max_page_count = 1"))  # as many as there are
        with pytest.raises(ToolFailed, match="cannot be written: the disk is full: make room and try again"):
            history.keep_night(Night("staging", "2026-03-02", State.ENDED, 2000.0, because="x" * 100_000))
        assert history.nights("staging") == (NIGHT,)
        database.read(lambda work: work.rows("PRAGMA max_page_count = 100000"))
        history.keep_night(Night("staging", "2026-03-02", State.ENDED, 2000.0, because="x" * 100_000))


def test_a_disk_without_room_for_the_log_is_told_as_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    with closing(SqliteDatabase(str(tmp_path / "history.db"))) as database:
        with pytest.raises(ToolFailed, match=r"its disk does not take or give it \(disk I/O error\): look at the disk"):
            database.read(lambda _: raising(error))
        monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=1, f_frsize=4096))
        with pytest.raises(ToolFailed, match="cannot be read: the disk is full: make room and try again"):
            database.read(lambda _: raising(error))


def raising(error: Exception) -> None:
    raise error


def test_a_history_that_may_only_be_read_is_told_with_what_to_do(tmp_path: Path) -> None:
    database = SqliteDatabase(str(tmp_path / "history.db"))
    with closing(Store(database)) as history:
        database.read(lambda work: work.rows("PRAGMA query_only = ON"))
        with pytest.raises(ToolFailed, match=r"cannot be written: .*history.db is read-only: let us write there, or name"):
            history.keep_night(NIGHT)


def test_a_file_that_is_damaged_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with closing(open_history(str(path))) as history:
        for number in range(200):
            history.keep_night(Night("staging", f"{number:04}", State.ENDED, float(number), because="x" * 500))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    told = r"is damaged \(.*\); move it away and begin anew, or put a copy in its place"
    with pytest.raises(ToolFailed, match=told), closing(open_history(str(path))) as history:
        history.nights("staging")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolFailed, match=r"file/history.db cannot be opened: .*; name another with --history"):
        open_history(str(tmp_path / "file" / "history.db"))


# --- versions -------------------------------------------------------------------------------------


def test_an_older_file_is_copied_and_then_brought_to_what_we_know(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with closing(open_history(str(path))) as history:
        history.keep_night(NIGHT)
    known = (*migrations("sqlite"), LATER)
    for _ in range(2):
        with closing(Store(SqliteDatabase(str(path), known=known))) as history:
            assert history.nights("staging") == (NIGHT,)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT mood FROM nights").fetchall() == [("calm",)]
        assert connection.execute("SELECT number, flowprobe FROM migrations").fetchall() == [
            (1, __version__), (2, __version__)]
    copy = tmp_path / "history.db.version-1"
    with closing(open_history(str(copy))) as history:
        assert history.nights("staging") == (NIGHT,)
    assert copy.stat().st_mode & 0o777 == 0o600


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    open_history(str(path)).close()
    broken = Migration(2, (*LATER.statements, "ALTER TABLE nowhere ADD COLUMN x TEXT"))
    with pytest.raises(ToolFailed, match="no such table: nowhere"):
        SqliteDatabase(str(path), known=(*migrations("sqlite"), broken))
    with closing(open_history(str(path))) as history:
        history.keep_night(NIGHT)


def test_a_newer_file_is_refused_with_what_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    SqliteDatabase(str(path), known=(*migrations("sqlite"), LATER)).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE migrations SET flowprobe = '9.8.7' WHERE number = 2")
        connection.commit()
    with pytest.raises(ToolFailed) as failed:
        open_history(str(path))
    assert str(failed.value) == (f"the history {path} is of version 2, and FlowProbe {__version__} knows up to 1: install "
                                 "FlowProbe 9.8.7 or later, or name another with --history")


def test_the_migrations_are_numbered_without_a_gap_and_alike_in_both_stores() -> None:
    numbers = {store: [each.number for each in migrations(store)] for store in ("sqlite", "postgres")}
    assert numbers["sqlite"] == numbers["postgres"] == list(range(1, len(numbers["sqlite"]) + 1))


# --- copies and places ----------------------------------------------------------------------------


def test_a_copy_is_made_while_somebody_writes(locked: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    backup(str(locked), copy)
    assert _sound(copy) == []
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir() if "part" in file.name] == []


def test_a_copy_never_takes_the_place_of_a_file(locked: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    with pytest.raises(InvalidInput, match="there is a file already"):
        backup(str(locked), target)
    assert target.read_text() == "mine"


@pytest.mark.parametrize(("place", "path"), [
    ("nights.db", "nights.db"), ("sqlite:///nights.db", "nights.db"), ("sqlite:////var/nights.db", "/var/nights.db"),
    (":memory:", ":memory:"), ("a:b/nights.db", "a:b/nights.db"),
])
def test_a_file_can_be_named_as_a_path_or_as_a_url(place: str, path: str) -> None:
    assert path_of(place) == path


@pytest.mark.parametrize("place", ["mysql://host/db", "sqlite://nights.db", "sqlite:///", "https://host"])
def test_what_is_no_place_of_a_history_is_an_input_that_is_wrong(place: str) -> None:
    with pytest.raises(InvalidInput, match="is no place of a history"):
        open_history(place)
