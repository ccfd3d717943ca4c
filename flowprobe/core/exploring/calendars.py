"""Days and hours on which calendars and clocks do something, and the written form of those that a field may have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import TypeAlias

from flowprobe.core.account import Strategy

__all__ = ["Zone", "clock_changes", "in_universal_time", "moments_between", "odd_days", "span_of_days",
           "span_of_moments"]

Zone: TypeAlias = Callable[[str], tzinfo]
"""The time zone of a name."""

_FIRST, _LAST = date(2020, 1, 1), date(2039, 12, 31)
"""What may be where the file does not say: with leap days, changes of the clock, and the end of 32 bits of seconds."""
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_AROUND = timedelta(days=400)
_LONGEST = timedelta(days=20 * 366)
"""Changes of a clock are looked for day by day: not for ever."""
_EARLIEST, _LATEST = datetime(1, 1, 2), datetime(9999, 12, 30, 23, 59, 59)  # noqa: DTZ001  # the clock of any zone
"""Beyond, there is no such time in every zone."""
_OVERFLOW = datetime(2038, 1, 19, 3, 14, 7, tzinfo=UTC)


def in_universal_time(_: str) -> tzinfo:
    """For whoever has no time zones at hand."""
    return UTC


def span_of_days(strategy: Strategy) -> tuple[date, date]:
    """The first and the last day of `dates`."""
    low, high = strategy.options.get("min"), strategy.options.get("max")
    first = date.fromisoformat(low) if low else _FIRST
    last = date.fromisoformat(high) if high else _LAST
    return min(first, last if high else first), max(last, first if low else last)


def span_of_moments(strategy: Strategy) -> tuple[datetime, datetime]:
    """The first and the last moment of `times`, by the clock of whichever zone."""
    low, high = strategy.options.get("min"), strategy.options.get("max")
    first = datetime.fromisoformat(low) if low else datetime.combine(_FIRST, time.min)
    last = datetime.fromisoformat(high) if high else datetime.combine(_LAST, time(23, 59, 59))
    first, last = min(first, last if high else first), max(last, first if low else last)
    return max(first, _EARLIEST), min(last, _LATEST)


def odd_days(first: date, last: date, near: date) -> Iterator[date]:
    """The leap day, the end of a month and of a year, within these bounds and nearest to a day."""
    for month, day in ((2, 29), (1, 31), (12, 31), (3, 1)):
        found = [each for year in range(first.year, last.year + 1) if (each := _day(year, month, day))]
        yield from sorted((each for each in found if first <= each <= last), key=lambda each: abs(each - near))[:1]


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # no leap year
        return None


def clock_changes(zone: tzinfo, first: datetime, last: datetime) -> tuple[datetime, ...]:
    """The last second before each change of a zone's clock and the first one after it, of at most twenty years."""
    last = min(last, first + min(_LONGEST, last - first)).replace(tzinfo=UTC)
    first = first.replace(tzinfo=UTC)
    days = (first + _DAY * number for number in range((last - first) // _DAY + 1))
    found = (_change(zone, before, after) for before, after in pairwise(days)
             if _offset(zone, before) != _offset(zone, after))
    return tuple(moment.astimezone(zone) for change in found for moment in (change - _SECOND, change))


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """The first second, between two, of the later one's offset."""
    while after - before > _SECOND:
        middle = before + timedelta(seconds=(after - before) // _SECOND // 2)
        if _offset(zone, middle) == _offset(zone, after):
            after = middle
        else:
            before = middle
    return after


def _offset(zone: tzinfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def moments_between(first: datetime, last: datetime, zone: tzinfo, near: datetime) -> Iterator[datetime]:
    """The bounds, a change of the clock, a leap day, a year's end, the end of 32 bits: of what is within the bounds."""
    yield from (first.replace(tzinfo=zone), last.replace(tzinfo=zone))
    changes = clock_changes(zone, near - min(_AROUND, near - first), near + min(_AROUND, last - near))
    middle = near.replace(tzinfo=zone)
    gap = [each for each in changes[1::2] if _is_gap(each)]
    overlap = [each for each in changes[1::2] if not _is_gap(each)]
    for kind in (gap, overlap):
        for after in sorted(kind, key=lambda each: abs(each - middle))[:1]:
            yield from (after, (after.astimezone(UTC) - _SECOND).astimezone(zone))
    for day in odd_days(first.date(), last.date(), near.date()):
        yield datetime.combine(day, time(23, 59, 59), zone)
    yield _OVERFLOW.astimezone(zone)


def _is_gap(after: datetime) -> bool:
    """Whether the clock went forward, so that an hour is missing."""
    before = (after.astimezone(UTC) - _SECOND).astimezone(after.tzinfo)
    return (after.utcoffset() or timedelta()) > (before.utcoffset() or timedelta())
