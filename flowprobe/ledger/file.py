"""The cleanup ledger: one append-only file for each writer, durable before the call that makes something leaves.

A line is the JSON of an event: `LedgerOpened` first, then `CleanupPlanned`, `CleanupSettled`, `CleanupEnded`. A torn
last line is a write that a crash interrupted: its call was never sent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
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

__all__ = ["LEDGER_EVENTS", "Ledger", "read_ledger"]

LEDGER_EVENTS = (CleanupPlanned, CleanupSettled, CleanupEnded)


class Ledger:
    """Appends rows and makes each durable. The file is made with the first row, readable by its owner alone; `head`
    then stands before it."""

    def __init__(self, path: Path, head: LedgerOpened | None = None) -> None:
        self._path = path
        self._head = head
        self._file: int | None = None

    def append(self, event: CleanupPlanned | CleanupSettled | CleanupEnded) -> None:
        """Returns when the row is on disk. Raises ToolFailed."""
        rows: tuple[Event, ...] = (event,)
        try:
            if self._file is None:
                rows = (self._head, event) if self._head is not None else rows
                self._file = self._open()
            data = b"".join(_line(row) for row in rows)
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError as error:
            raise ToolFailed(f"cannot write the cleanup ledger {self._path}: {error.strerror}") from error

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the name has to survive as well as the row
        finally:
            os.close(folder)
        return file

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _line(event: Event) -> bytes:
    return (json.dumps(to_json(event), ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def read_ledger(path: Path) -> Iterator[Event]:
    """The rows of a ledger, in order."""
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n")[:-1]:
        event = from_json(json.loads(line))
        if event is not None:
            yield event
