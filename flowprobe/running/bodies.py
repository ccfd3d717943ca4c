"""What the calls of a run carried, read back from its journal: the evidence has no bodies of what went well."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from flowprobe.core.events import CallReplied, CallSent, from_json
from flowprobe.report.model import Carried

__all__ = ["Bodies", "carried_in"]

_EVENTS = (b'"event":"CallSent"', b'"event":"CallReplied"')
_HEAD = 160
"""The name of an event stands before this place of its line."""


class Bodies:
    """Knows where in the journal each trial begins, so that nothing else is read for it. What cannot be read is as
    absent as what was never written: a page without a body is better than none."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._starts: list[int] = []
        self._places: dict[str, int] = {}
        self._ends: dict[str, int] = {}

    def begin(self, trial: str) -> None:
        """What is written from now on may be of this trial."""
        self._places[trial] = len(self._starts)
        self._starts.append(self._written())

    def end(self, trial: str) -> None:
        """What is written from now on is not, though another one began meanwhile. Until the next one begins where
        nobody says so."""
        self._ends[trial] = self._written()

    def _written(self) -> int:
        try:
            return self._journal.stat().st_size
        except OSError:
            return 0

    def __call__(self, trial: str, calls: Collection[str]) -> Mapping[str, Carried]:
        """By the id of the call, of those that are asked for."""
        return _carried(self._lines(trial), calls) if calls else {}

    def _lines(self, trial: str) -> Iterator[bytes]:
        place = self._places.get(trial)
        if place is None:
            return
        end = self._ends.get(trial) or (self._starts[place + 1] if place + 1 < len(self._starts) else None)
        try:
            with self._journal.open("rb") as file:
                at = file.seek(self._starts[place])
                for line in file:
                    at += len(line)
                    if end is not None and at > end:
                        return
                    yield line
        except OSError:
            return


def carried_in(journal: Path, calls: Collection[str]) -> Mapping[str, Carried]:
    """The same, of the journal of another run."""
    try:
        with journal.open("rb") as lines:
            return _carried(lines, calls)
    except OSError:
        return {}


def _carried(lines: Iterable[bytes], calls: Collection[str]) -> Mapping[str, Carried]:
    sent: dict[str, CallSent] = {}
    replied: dict[str, CallReplied] = {}
    for line in lines:
        if not any(name in line[:_HEAD] for name in _EVENTS):
            continue
        match _event(line):
            case CallSent() as event if event.call in calls:
                sent[event.call] = event
            case CallReplied() as event if event.call in calls:
                replied[event.call] = event
            case _:
                pass
    return {call: Carried(event, replied.get(call)) for call, event in sent.items()}


def _event(line: bytes) -> object:
    """None for a line of which the redactor left no JSON."""
    try:
        return from_json(json.loads(line))
    except ValueError:
        return None
