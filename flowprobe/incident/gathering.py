"""Where the readers put what they find: calls by operation, what was passed over and why, and the first mistakes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from flowprobe.core.incidents.operations import Operations
from flowprobe.errors import InvalidInput, Problem
from flowprobe.incident.options import Counts, Options, Read
from flowprobe.incident.text import mistake, refused

__all__ = ["CUT_SHORT", "SHOWN", "UNREADABLE", "Gathering"]

SHOWN = 5
"""So many wrong lines of a file are told, and how many others there are."""
CUT_SHORT = "a last line that was cut short"
UNREADABLE = "not understood"


class Gathering:
    """Of all sources of one reading. A reader calls `begin`, then `line`, `call`, `skip` and `wrong`, then `end`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._operations = Operations(options.providers, otherwise=options.provider)
        self._skipped: Counter[str] = Counter()
        self._notes: Counter[str] = Counter()
        self._lines = self._calls = self._wrong = 0
        self._earliest, self._latest = math.inf, -math.inf
        self._problems: list[Problem] = []
        self.file = ""
        self._before = 0

    def begin(self, file: Path) -> None:
        self.file, self._wrong, self._problems, self._before = str(file), 0, [], self._calls + self._passed()

    def lines(self, count: int) -> None:
        self._lines += count

    def call(self, at: float, seconds: float, outcome: str, host: str, method: str, target: str) -> None:
        """One call of a provider; ValueError where nothing says of which."""
        self._operations.recording(host, method, target).add(at, seconds, outcome)
        self._calls += 1
        if at < self._earliest:
            self._earliest = at
        if at > self._latest:
            self._latest = at

    def skip(self, why: str) -> None:
        self._skipped[why] += 1

    def note(self, what: str, calls: int) -> None:
        """Of so many calls something is told that the source does not say."""
        if what and calls:
            self._notes[what] += calls

    def wrong(self, line: int, column: int, said: str) -> None:
        """A line that is not understood: what is wrong, and after a semicolon what to do."""
        if self.options.skip_wrong:
            self.skip(UNREADABLE)
            return
        self._wrong += 1
        if len(self._problems) < SHOWN:
            found, _, instead = said.partition("; ")
            instead = instead or "mend it, or write --skip-wrong to go on without such lines"
            self._problems.append(mistake(self.file, found, instead, line=line, column=column))

    def end(self) -> None:
        """Of a file. Raises InvalidInput with its first wrong lines, or where it holds nothing at all."""
        if self._wrong > len(self._problems):
            more = self._wrong - len(self._problems)
            self._problems.append(mistake(self.file, f"{more} more of its lines are not understood",
                                          "mend them, or write --skip-wrong to go on without them"))
        if self._problems:
            raise InvalidInput(tuple(self._problems))
        if self._calls + self._passed() == self._before:
            raise refused(self.file, "there is no call in it", "name a file with the calls of the incident")

    def read(self, kinds: tuple[tuple[str, str], ...]) -> Read:
        """Raises InvalidInput where no source holds a call."""
        if not self._calls:
            raise refused(", ".join(file for file, _ in kinds),
                          f"there is no call of a provider in it: {_told(self._skipped)}",
                          "name a source that has the calls which the product made")
        counts = Counts(self._lines, self._calls, dict(self._skipped), dict(self._notes))
        return Read(self._operations.recordings(), counts, kinds, self._earliest, self._latest)

    def _passed(self) -> int:
        return self._skipped.total()


def _told(skipped: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {why}" for why, count in skipped.items()) or "it is empty"
