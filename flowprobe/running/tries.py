"""The tries of an exploration in its run's folder, a line each, as they are made: what was learned outlives whatever
ends it, and a later exploration goes on from there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from flowprobe.core.exploring.kept import Known, from_row, to_row
from flowprobe.core.exploring.model import Learned, Try
from flowprobe.errors import InvalidInput, Problem, ToolFailed

__all__ = ["TRIES", "Tries", "earlier_tries"]

TRIES = "tries.jsonl"
"""The name of the file in the folder of a run."""


class Tries:
    """Appends. Raises ToolFailed where nothing can be written."""

    def __init__(self, folder: Path, redact: Callable[[str], str]) -> None:
        self._path, self._redact = folder / TRIES, redact

    def add(self, made: Try, found: Learned) -> None:
        line = self._redact(json.dumps(to_row(made, found), separators=(",", ":")))
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as error:
            raise ToolFailed(f"cannot write {self._path}: {error.strerror}") from error


def earlier_tries(folder: Path) -> Known:
    """What an earlier exploration learned; a torn last line is left out. Raises InvalidInput where the folder is that
    of none."""
    path = folder / TRIES
    known: Known = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InvalidInput((Problem("no-exploration", str(folder), 0, 0,
                                    f"there is no exploration to go on with: {path}: {error.strerror}",
                                    "name the folder of a run that `flowprobe explore` made"),)) from error
    for number, line in enumerate(lines, start=1):
        try:
            key, found = from_row(json.loads(line))
        except (KeyError, TypeError, ValueError) as error:
            if number == len(lines):
                break  # it was cut off while it was written
            raise InvalidInput((Problem("bad-exploration", str(path), number, 1, "this line is none of an exploration",
                                        "start anew, without --resume"),)) from error
        known.setdefault(key, []).append(found)
    return known
