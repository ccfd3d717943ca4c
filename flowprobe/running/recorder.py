"""One place where the runner's events go: the ledger first where it must be durable, then the journal, then
whoever watches. Nothing passes it unredacted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from flowprobe.core.events import Event, Stamped
from flowprobe.journal.writer import JournalWriter
from flowprobe.ledger.file import LEDGER_EVENTS, Ledger

__all__ = ["Recorder"]


@dataclass(slots=True)
class Recorder:
    """`lines` are the events of the trial that is being walked, as they were stamped."""

    journal: JournalWriter
    ledger: Ledger
    watch: Callable[[Event], None]
    lines: list[Stamped] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        if isinstance(event, LEDGER_EVENTS):
            self.ledger.append(event)
        self.lines.append(self.journal.stamp(event))
        self.watch(event)

    def take(self) -> tuple[Stamped, ...]:
        """The lines since the last time."""
        lines, self.lines = tuple(self.lines), []
        return lines

    def close(self) -> None:
        self.ledger.close()
        self.journal.close()
