"""Append events to one stream: one file for each process, one line for each event.

A line leaves with one write and no buffer of ours, so that a crash loses at most the line in the making. The file is
locked for as long as its writer lives: whoever reads it knows by that whether more is to come.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flowprobe.core.events import SCHEMA_VERSION, Event, Stamped, members
from flowprobe.errors import ToolFailed

__all__ = ["JournalWriter"]

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":"), default=members).encode


class JournalWriter:
    """The only writer of one file. Thread-safe; numbers count from 1. `redact` is given each whole line, and
    `overhear` what was written of it."""

    def __init__(
        self,
        path: Path,
        writer: str,
        *,
        mono: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        redact: Callable[[str], str] | None = None,
        overhear: Callable[[str], None] | None = None,
    ) -> None:
        self.path = path
        self.number = 0
        self._writer = writer
        self._head = _encode({"v": SCHEMA_VERSION, "w": writer})[:-1]
        self._mono, self._wall = mono, wall
        self._redact, self._overhear = redact, overhear
        self._lock = threading.Lock()
        self._fd = self._create()

    def _create(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise ToolFailed(
                f"cannot start the journal {self.path}: {error.strerror}; each run needs a folder of its own"
            ) from error
        with contextlib.suppress(OSError):  # a file system without locks keeps nobody from writing
            fcntl.flock(file, fcntl.LOCK_EX)
        return file

    def append(self, event: Event) -> int:
        """Write one event, and return its number."""
        return self.stamp(event).number

    def stamp(self, event: Event) -> Stamped:
        """Write one event, and return it as it stands in the stream (not redacted: keep it in memory)."""
        with self._lock:
            number, mono, wall = self.number + 1, self._mono(), self._wall()
            parts = _encode({"event": type(event).__name__, **members(event)})
            line = f'{self._head},"n":{number},"mono":{mono!r},"wall":{wall!r},{parts[1:]}'
            text = line if self._redact is None else self._redact(line)
            self._write(text.encode("utf-8", "backslashreplace") + b"\n")
            self.number = number
            if self._overhear is not None:
                self._overhear(text)
            return Stamped(self._writer, number, mono, wall, event)

    def _write(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            raise ToolFailed(f"cannot write the journal {self.path}: {error.strerror}") from error

    def close(self) -> None:
        """End the stream; closing twice is harmless."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1

    def __enter__(self) -> JournalWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
