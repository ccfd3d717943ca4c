"""What was told of the trials of a run, kept on disk until the run ends: memory must not grow with its steps.

The file has no name, so that nobody reads half of it and nothing is left of it after a crash. A disk that is full is no
reason to lose a result: what cannot be written stays in memory.
"""

from __future__ import annotations

import json
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

from flowprobe.errors import ToolFailed
from flowprobe.report.model import Told

__all__ = ["Spool"]


class Spool:
    """In the order in which it was added, as often as it is gone through. Each text is redacted with what is known
    when it is added; who writes it somewhere does that once more, with what was learned since."""

    def __init__(self, folder: Path, redact: Callable[[str], str]) -> None:
        self._folder, self._redact = folder, redact
        self._file = -1
        self._end = 0
        self._records: list[tuple[int, int] | bytes] = []

    def add(self, told: Told) -> None:
        problem = json.dumps([self._redact(text) for text in told.problem])
        lines = (problem, *map(self._redact, told.result))
        self._records.append(self._written("\n".join(lines).encode("utf-8", "surrogatepass")))

    def __iter__(self) -> Iterator[Told]:
        """Raises ToolFailed where the disk does not give back what was written."""
        for record in self._records:
            data = record if isinstance(record, bytes) else self._read(*record)
            problem, *result = data.decode("utf-8", "surrogatepass").split("\n")
            message, text = json.loads(problem)
            yield Told(tuple(result), (message, text))

    def _written(self, record: bytes) -> tuple[int, int] | bytes:
        """The length and the place of a record on disk, or itself where there is no room for it."""
        try:
            if self._file < 0:
                self._file = self._opened()
            done = 0
            while done < len(record):
                done += os.pwrite(self._file, record[done:], self._end + done)
        except OSError:
            return record
        place = len(record), self._end
        self._end += len(record)
        return place

    def _opened(self) -> int:
        with tempfile.TemporaryFile(dir=self._folder, buffering=0) as file:
            number = os.dup(file.fileno())
        weakref.finalize(self, os.close, number)
        return number

    def _read(self, length: int, place: int) -> bytes:
        try:
            data = os.pread(self._file, length, place)
        except OSError as error:
            raise ToolFailed(f"cannot read back what was noted for the reports: {error.strerror}") from error
        if len(data) < length:
            raise ToolFailed("what was noted for the reports is gone from the disk")
        return data
