"""What an environment says of its nights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from flowprobe.core.nights.cost import Price
from flowprobe.core.plain import Plain, plain

if TYPE_CHECKING:
    from flowprobe.core.steps import CallTemplate
    from flowprobe.core.values import Position

__all__ = ["Attempting", "Nightly"]


@plain
class Attempting(Plain):
    """How a journey that failed is made again in the same night: `most` times in all, spread over `over` seconds from
    its first failure on. What fails each time is down; what passes once has recovered."""

    most: int = 3
    over: float = 900.0

    def due(self, failed_at: float, number: int) -> float:
        """When attempt `number` is due, which is at least the second, of what failed at an instant: soon at first, and
        then further and further apart. Of three the second is due after a third of the time."""
        part: float = ((number - 1) / (self.most - 1)) ** math.log2(3)
        return failed_at + self.over * part


@plain
class Nightly(Plain):
    """`scenarios` are paths from the folder of the file, empty for that folder; `samples` is how often each journey is
    made without faults; `controls` are calls whose latency is measured beside the journeys; `history` is the place of
    the history, empty for the usual one; of older nights than the newest `keep` nothing is remembered (None: of all);
    `by` is when a night has to be over, in minutes of the day; `whoami` is the path, at the first target, of a GET that
    is answered to whoever has signed in; `prices` are what its calls would cost elsewhere; `pages` is the URL under
    which the folder of runs is published, empty where it is not."""

    position: Position | None = None
    scenarios: tuple[str, ...] = ()
    samples: int = 20
    attempts: Attempting = field(default_factory=Attempting)
    controls: Mapping[str, CallTemplate] = field(default_factory=dict)
    history: str = ""
    keep: int | None = None
    by: int | None = None
    whoami: str = ""
    prices: tuple[Price, ...] = ()
    pages: str = ""

    def page(self, run: str, path: str) -> str:
        """Where people find the page of a run, by the name of its folder: `path` where nothing is published."""
        return f"{self.pages.rstrip('/')}/{run}/report.html" if self.pages else path
