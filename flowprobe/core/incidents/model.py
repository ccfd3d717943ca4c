"""What was recorded of a provider, and what is made of it: values without a file or a clock.

Instants are seconds since the epoch, durations are seconds; what is inside an incident counts from its beginning.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from flowprobe.core.plain import Plain, plain

__all__ = ["NO_REPLY", "Errors", "Incident", "Operation", "OperationFit", "Points", "Recording", "Segment", "Window",
           "is_error"]

NO_REPLY = ("refused", "reset", "closed", "hang", "tls")
"""What a call came to that had no reply; every other outcome is a status."""
Points: TypeAlias = tuple[tuple[float, float], ...]
"""Quantiles: (percent, seconds), both rising."""


@plain
class Window(Plain):
    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


@plain
class Operation(Plain):
    """Calls that are one to the provider: `POST /v1/charges/*`. An empty `method` and `path` are all of its calls."""

    provider: str
    method: str = ""
    path: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.provider, self.method, self.path)))


@dataclass(slots=True)
class Recording:
    """The calls of one operation, in columns: a million of them are 17 MB. `outcomes` are indexes of `names`, each a
    status (`"503"`) or one of `NO_REPLY`."""

    operation: Operation
    at: array[float] = field(default_factory=lambda: array("d"))
    seconds: array[float] = field(default_factory=lambda: array("d"))
    outcomes: array[int] = field(default_factory=lambda: array("H"))
    names: list[str] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)

    def add(self, at: float, seconds: float, outcome: str) -> None:
        number = self._known.get(outcome)
        if number is None:
            number = self._known[outcome] = len(self.names)
            self.names.append(outcome)
        self.at.append(at)
        self.seconds.append(seconds)
        self.outcomes.append(number)

    def __len__(self) -> int:
        return len(self.at)

    def within(self, window: Window) -> Iterator[tuple[float, float, str]]:
        """(at, seconds, outcome) of the calls that began in it."""
        for at, seconds, outcome in zip(self.at, self.seconds, self.outcomes, strict=True):
            if window.begin <= at < window.end:
                yield at, seconds, self.names[outcome]


def is_error(outcome: str) -> bool:
    """What is put down to the provider: no reply, a status from 500 on, or that there were too many calls. Any other
    status is an answer, and the product asked for it."""
    return outcome in NO_REPLY or outcome == "429" or (outcome.isdigit() and int(outcome) >= 500)


@plain
class Errors(Plain):
    """Calls that came to the same error: `rate` of all calls of the segment, and how long they took."""

    outcome: str
    calls: int
    rate: float
    points: Points


@plain
class Segment(Plain):
    """A time in which the operation did the same. `points` are the quantiles of the calls that were answered, none
    where there was none; `sticky` is how likely a call came out as the one before did, beyond what chance makes of
    it."""

    begin: float
    end: float
    calls: int
    points: Points
    least: float
    most: float
    errors: tuple[Errors, ...] = ()
    sticky: float = 0.0


Mode: TypeAlias = Literal["add", "at-least"]


@plain
class OperationFit(Plain):
    """`healthy` are the quantiles of an ordinary time, where there is one: what is injected is what came on top
    (`add`); without it a call takes at least as long as it did (`at-least`)."""

    operation: Operation
    segments: tuple[Segment, ...]
    healthy: Points = ()

    @property
    def mode(self) -> Mode:
        return "add" if self.healthy else "at-least"


@plain
class Incident(Plain):
    """`width` is that of the windows in which change was looked for."""

    name: str
    window: Window
    width: float
    fits: tuple[OperationFit, ...]
    sources: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
