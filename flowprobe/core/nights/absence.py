"""Whether the night that should have been is there: what a dead-man's signal asks, from another machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from flowprobe.core.nights.model import Night, State

__all__ = ["absent", "last_due"]

_DAY_S = 86_400.0


def last_due(now: datetime, by: int | None) -> datetime:
    """The last time of day `by` (in minutes, on the clock of `now`) that has come; now where none is said."""
    if by is None:
        return now
    due = now.replace(hour=by // 60, minute=by % 60, second=0, microsecond=0)
    return due if due <= now else due - timedelta(days=1)


def absent(nights: Sequence[Night], *, environment: str, due: datetime) -> str:
    """Why there is no night that was due: '' where there is one. A night that was refused is one: somebody decided so,
    and it is told of where it stays so. `nights` are those that are known, the oldest first."""
    made = [night for night in nights if night.began > due.timestamp() - _DAY_S]
    if any(night.state in (State.ENDED, State.REFUSED) for night in made):
        return ""
    when = f"{due:%Y-%m-%d %H:%M}"
    if not made:
        return f"no night of {environment} has begun in the 24 hours before {when}"
    last = made[-1]
    if last.state is State.CUT_OFF:
        because = f": {last.because}" if last.because else ""
        return f"the night {last.name} of {environment} was cut off{because}, and there was no other before {when}"
    return f"the night {last.name} of {environment} has begun, and was not over by {when}"
