"""One place where the runner's events go: the ledger first where it must be durable, then the journal, then
whoever watches. Nothing passes it unredacted.

It does not raise: a disk that is full must not keep cleanup from running. What could not be written is said in
`broken`, the walk stops before its next call, and nothing of the run is called a pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flowprobe.core.events import Event, Stamped, without_body
from flowprobe.errors import ToolFailed
from flowprobe.journal.writer import JournalWriter
from flowprobe.ledger.file import LEDGER_EVENTS, Ledger

__all__ = ["Recorder"]

_Written = TypeVar("_Written")


@dataclass(slots=True)
class Recorder:
    """`lines` are the events since they were last taken, as they were stamped, without the bodies of what went well."""

    journal: JournalWriter
    ledger: Ledger
    watch: Callable[[Event], None]
    lines: list[Stamped] = field(default_factory=list)
    broken: str = ""
    _mono: float = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, LEDGER_EVENTS):
            self._attempt(self.ledger.append, event)
        stamped = self._attempt(self.journal.stamp, event)
        self.lines.append(self._kept(event, stamped))
        self.watch(event)

    def _attempt(self, write: Callable[[Any], _Written], event: Event) -> _Written | None:
        try:
            return write(event)
        except ToolFailed as failed:
            self.broken = self.broken or str(failed)
            return None

    def _kept(self, event: Event, stamped: Stamped | None) -> Stamped:
        """What cleanup and the verdict are made of: also of a line that could not be written, and without what only
        the journal needs: bodies, its number, its wall clock."""
        self._mono = stamped.mono if stamped else self._mono
        return Stamped("runner", 0, self._mono, 0.0, without_body(event))

    def take(self) -> tuple[Stamped, ...]:
        """The lines since the last time."""
        lines, self.lines = tuple(self.lines), []
        return lines

    def close(self) -> None:
        self.ledger.close()
        self.journal.close()
