"""Instants and durations as files have them: never without a zone, never without a unit.

Each function raises ValueError with what is wrong and, after a semicolon, what to do about it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

__all__ = ["UNITS", "Instants", "Throughout", "clf", "duration_in", "epoch_in", "instants", "parted", "zone_of"]

UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
Instants: TypeAlias = Callable[[str], float]
_WORDS = {"ns": "ns", "nanoseconds": "ns", "nanos": "ns", "us": "us", "µs": "us", "microseconds": "us", "micros": "us",
          "ms": "ms", "msec": "ms", "millis": "ms", "milliseconds": "ms", "s": "s", "sec": "s", "secs": "s",
          "seconds": "s"}
_FIRST, _LAST = 946_684_800.0, 4_102_444_800.0
"""2000 and 2100: what lies outside is in another unit."""
_LONGEST = 86_400.0
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_WITH_UNIT = re.compile(r"(?P<number>\d+\.?\d*|\.\d+) ?(?P<unit>ns|us|µs|ms|s)")
_ENDING = re.compile(r"(?<=\w)(?P<unit>[ _.(\[-]+(?P<word>[A-Za-zµ]+)[)\]]?|(?<=[a-z])"
                     r"(?P<hump>Ns|Us|Ms|Nanos|Micros|Millis|Seconds))$")
_CLF = re.compile(r"(\d{1,2})/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)")
_MONTHS = {name: number for number, name in enumerate(
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)}


class Throughout(ValueError):
    """What is wrong with one is wrong with all of them: nothing says the unit, or the zone."""


def parted(name: str) -> tuple[str, str]:
    """A column's name in lower case, and the unit that it ends with: `latency_ms`, `duration (s)`, `tookMillis`."""
    found = _ENDING.search(name.strip())
    unit = _WORDS.get((found["word"] or found["hump"]).lower(), "") if found else ""
    return (name.strip()[: found.start("unit")].lower(), unit) if found and unit else (name.strip().lower(), "")


def zone_of(name: str) -> tzinfo | None:
    """Raises ValueError for what is no zone."""
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write one of the tz database, like Europe/Berlin") from None


def instants(unit: str, zone: tzinfo | None) -> Instants:
    """Reads ISO 8601, or seconds since the epoch in a unit. One of what it makes is for one file: times with a zone
    and times without must not stand side by side where the zone is given."""
    seen: set[bool] = set()

    def read(text: str) -> float:
        if _NUMBER.fullmatch(text):
            return epoch_in(text, unit)
        return _iso(text, zone, seen)

    return read


def epoch_in(text: str, unit: str) -> float:
    if not unit:
        raise Throughout(f"{_shown(text)} is a number without a unit; write --columns time=COLUMN:s (or ms, us, ns)")
    at = _number(text) * UNITS[unit]
    if not _FIRST <= at < _LAST:
        raise ValueError(f"{_shown(text)} is no instant of this century in {unit}; see its unit, "
                         "and write --columns time=COLUMN:ms")
    return at


def _iso(text: str, zone: tzinfo | None, seen: set[bool]) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_shown(text)} is no time; write ISO 8601 with a zone: 2026-11-20T18:00:00Z") from None
    if len(text) < len("2026-11-20T18"):
        raise ValueError(f"{_shown(text)} is a day and no instant; write the time too: 2026-11-20T18:00:00Z")
    aware = at.tzinfo is not None
    if zone is not None:
        seen.add(aware)
        if len(seen) > 1:
            raise Throughout("some times here name a zone and some do not; write all of them with one, or none")
    if not aware:
        at = _placed(at, text, zone)
    if not _FIRST <= at.timestamp() < _LAST:
        raise ValueError(f"{_shown(text)} is not in this century; see that it is the time of the call")
    return at.timestamp()


def _placed(at: datetime, text: str, zone: tzinfo | None) -> datetime:
    if zone is None:
        raise Throughout(f"{_shown(text)} names no time zone; say which is meant: --zone Europe/Berlin")
    first, second = at.replace(tzinfo=zone, fold=0), at.replace(tzinfo=zone, fold=1)
    if first.utcoffset() != second.utcoffset():
        raise ValueError(f"{_shown(text)} is twice or never in {zone}, where the clocks were changed; "
                         "write the times with their offset")
    return first


def clf(text: str) -> float:
    """`20/Nov/2026:18:00:00 +0100`, as web servers write it."""
    found = _CLF.fullmatch(text)
    if found is None or found[2] not in _MONTHS:
        raise ValueError(f"{_shown(text)} is no time; expected one like 20/Nov/2026:18:00:00 +0100")
    day, month, year, hour, minute, second, hours, minutes = found.groups()
    try:
        iso = f"{year}-{_MONTHS[month]:02}-{int(day):02}T{hour}:{minute}:{second}{hours}:{minutes}"
        return datetime.fromisoformat(iso).timestamp()
    except ValueError:
        raise ValueError(f"{_shown(text)} is no time that there is") from None


def duration_in(text: str, unit: str) -> float:
    """Seconds of a number in a unit, or of `180ms`."""
    if unit and _NUMBER.fullmatch(text):
        seconds = _number(text) * UNITS[unit]
    elif (found := _WITH_UNIT.fullmatch(text)) is not None:
        seconds = float(found["number"]) * UNITS[_WORDS[found["unit"]]]
    elif _NUMBER.fullmatch(text):
        raise Throughout(f"{_shown(text)} is a number without a unit; write --columns latency=COLUMN:ms (or s, us, ns)")
    else:
        raise ValueError(f"{_shown(text)} is no duration; write a number, with a point, or 180ms")
    if not 0 <= seconds <= _LONGEST:
        raise ValueError(f"{_shown(text)} is not between nothing and a day; see its unit")
    return seconds


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{_shown(text)} is no number that there is")
    return number


def _shown(text: str) -> str:
    """So much of a value that a person recognises it: one that is longer is something else."""
    return repr(text if len(text) <= 40 else f"{text[:39]}…")
