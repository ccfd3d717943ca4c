"""The tries of an exploration in its run's folder, a line each, as they are made: what was learned outlives whatever
ends it, and a later exploration goes on from there."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flowprobe.core.exploring.kept import Key, Known, from_row, to_row
from flowprobe.core.exploring.model import Learned, Try
from flowprobe.errors import InvalidInput, Problem, ToolFailed

__all__ = ["TRIES", "Head", "Tries", "earlier_tries", "refuse_other"]

TRIES = "tries.jsonl"
"""The name of the file in the folder of a run."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the tries of a file are about, its first line: what they taught holds for that alone. `scenario` is the
    absolute path of its file, and `content` a digest of what it says."""

    scenario: str
    content: str
    environment: str
    personas: Mapping[str, str]
    seed: int


class Tries:
    """Appends. Raises ToolFailed where nothing can be written."""

    def __init__(self, folder: Path, redact: Callable[[str], str], head: Head) -> None:
        self._path, self._redact = folder / TRIES, redact
        self._head: dict[str, Any] | None = asdict(head)

    def add(self, made: Try, found: Learned) -> None:
        rows = [*([self._head] if self._head else []), to_row(made, found)]
        lines = [self._redact(json.dumps(row, separators=(",", ":"))) + "\n" for row in rows]
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(lines)
        except OSError as error:
            raise ToolFailed(f"cannot write {self._path}: {error.strerror}") from error
        self._head = None


def earlier_tries(folder: Path) -> tuple[Head | None, Known]:
    """What an earlier exploration was about (None where nothing was tried in it), and what it learned; a torn last line
    is left out. Raises InvalidInput where the folder is that of none."""
    path = folder / TRIES
    lines = _lines(folder, path)
    if not lines:
        return None, {}
    try:
        head = Head(**json.loads(lines[0]))
    except (TypeError, ValueError) as error:
        if len(lines) == 1:
            return None, {}  # it was cut off while it was written
        raise _none_of_ours(path, 1) from error
    return head, _known(path, lines)


def refuse_other(head: Head | None, asked: Head, folder: Path) -> None:
    """Raises InvalidInput where what was learned in a folder is about something else than what is asked now."""
    if head is None or head == asked:
        return
    if head.scenario != asked.scenario:
        found = f"it is the exploration of {head.scenario}, not of {asked.scenario}"
        instead = "name one of the same scenario"
    elif head.environment != asked.environment:
        found = f"it is of the environment {head.environment!r}, not {asked.environment!r}"
        instead = f"add --env {head.environment}"
    elif dict(head.personas) != dict(asked.personas):
        who = " ".join(f"--persona {role}={name}" for role, name in head.personas.items())
        found, instead = "other personas acted in it", f"add {who}"
    elif head.content != asked.content:
        found = f"{asked.scenario} has changed since: what was learned may not hold any more"
        instead = "start anew, without --resume"
    else:
        found, instead = f"its seed was {head.seed}, not {asked.seed}", "leave --seed out"
    raise InvalidInput((Problem("other-exploration", str(folder), 0, 0, found, instead),))


def _lines(folder: Path, path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InvalidInput((Problem("no-exploration", str(folder), 0, 0,
                                    f"there is no exploration to go on with: {path}: {error.strerror}",
                                    "name the folder of a run that `flowprobe explore` made"),)) from error


def _none_of_ours(path: Path, line: int) -> InvalidInput:
    return InvalidInput((Problem("bad-exploration", str(path), line, 1, "this line is none of an exploration",
                                 "start anew, without --resume"),))


def _known(path: Path, lines: Sequence[str]) -> Known:
    """What came after the journey had stopped passing without any fault is left out: it is of a product that was not
    itself."""
    rows: list[tuple[Key, Learned]] = []
    firm = 0
    moved = False
    for number, line in enumerate(lines[1:], start=2):
        try:
            row = json.loads(line)
            rows.append(from_row(row))
        except (KeyError, TypeError, ValueError) as error:
            if number == len(lines):
                break  # it was cut off while it was written
            raise _none_of_ours(path, number) from error
        if row.get("phase") == "calibrate":
            moved = rows[-1][1].judged not in ("pass", "degraded")
            firm = firm if moved else len(rows)
    known: Known = {}
    for key, found in rows[:firm] if moved else rows:
        known.setdefault(key, []).append(found)
    return known
