"""What a product said of itself during a run: in a file of the run's folder, as OTLP in lines of JSON.

Memory knows only where in the file the lines of each trial are. What bears no trace id of a call of the run is counted
and dropped, and so is what there is no room for. Every text is redacted before it is written.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import weakref
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from flowprobe.core.redact import cut_short
from flowprobe.core.telemetry import LogLine, Span, Telemetry, by_call
from flowprobe.core.tracing import parse_call_id, span_id
from flowprobe.telemetry.otlp import lines_of_json, request_of, spans_of_json

__all__ = ["MOST_OF_A_CALL", "Heard", "said_in"]

MOST_OF_A_CALL = 1_000
"""So many spans and log lines of one call are kept."""
_MOST = 100_000
_LONGEST = 8_000
_ATTRIBUTES = 100


class Heard:
    """The one writer of `path`; thread-safe. Nothing here raises: a disk that is full is no reason to lose a run."""

    def __init__(self, path: Path, redact: Callable[[str], str], *,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._redact, self._clock = path, redact, clock
        self._lock = threading.Lock()
        self._trials: set[str] = set()
        self._places: dict[str, array[int]] = {}
        self._of_calls: Counter[str] = Counter()
        self._whole: set[str] = set()
        self._file, self._end = -1, 0
        self.kept = self.strange = self.dropped = 0
        self.last = clock()

    def expect(self, trial: str) -> None:
        """What bears a trace id of this trial is kept from now on."""
        self._trials.add(trial)

    def take(self, said: Iterable[Telemetry]) -> None:
        """Keep what is of a call of the run; `strange` counts what is not, `dropped` what there was no room for."""
        with self._lock:
            for each in said:
                call = parse_call_id(each.trace)
                if call is None or call.trial not in self._trials:
                    self.strange += 1
                elif self._has_room(each.trace) and self._write(call.trial, self._line(each)):
                    self._note(each)
                else:
                    self.dropped += 1

    def is_whole(self, calls: Iterable[str]) -> bool:
        """Whether the work that the product began for each of these calls has been told: it ends last."""
        return self._whole.issuperset(calls)

    def of(self, trial: str) -> dict[str, tuple[Telemetry, ...]]:
        """What was said under each call of a trial."""
        with self._lock:
            places = self._places.get(trial, array("Q"))
            lines = [self._read(start, size) for start, size in zip(places[::2], places[1::2], strict=True)]
        return by_call(each for line in lines for each in _parsed(line))

    def seal(self) -> None:
        """Take out of the file what was learned to be a secret since it was written: such a line is blanked where it
        stands, and written anew at the end."""
        with self._lock:
            for trial, places in list(self._places.items()):
                for start, size in zip(places[::2], places[1::2], strict=True):
                    line = self._read(start, size)
                    fresh = self._redacted(line.decode("utf-8", "replace").removesuffix("\n"))
                    if fresh != line:
                        self._blank(start, size)
                        self._write(trial, fresh)

    def _blank(self, start: int, size: int) -> None:
        with contextlib.suppress(OSError):
            os.pwrite(self._file, b" " * (size - 1), start)

    def _has_room(self, call: str) -> bool:
        return self.kept < _MOST and self._of_calls[call] < MOST_OF_A_CALL

    def _note(self, said: Telemetry) -> None:
        self.kept += 1
        self._of_calls[said.trace] += 1
        self.last = self._clock()
        if isinstance(said, Span) and said.parent == span_id(said.trace):
            self._whole.add(said.trace)

    def _line(self, said: Telemetry) -> bytes:
        return self._redacted(json.dumps(request_of(self._bounded(said)), ensure_ascii=False, separators=(",", ":")))

    def _redacted(self, text: str) -> bytes:
        return (self._redact(text) + "\n").encode("utf-8", "backslashreplace")

    def _bounded(self, said: Telemetry) -> Telemetry:
        """With texts that are not too long, and redacted before they are cut: half a secret is not found any more."""
        if isinstance(said, LogLine):
            return replace(said, severity=self._cut(said.severity), service=self._cut(said.service),
                           text=self._cut(said.text))
        attributes = tuple((self._cut(key), self._cut(value)) for key, value in said.attributes[:_ATTRIBUTES])
        return replace(said, name=self._cut(said.name), service=self._cut(said.service), said=self._cut(said.said),
                       attributes=attributes)

    def _cut(self, text: str) -> str:
        return cut_short(self._redact(text), _LONGEST)

    def _write(self, trial: str, line: bytes) -> bool:
        try:
            if self._file < 0:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
                weakref.finalize(self, os.close, self._file)
            done = 0
            while done < len(line):
                done += os.pwrite(self._file, line[done:], self._end + done)
        except OSError:
            return False
        self._places.setdefault(trial, array("Q")).extend((self._end, len(line)))
        self._end += len(line)
        return True

    def _read(self, start: int, size: int) -> bytes:
        try:
            return os.pread(self._file, size, start)
        except OSError:
            return b""


def said_in(folder: Path, trial: str) -> dict[str, tuple[Telemetry, ...]]:
    """What the folder of a run holds of what the product said under the calls of a trial: its files `*.jsonl`. A line
    that cannot be read is passed over."""
    return by_call(each for path in sorted(folder.glob("*.jsonl")) for each in _of_trial(path, trial))


def _of_trial(path: Path, trial: str) -> Iterator[Telemetry]:
    wanted = trial.encode()
    try:
        with path.open("rb") as file:
            found = [line for line in file if wanted in line]
    except OSError:
        return
    for line in found:
        for said in _parsed(line):
            call = parse_call_id(said.trace)
            if call is not None and call.trial == trial:
                yield said


def _parsed(line: bytes) -> tuple[Telemetry, ...]:
    try:
        data = json.loads(line)
        return (*spans_of_json(data), *lines_of_json(data))
    except (ValueError, RecursionError):
        return ()
