"""When something may run: windows by the clock on the wall of a time zone, and days on which nothing may.

A wall clock that is put back shows an hour twice, and both are inside; one that is put forward leaves an hour out.
Zones come in as `tzinfo`; instants are aware `datetime`s.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from flowprobe.core.plain import Plain, plain

if TYPE_CHECKING:
    from flowprobe.core.values import Position

__all__ = ["DAYS", "Calendar", "Freeze", "Window"]

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_AHEAD = 400
"""So many days are looked ahead for an opening: a year and a freeze."""
_MINUTES = 24 * 60


@plain
class Window(Plain):
    """`days` count from Monday (0); `begin` and `end` are minutes of the day, 1440 its end. A window whose end is not
    after its begin ends on the next day. `faults`: it is for trials under faults alone."""

    days: tuple[int, ...]
    begin: int
    end: int
    zone: tzinfo
    position: Position
    faults: bool = False

    def holds(self, at: datetime) -> bool:
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today = local.weekday() in self.days
        if self.begin < self.end:
            return today and self.begin <= minute < self.end
        yesterday = (local.weekday() - 1) % 7 in self.days
        return (today and minute >= self.begin) or (yesterday and minute < self.end)

    def __str__(self) -> str:
        days = ",".join(DAYS[day] for day in self.days)
        return f"{days} {_clock(self.begin)}-{_clock(self.end)} {self.zone}{' (faults)' if self.faults else ''}"


@plain
class Freeze(Plain):
    """Whole days, the last one included, on which nothing runs."""

    first: date
    last: date
    zone: tzinfo
    position: Position

    def holds(self, at: datetime) -> bool:
        return self.first <= at.astimezone(self.zone).date() <= self.last

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"


@plain
class Calendar(Plain):
    """The windows and freezes of an environment. Without windows every time is one; windows for faults bind trials
    under faults beside the others."""

    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    @property
    def zones(self) -> tuple[tzinfo, ...]:
        """Each time zone that is asked, once."""
        return tuple(dict.fromkeys([*(w.zone for w in self.windows), *(f.zone for f in self.freezes)]))

    def is_open(self, at: datetime, *, faults: bool = False) -> bool:
        return not self.closed_by(at, faults=faults)

    def closed_by(self, at: datetime, *, faults: bool = False) -> tuple[Window | Freeze, ...]:
        """What says that nothing may run at an instant; nothing where it is open."""
        frozen = tuple(freeze for freeze in self.freezes if freeze.holds(at))
        for bound in (False, True) if faults else (False,):
            windows = tuple(window for window in self.windows if window.faults is bound)
            if windows and not frozen and not any(window.holds(at) for window in windows):
                return windows
        return frozen

    def opens(self, after: datetime, *, faults: bool = False) -> datetime | None:
        """The first instant from `after` on that is open, to the minute; None where there is none for over a year."""
        if self.is_open(after, faults=faults):
            return after
        return next((at for at in self._edges(after) if self.is_open(at, faults=faults)), None)

    def _edges(self, after: datetime) -> Iterator[datetime]:
        """The instants after this one at which anything can change, in their order."""
        start = after.astimezone(UTC)
        days = range(-1, _AHEAD)
        found = {edge for zone in self.zones for day in days for edge in self._edges_of_day(start, day, zone)}
        yield from sorted(edge for edge in found if edge > start)

    def _edges_of_day(self, start: datetime, day: int, zone: tzinfo) -> Iterator[datetime]:
        midnight = datetime.combine(start.astimezone(zone).date() + timedelta(days=day), time())
        minutes = {0, *(minute % _MINUTES for w in self.windows if w.zone == zone for minute in (w.begin, w.end))}
        for minute in minutes:
            for fold in (0, 1):
                yield (midnight + timedelta(minutes=minute)).replace(tzinfo=zone, fold=fold).astimezone(UTC)
        yield from _shift(midnight.replace(tzinfo=zone).astimezone(UTC), zone)


def _shift(midnight: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The instant within 26 hours at which the clock of a zone is put forward or back, if there is one."""
    early, late = midnight, midnight + timedelta(hours=26)
    if early.astimezone(zone).utcoffset() == late.astimezone(zone).utcoffset():
        return
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        if middle.astimezone(zone).utcoffset() == early.astimezone(zone).utcoffset():
            early = middle
        else:
            late = middle
    yield late.replace(microsecond=0)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
