"""What a night means beside those before it: trends, rates, flakes, and the alerts that follow from them."""

from __future__ import annotations

from collections.abc import Sequence

from flowprobe.core.nights.gathering import Tally
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Attempt, Night, Overview

__all__ = ["NIGHTS", "judged"]

NIGHTS = 400
"""So many nights are looked at."""


def judged(history: History, night: Night, attempts: Sequence[Attempt], tally: Tally) -> Overview:
    """The environment's nights up to this one, which the history need not have as it ended."""
    before = tuple(each for each in history.nights(night.environment, last=NIGHTS) if each.name != night.name)
    made = dict(history.attempts(night.environment, nights=[each.name for each in before]))
    return Overview(night.environment, (*before, night), {**made, night.name: tuple(attempts)},
                    marks=history.marks(night.environment), alerts=history.alerts(night.environment, last=NIGHTS))
