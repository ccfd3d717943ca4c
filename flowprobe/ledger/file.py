"""The cleanup ledger: one append-only file for each writer, durable before the call that makes something leaves.

A line is the JSON of an event: `LedgerOpened` first, then `CleanupPlanned`, `CleanupSettled`, `CleanupEnded`. A torn
last line is a write that a crash interrupted: the call that waited for it was never sent. While a run lives it holds a
lock on its file; what cleans up after runs holds it while it does.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flowprobe.core.events import (
    CleanupEnded,
    CleanupPlanned,
    CleanupSettled,
    Event,
    LedgerOpened,
    from_json,
    to_json,
)
from flowprobe.errors import ToolFailed

__all__ = ["LEDGER_EVENTS", "Ledger", "Pages", "in_use", "read_ledger"]

LEDGER_EVENTS = (CleanupPlanned, CleanupSettled, CleanupEnded)


class Ledger:
    """Appends rows and makes each durable. The file is made with the first row, readable by its owner alone; `head`
    then stands before it. Its lock goes with the process, however that ends."""

    def __init__(self, path: Path, head: LedgerOpened | None = None) -> None:
        self._path = path
        self._head = head
        self._file: int | None = None
        self._whole = 0

    def append(self, event: CleanupPlanned | CleanupSettled | CleanupEnded) -> None:
        """Returns when the row is on disk. Raises ToolFailed; then nothing of the row is left in the file."""
        rows: tuple[Event, ...] = (event,) if self._head is None or self._whole else (self._head, event)
        data = b"".join(_line(row) for row in rows)
        try:
            if self._file is None:
                self._file = self._open()
            self._write(self._file, data)
        except OSError as error:
            raise ToolFailed(f"cannot write the cleanup ledger {self._path}: {error.strerror}") from error
        self._whole += len(data)

    def _write(self, file: int, data: bytes) -> None:
        """All of it or nothing: a disk that was full for a moment must not leave half a row between two others."""
        try:
            while data:
                data = data[os.write(file, data) :]
            os.fsync(file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(file, self._whole)
            raise

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _lock(file, fcntl.LOCK_EX)
            self._whole = os.fstat(file).st_size
            _sync_folder(self._path.parent)
        except OSError:
            os.close(file)
            raise
        return file

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _sync_folder(path: Path) -> None:
    """The name of a new file has to survive as well as its rows."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _line(event: Event) -> bytes:
    return (json.dumps(to_json(event), ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def _lock(file: int, how: int) -> bool:
    """Whether the lock could be had; a file system that has none does not keep anybody from anything."""
    try:
        fcntl.flock(file, how)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


@contextmanager
def in_use(path: Path) -> Iterator[bool]:
    """Whether another process has this ledger open; where none has, none can while this lasts."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        yield not _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(file)


@dataclass(frozen=True, slots=True)
class Pages:
    """What a ledger says, in order. `damaged` are the numbers of the lines (from 1) that nobody can read any more."""

    events: tuple[Event, ...] = ()
    damaged: tuple[int, ...] = ()


def read_ledger(path: Path) -> Pages:
    """Everything that can be read. The last line may be torn: then it says nothing, and nothing was done after it."""
    events, damaged = [], []
    *whole, last = path.read_bytes().split(b"\n") if path.exists() else [b""]
    for number, line in enumerate((*whole, last), start=1):
        event, sound = _event(line)
        if event is not None:
            events.append(event)
        elif not sound and number <= len(whole):
            damaged.append(number)
    return Pages(tuple(events), tuple(damaged))


def _event(line: bytes) -> tuple[Event | None, bool]:
    """The event of a line, if this version knows it; and whether the line can be read at all."""
    try:
        data = json.loads(line)
        return (from_json(data), True) if isinstance(data, dict) else (None, False)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, False
