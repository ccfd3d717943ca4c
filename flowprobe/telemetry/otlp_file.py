"""Spans and log lines from the files that the OpenTelemetry Collector's file exporter writes: JSON Lines, each line a
`TracesData` or a `LogsData` in the JSON of OTLP (https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/).

A file may be large, and grow while it is read: only its end is looked at, and a last line that is not whole is left
for the next time. Lines that do not name one of the traces are never parsed.
"""

from __future__ import annotations

import base64
import glob
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from flowprobe.core.telemetry import Telemetry
from flowprobe.telemetry.otlp import lines_of_json, spans_of_json
from flowprobe.telemetry.reading import MOST, Found

__all__ = ["END", "FILES", "OtlpFiles"]

END = 64 * 1024 * 1024
"""How many bytes are read at most, from the end of each file."""
FILES = 20
"""How many files are read at most: those that were written last."""


class OtlpFiles:
    """Reads the files that fit a pattern (`*`, `?`, `**`), which starts in `folder`."""

    def __init__(self, pattern: str, *, folder: Path) -> None:
        self.name = f"the OTLP files {pattern}"
        self._pattern, self._folder = pattern, folder

    def read(self, traces: Sequence[str]) -> Found:
        files = self._files()
        if not files:
            return Found((), f"no file is called {self._pattern} (from {self._folder}): see the `path` of the "
                             "collector's file exporter")
        wanted = {form: trace for trace in traces for form in _forms(trace)}
        said: list[Telemetry] = []
        for file in files:
            try:
                said += _said(file, wanted)
            except OSError as error:
                return Found(tuple(said), f"{file} cannot be read: {error.strerror}")
            except ValueError as error:
                return Found(tuple(said), f"{file} is not understood: {error}; see that the collector's file exporter "
                                          "writes `format: json`, without compression")
        return Found(tuple(said[: MOST * len(traces)]))

    def _files(self) -> list[Path]:
        """Of those that fit, the newest; what is no file, such as a pipe, would never end."""
        names = glob.iglob(self._pattern, root_dir=self._folder, recursive=True)
        found = [(path.stat().st_mtime, path) for name in names if (path := self._folder / name).is_file()]
        return [path for _, path in sorted(found, reverse=True)[:FILES]]


def _forms(trace: str) -> tuple[bytes, ...]:
    """How an id may stand in a line."""
    return trace.encode(), trace.upper().encode(), base64.b64encode(bytes.fromhex(trace))


def _said(file: Path, wanted: dict[bytes, str]) -> Iterator[Telemetry]:
    """Raises OSError, and ValueError for a line that names a trace and is no OTLP."""
    traces = set(wanted.values())
    for line in _lines(file):
        if any(form in line for form in wanted):
            try:
                data = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise ValueError("a line of it is no JSON") from error
            found: tuple[Telemetry, ...] = (*spans_of_json(data), *lines_of_json(data))
            yield from (each for each in found if each.trace in traces)


def _lines(path: Path) -> Iterator[bytes]:
    """The whole lines at the end of a file."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > END:
            file.seek(size - END)
            file.readline()  # the rest of a line
        left = END
        while left > 0 and (line := file.readline(left)).endswith(b"\n"):
            left -= len(line)
            yield line
