"""The few values of a field at which products break first: what is just inside its bounds, the least and the longest,
nothing, one and many, the leap day, the hour that does not exist. The same at every call, the likeliest first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from itertools import islice
from typing import Any

from flowprobe.core.account import AccountField, Strategy, misfit
from flowprobe.core.exploring.calendars import (
    Zone,
    in_universal_time,
    moments_between,
    odd_days,
    span_of_days,
    span_of_moments,
)
from flowprobe.core.exploring.messy import FIRST_EMAILS, FIRST_TEXTS
from flowprobe.core.exploring.schemas import strategy_of_schema
from flowprobe.core.shapes import equal

__all__ = ["LONGEST_LIST", "LONGEST_TEXT", "MOST", "boundaries", "decimal_bounds", "domains", "written"]

MOST = 8
"""For each field at most so many, but all of those that the file itself lists."""
LONGEST_TEXT, LONGEST_LIST = 255, 20
"""Where the file says no longest one."""
_PLENTY, _BILLION = 10_000, 10**9
_LARGE = 2**31
"""Integers without a bound: what 32 bits cannot hold any more, and what a float cannot (both ways)."""
_HALVES = 2**53


def boundaries(strategy: Strategy, default: Any, *, zone: Zone = in_universal_time) -> tuple[Any, ...]:
    """The boundary values of a field, without its default. Nothing for `python`, which only running would tell."""
    most = None if strategy.kind == "sampled_from" else MOST
    return tuple(islice(_distinct(_candidates(strategy, default, zone), default), most))


def domains(
    account: Mapping[str, AccountField], *, zone: Zone = in_universal_time, most: int | None = None
) -> dict[str, tuple[Any, ...]]:
    """The default of each field and then its boundaries, as pairs are made of; with `most`, so many boundaries at
    most."""
    return {name: (each.default, *(boundaries(each.strategy, each.default, zone=zone)[:most] if each.strategy else ()))
            for name, each in account.items()}


def _candidates(strategy: Strategy, default: Any, zone: Zone) -> Iterator[Any]:
    options = strategy.options
    match strategy.kind:
        case "integers":
            yield from _whole(options.get("min"), options.get("max"))
        case "floats":
            yield from _fractions(options.get("min"), options.get("max"))
        case "decimals":
            yield from _amounts(strategy)
        case "booleans":
            yield from (False, True)
        case "text":
            yield from _texts(options.get("min", 0), options.get("max", LONGEST_TEXT))
        case "emails":
            yield from FIRST_EMAILS
        case "dates":
            yield from _days(strategy, default)
        case "times":
            yield from _moments(strategy, default, zone)
        case "sampled_from":
            yield from options["values"]
        case "optional":
            yield from (None, *_candidates(options["of"], default, zone))
        case "lists":
            yield from _lists(strategy, default, zone)
        case "objects":
            yield from _objects(strategy, default, zone)
        case "one_of":
            yield from _by_turns([_candidates(each, default, zone) for each in options["of"]])
        case "from_schema":
            made = strategy_of_schema(options["schema"].whole())
            found = islice(_candidates(made, default, zone), 10 * MOST)
            yield from (value for value in found if not misfit(value, strategy))


def _whole(low: int | None, high: int | None) -> Iterator[int]:
    """The bounds, 0, 1 and what is next to the bounds; without bounds, where numbers stop to fit."""
    edges = (low if low is not None else -1, high if high is not None else _LARGE)
    beside = ((low if low is not None else -_LARGE) + 1, (high if high is not None else _LARGE) - 1)
    yield from _within(low, high, (*edges, 0, 1, *beside, _HALVES + 1, -_LARGE - 1))


def _fractions(low: float | None, high: float | None) -> Iterator[float]:
    edges = tuple(each for each in (low, high) if each is not None)
    yield from _within(low, high, (*edges, 0.0, 1.0, 0.1 + 0.2, 1e-9, 1e15 + 0.3, -0.01, -1e15))


def _within(low: Any, high: Any, values: Iterable[Any]) -> Iterator[Any]:
    return (each for each in values if (low is None or each >= low) and (high is None or each <= high))


def decimal_bounds(strategy: Strategy) -> tuple[int, int, int]:
    """The least and the most of `decimals`, in units of their last place, and how many places there are."""
    options = strategy.options
    places = options.get("places", 2)
    unit = Decimal(10) ** places
    named = {key: Decimal(str(options[key])) for key in ("min", "max") if key in options}
    low = named.get("min", Decimal(0 if named.get("max", 0) >= 0 else -_BILLION))
    high = named.get("max", max(Decimal(_BILLION), low))
    least = math.ceil(low * unit)
    return least, max(least, math.floor(high * unit)), places


def _amounts(strategy: Strategy) -> Iterator[str]:
    low, high, places = decimal_bounds(strategy)
    yield from (written(each, places) for each in (low, high, 0, 1, low + 1, high - 1, 10**places, -1)
                if low <= each <= high)


def written(units: int, places: int) -> str:
    """An amount with all of its places, never in the way of `1E+2`."""
    return f"{Decimal(units).scaleb(-places):.{places}f}"


def _texts(low: int, high: int) -> Iterator[str]:
    long = (text.ljust(low, "x") for text in FIRST_TEXTS)
    found = ("x" * low, "x" * high, *long, " " * max(low, 1), "x" * (low + 1), "x" * max(low, high - 1))
    yield from (text for text in found if len(text) <= high)


def _days(strategy: Strategy, default: Any) -> Iterator[str]:
    first, last = span_of_days(strategy)
    near = _day_of(default) or first
    days: Iterable[date] = (first, last, *odd_days(first, last, near))
    yield from (day.isoformat() for day in days)


def _moments(strategy: Strategy, default: Any, zone: Zone) -> Iterator[str]:
    """Those of each zone, by turns."""
    first, last = span_of_moments(strategy)
    day = _day_of(default)
    near = min(max(datetime(day.year, day.month, day.day) if day else first, first), last)  # noqa: DTZ001  # no zone
    zones: list[tzinfo] = [zone(name) for name in strategy.options.get("zones", ())] or [UTC]
    found = _by_turns([moments_between(first, last, each, near) for each in zones])
    yield from (each.isoformat() for each in found if first <= each.replace(tzinfo=None) <= last)


def _day_of(default: Any) -> date | None:
    try:
        return date.fromisoformat(default[:10]) if isinstance(default, str) else None
    except ValueError:
        return None


def _lists(strategy: Strategy, default: Any, zone: Zone) -> Iterator[list[Any]]:
    """None, one and as many as may be, of which each is another where they are."""
    of, options = strategy.options["of"], strategy.options
    low, high = options.get("min", 0), options.get("max", max(LONGEST_LIST, options.get("min", 0)))
    usual = list(default) if isinstance(default, list | tuple) else []
    items = list(_distinct([*usual, *islice(_candidates(of, None, zone), 3 * MOST)]))
    if options.get("unique"):
        items += [each for each in islice(_more(of), high) if not any(equal(each, other) for other in items)]
    else:
        items = items * (high // max(1, len(items)) + 1)
    sizes = (min(size, len(items)) for size in (low, 1, high, low + 1, high - 1))
    lists = (*(items[:size] for size in sizes), *([item] for item in items[:MOST]))
    yield from (each for each in lists if low <= len(each) <= high)


def _more(of: Strategy) -> Iterator[Any]:
    """Further items, where it is plain what they are."""
    if of.kind == "integers":
        low = of.options.get("min", 0)
        yield from range(low, of.options.get("max", low + _PLENTY) + 1)
    elif of.kind == "text":
        low, high = of.options.get("min", 0), of.options.get("max", LONGEST_TEXT)
        yield from (text for number in range(_PLENTY) if len(text := f"x{number}".ljust(low, "x")) <= high)


def _objects(strategy: Strategy, default: Any, zone: Zone) -> Iterator[dict[str, Any]]:
    """The usual one with one field at a boundary; each field's first boundary before any one's second."""
    fields = strategy.options["fields"]
    optional = strategy.options.get("optional", frozenset())
    usual = default if isinstance(default, dict) else {}
    simple = {name: usual[name] if name in usual else next(_candidates(inner, None, zone), None)
              for name, inner in fields.items() if name not in optional or name in usual}
    yield simple
    yield from ({key: value for key, value in simple.items() if key != name} for name in fields
                if name in optional and name in simple)
    odd = [_candidates(inner, usual.get(name), zone) for name, inner in fields.items()]
    yield from _by_turns([_with(simple, name, values) for name, values in zip(fields, odd, strict=True)])


def _with(usual: Mapping[str, Any], name: str, values: Iterable[Any]) -> Iterator[dict[str, Any]]:
    return ({**usual, name: value} for value in values)


def _distinct(values: Iterable[Any], *but: Any) -> Iterator[Any]:
    seen = list(but)
    for value in values:
        if not any(equal(value, each) for each in seen):
            seen.append(value)
            yield value


def _by_turns(each: Sequence[Iterable[Any]]) -> Iterator[Any]:
    """The first of each, then the second of each."""
    turns = [iter(values) for values in each]
    while turns:
        left = []
        for values in turns:
            for value in islice(values, 1):
                yield value
                left.append(values)
        turns = left
