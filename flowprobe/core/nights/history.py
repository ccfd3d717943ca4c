"""What a history is to those who judge nights: a few questions and a few facts to keep. Which store it is, they never
know."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from flowprobe.core.nights.model import Alert, Attempt, Counted, Mark, Night, Sample, Series, Shape

__all__ = ["History"]


class History(Protocol):
    """One writer at a time for an environment. Each method is one transaction: what it was given is there whole or not
    at all, also after a crash. Raises ToolFailed where the store cannot be reached or read."""

    def keep_night(self, night: Night) -> None:
        """Add a night, or put it in the place of the one with its environment and name."""

    def keep_attempts(self, environment: str, night: str, attempts: Sequence[Attempt]) -> None:
        """Add attempts; one with the same journey and number is replaced."""

    def keep_measured(self, environment: str, night: str, *, samples: Sequence[Sample], counted: Sequence[Counted],
                      shapes: Sequence[Shape]) -> None:
        """What was measured in a night, in place of what was kept of it before."""

    def keep_alerts(self, alerts: Sequence[Alert]) -> None:
        """Add alerts, or put them in the place of those with their environment, key and `opened`."""

    def keep_mark(self, mark: Mark) -> None: ...

    def environments(self) -> tuple[str, ...]: ...

    def night(self, environment: str, name: str) -> Night | None: ...

    def nights(self, environment: str, *, last: int | None = None) -> tuple[Night, ...]:
        """The newest `last` of them, oldest first."""

    def attempts(self, environment: str, *, nights: Sequence[str]) -> dict[str, tuple[Attempt, ...]]:
        """By the night's name; in the order in which they were made."""

    def samples(self, environment: str, *, last: int) -> dict[Series, tuple[tuple[str, tuple[float, ...]], ...]]:
        """Of the newest `last` nights that ended: for each series its (night, seconds), oldest first."""

    def counted(self, environment: str, *, last: int) -> tuple[tuple[str, Counted], ...]:
        """(night, count), oldest first."""

    def shapes(self, environment: str, *, last: int) -> tuple[tuple[str, Shape], ...]:
        """(night, shape), oldest first."""

    def alerts(self, environment: str, *, open_only: bool = False, last: int | None = None) -> tuple[Alert, ...]:
        """In the order in which they were opened."""

    def marks(self, environment: str) -> tuple[Mark, ...]:
        """In the order in which they were made."""

    def prune(self, environment: str, *, keep: int) -> int:
        """Forget all nights but the newest `keep`, and what was measured in them; returns how many went. Open alerts
        and marks stay."""

    def lines(self, environment: str | None = None) -> Iterator[str]:
        """All of it as JSON lines, each with its `kind`: for other tools."""

    def close(self) -> None: ...
