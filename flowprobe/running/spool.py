"""What was told of the trials of a run, kept on disk until the run ends: memory must not grow with its steps.

The file has no name, so that nobody reads half of it and nothing is left of it after a crash. A disk that is full is no
reason to lose a result: what cannot be written stays in memory.
"""

from __future__ import annotations

import json
import os
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from flowprobe.core.redact import redacted
from flowprobe.core.times import Spent, Times
from flowprobe.errors import ToolFailed
from flowprobe.report.model import Told

__all__ = ["Spool"]

_ERRORS = "surrogatepass"
_PIECE = 1 << 16
"""So many bytes are written and read at once."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Where lines are: on disk from `start` to `end`, and in memory those for which there was no room."""

    start: int
    end: int
    rest: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Record:
    """What was told of a trial: its problem and its times, then its result; and its part of the page."""

    result: _Stretch
    page: _Stretch


class Spool:
    """In the order in which it was added, as often as it is gone through. Each text is redacted with what is known
    when it is added; who writes it somewhere does that once more, with what was learned since."""

    def __init__(self, folder: Path, redact: Callable[[str], str]) -> None:
        self._folder, self._redact = folder, redact
        self._file = -1
        self._end = 0
        self._records: list[_Record] = []

    def add(self, told: Told) -> None:
        head = [*(self._redact(text) for text in (*told.problem, told.place)),
                self._rows(told.times.steps), self._rows(told.times.providers)]
        result = self._kept(chain((json.dumps(head),), redacted(self._redact, told.result)))
        self._records.append(_Record(result, self._kept(redacted(self._redact, told.page))))

    def _rows(self, spents: Sequence[Spent]) -> list[tuple[str, float, float]]:
        names = redacted(self._redact, (spent.name for spent in spents))
        return [(name, spent.seconds, spent.injected_s) for name, spent in zip(names, spents, strict=True)]

    def _kept(self, lines: Iterable[str]) -> _Stretch:
        start = self._end
        rest: list[bytes] = []
        for piece in _pieces(lines):
            if rest or not self._write(piece):
                rest.append(piece)
        return _Stretch(start, self._end, tuple(rest))

    def __iter__(self) -> Iterator[Told]:
        """Raises ToolFailed, also from a result or a page, where the disk does not give back what was written."""
        for record in self._records:
            lines = self._lines(record.result)
            message, text, place, steps, providers = json.loads(next(lines))
            yield Told(lines, (message, text), place, self._lines(record.page),
                       Times(_spents(steps), _spents(providers)))

    def _lines(self, stretch: _Stretch) -> Iterator[str]:
        begun = b""
        for piece in chain(self._read(stretch.start, stretch.end), stretch.rest):
            *whole, begun = (begun + piece).split(b"\n")
            yield from (line.decode("utf-8", _ERRORS) for line in whole)

    def _write(self, piece: bytes) -> bool:
        """Whether there was room for it."""
        done = 0
        try:
            if self._file < 0:
                self._file = self._opened()
            while done < len(piece):
                done += os.pwrite(self._file, piece[done:], self._end + done)
        except OSError:
            return False
        self._end += len(piece)
        return True

    def _opened(self) -> int:
        with tempfile.TemporaryFile(dir=self._folder, buffering=0) as file:
            number = os.dup(file.fileno())
        weakref.finalize(self, os.close, number)
        return number

    def _read(self, start: int, end: int) -> Iterator[bytes]:
        while start < end:
            try:
                piece = os.pread(self._file, min(_PIECE, end - start), start)
            except OSError as error:
                raise ToolFailed(f"cannot read back what was noted for the reports: {error.strerror}") from error
            if not piece:
                raise ToolFailed("what was noted for the reports is gone from the disk")
            yield piece
            start += len(piece)


def _spents(rows: Iterable[tuple[str, float, float]]) -> tuple[Spent, ...]:
    return tuple(Spent(*row) for row in rows)


def _pieces(lines: Iterable[str]) -> Iterator[bytes]:
    """Lines, each with its end, as bytes: as many at once as are written at once."""
    piece = bytearray()
    for line in lines:
        piece += line.encode("utf-8", _ERRORS) + b"\n"
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)
