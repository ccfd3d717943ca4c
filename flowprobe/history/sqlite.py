"""A history in one file: SQLite with a write-ahead log, so that a process that is killed leaves whole transactions, and
whoever reads never waits."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from flowprobe.errors import ToolFailed
from flowprobe.history.versions import Migration, apply, migrations, pending
from flowprobe.history.work import WAIT_S, Row, Work

__all__ = ["MEMORY", "SqliteDatabase", "copy_file"]

T = TypeVar("T")
MEMORY = ":memory:"
_OURS = 0x464C5052
"""The application id in the head of the file: FLPR."""
_FULL = "the disk is full: make room and try again; what it had before is whole"
_ROOM = 64 * 1024
"""Bytes: the index of the log takes 32 KiB (https://sqlite.org/walformat.html), and the log has to begin."""
_WRITE_LOCK = 120
"""The byte of the log's index which a writer locks (https://sqlite.org/walformat.html)."""


class SqliteDatabase:
    """One connection, which one thread uses at a time."""

    def __init__(self, path: str, *, wait_s: float = WAIT_S, known: Sequence[Migration] = ()) -> None:
        self._path = path
        self._lock = threading.RLock()
        with _telling(path, "opened"):
            _make(path)
            self._connection = sqlite3.connect(path, timeout=wait_s, isolation_level=None, check_same_thread=False)
        try:
            with _telling(path, "opened"):
                self._connection.execute("PRAGMA foreign_keys = ON")
                self._connection.execute("PRAGMA synchronous = FULL")  # what was kept outlives a power cut, too
                self._settle(tuple(known or migrations("sqlite")))
        except BaseException:
            self._connection.close()
            raise

    def read(self, task: Callable[[Work], T]) -> T:
        with self._lock, _telling(self._path, "read"), self._transaction("BEGIN") as work:
            return task(work)

    def write(self, task: Callable[[Work], T]) -> T:
        with self._lock, _telling(self._path, "written"), self._transaction("BEGIN IMMEDIATE") as work:
            return task(work)

    def shrink(self) -> None:
        with self._lock, suppress(sqlite3.OperationalError):  # somebody writes: the room is used again all the same
            self._connection.executescript("PRAGMA incremental_vacuum")  # `execute` would free a single page

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[_Work]:
        self._connection.execute(begin)
        try:
            yield _Work(self._connection)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    # --- bringing the tables to what we know ---

    def _settle(self, known: tuple[Migration, ...]) -> None:
        if self._pending(known):
            self._connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # that is for a file without tables alone
            with self._transaction("BEGIN IMMEDIATE") as work:
                self._migrate(work, self._pending(known))  # another process may have been quicker
        self._connection.execute("PRAGMA journal_mode = WAL").fetchall()

    def _migrate(self, work: Work, steps: tuple[Migration, ...]) -> None:
        version = self._number("user_version")
        if steps and version and self._path != MEMORY:
            _copy_before(self._path, version)
        for step in steps:
            apply(work, step)
            work.run(f"PRAGMA user_version = {step.number}")
        work.run(f"PRAGMA application_id = {_OURS}")

    def _pending(self, known: tuple[Migration, ...]) -> tuple[Migration, ...]:
        rows = self._connection.execute("SELECT name FROM sqlite_master LIMIT 1").fetchall()
        if rows and self._number("application_id") != _OURS:
            raise ToolFailed(f"{self._path} is a database of something else, and no history of FlowProbe: name another "
                             "file with --history")
        return pending(known, self._number("user_version"), place=self._path, written_by=self._written_by())

    def _written_by(self) -> str:
        with suppress(sqlite3.OperationalError):
            rows = self._connection.execute("SELECT flowprobe FROM migrations ORDER BY number DESC LIMIT 1").fetchall()
            return str(rows[0][0]) if rows else ""
        return ""

    def _number(self, pragma: str) -> int:
        return int(self._connection.execute(f"PRAGMA {pragma}").fetchone()[0])


class _Work:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Row = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def run(self, statement: str, values: Row = ()) -> int:
        return self._connection.execute(statement, values).rowcount

    def many(self, statement: str, rows: Sequence[Row]) -> None:
        self._connection.executemany(statement, rows)


def _make(path: str) -> None:
    """An empty file that its owner alone can read; SQLite gives its log the same mode. One that is there stays as it
    is, and is not opened: to close it again would take SQLite's locks away."""
    if path == MEMORY:
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


# --- copies ---------------------------------------------------------------------------------------


def copy_file(path: str, target: Path) -> None:
    """All of a history as of one moment, whoever writes meanwhile. `target` must not be there; it is whole, or it is
    not there. Raises ToolFailed."""
    part = target.with_name(f"{target.name}.part-{os.getpid()}")
    try:
        _make(str(part))
        with _telling(path, "copied"), closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
        os.link(part, target)
    except OSError as error:
        raise ToolFailed(f"the history {path} cannot be copied to {target}: {error.strerror}") from error
    finally:
        for left in (part, Path(f"{part}-wal"), Path(f"{part}-shm")):
            left.unlink(missing_ok=True)


def _copy_before(path: str, version: int) -> None:
    """What it was before a migration stays beside it."""
    copy = Path(f"{path}.version-{version}")
    if not copy.exists():
        copy_file(path, copy)


# --- what went wrong ------------------------------------------------------------------------------


@contextmanager
def _telling(path: str, done: str) -> Iterator[None]:
    """What SQLite says, as our failure: the cause, and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise ToolFailed(f"the history {path} cannot be {done}: {_cause(path, error)}") from error
    except OSError as error:
        raise ToolFailed(f"the history {path} cannot be {done}: {_cause_outside(path, error)}") from error


def _cause_outside(path: str, error: OSError) -> str:
    """Of what the system said before SQLite was asked."""
    match error.errno:
        case errno.ENOSPC:
            return _FULL
        case errno.EROFS:
            return _read_only(path)
        case _:
            return f"{error.strerror}; name another with --history"


def _cause(path: str, error: sqlite3.Error) -> str:
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{_holder(path)} is writing to it; try again when that has ended"
        case sqlite3.SQLITE_NOTADB:
            return "it is no history of FlowProbe; name another file with --history"
        case sqlite3.SQLITE_CORRUPT:
            return (f"it is damaged ({error}); move it away and begin anew, or put a copy in its place that `flowprobe "
                    "history backup` made")
        case sqlite3.SQLITE_FULL:
            return _FULL
        case sqlite3.SQLITE_READONLY:
            return _read_only(path)
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN if _has_no_room(path):
            return _FULL
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_CANTOPEN if _shut(path):
            return _read_only(path)
        case sqlite3.SQLITE_IOERR:
            return f"its disk does not take or give it ({error}): look at the disk, or name another file with --history"
        case _:
            return str(error)


def _read_only(path: str) -> str:
    return f"{_shut(path) or path} is read-only: let us write there, or name another file with --history"


def _shut(path: str) -> str:
    """The file or its folder, where we may not write to it; '' where we may. SQLite needs both."""
    places = (Path(path), Path(path).parent)
    return next((str(each) for each in places if each.exists() and not os.access(each, os.W_OK)), "")


def _has_no_room(path: str) -> bool:
    """SQLite calls it an I/O error where not even the index of its log has room."""
    with suppress(OSError):
        disk = os.statvfs(Path(path).parent)
        return disk.f_bavail * disk.f_frsize < _ROOM
    return False


def _holder(path: str) -> str:
    """Who writes, as far as Linux tells: elsewhere, and across containers, nobody does."""
    with suppress(OSError, ValueError, IndexError):
        inode = os.stat(f"{path}-shm").st_ino
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            _, _, _, how, process, place, first, last = line.split()[:8]
            if (how == "WRITE" and place.endswith(f":{inode}") and int(first) <= _WRITE_LOCK
                    and (last == "EOF" or int(last) >= _WRITE_LOCK)):
                return f"process {int(process)} ({_program(int(process))})"
    return "another process"


def _program(process: int) -> str:
    """Its name alone: arguments may say more than they should."""
    return Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="backslashreplace").strip()
