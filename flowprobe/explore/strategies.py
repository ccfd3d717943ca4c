"""From what the file says that a field may be to a strategy of Hypothesis. Each begins with the plainest value, for
what is found is brought back to that."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache, partial
from itertools import cycle, islice
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from flowprobe.core.account import Strategy, misfit
from flowprobe.core.exploring.calendars import clock_changes, odd_days, span_of_days, span_of_moments
from flowprobe.core.exploring.messy import EMAILS, TEXTS
from flowprobe.core.exploring.schemas import strategy_of_schema
from flowprobe.core.exploring.values import LONGEST_LIST, LONGEST_TEXT, decimal_bounds, written
from flowprobe.errors import ToolFailed

__all__ = ["Given", "python_name", "strategy_of", "zone_of"]

Given: TypeAlias = Mapping[str, SearchStrategy[Any]]
"""The strategies of `python`, by their `python_name`: whoever may run code has loaded them."""

_SECOND = timedelta(seconds=1)
_DRAWN = 300
"""So many characters of a text are drawn at most, and items of a list: of more, Hypothesis makes none at all."""
_LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
_PLAIN = st.characters(min_codepoint=ord("a"), max_codepoint=ord("z"))


def strategy_of(strategy: Strategy, python: Given | None = None) -> SearchStrategy[Any]:
    """Values that JSON can carry: no NaN, no infinity, no NUL, no half of a surrogate pair. Raises ToolFailed where a
    strategy in `python` was not loaded, or a time zone is not known."""
    return _made(strategy, python or {})


def python_name(strategy: Strategy) -> str:
    """What `Given` has a strategy of `python` under: `accounts.py:seats`."""
    return f"{strategy.options['file']}:{strategy.options['name']}"


def zone_of(name: str) -> tzinfo:
    """Raises ToolFailed."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ToolFailed(f"there is no time zone {name!r} on this machine: correct the name in the account's `zones`, "
                         "or install the package tzdata") from None


def _made(strategy: Strategy, python: Given) -> SearchStrategy[Any]:
    options = strategy.options
    match strategy.kind:
        case "integers":
            return st.integers(options.get("min"), options.get("max"))
        case "floats":
            return _floats(options.get("min"), options.get("max"))
        case "decimals":
            return _decimals(strategy)
        case "booleans":
            return st.booleans()
        case "text":
            return _text(options.get("min", 0), options.get("max"))
        case "emails":
            return st.sampled_from(EMAILS) | _addresses()
        case "dates":
            return _dates(strategy)
        case "times":
            return _times(strategy)
        case "sampled_from":
            return st.sampled_from(options["values"])
        case "optional":
            return _made(options["of"], python) | st.none()
        case "lists":
            return _lists(strategy, python)
        case "objects":
            return _objects(strategy, python)
        case "one_of":
            return st.one_of([_made(each, python) for each in options["of"]])
        case "matching":
            return _matching(options["pattern"])
        case "from_schema":
            return _made(strategy_of_schema(options["schema"].whole()), python).filter(_fitting(strategy))
        case "python":
            return _loaded(strategy, python)
        case kind:
            raise AssertionError(f"the account's table knows no {kind}")


def _fitting(strategy: Strategy) -> Callable[[Any], bool]:
    return lambda value: not misfit(value, strategy)


def _loaded(strategy: Strategy, python: Given) -> SearchStrategy[Any]:
    name = python_name(strategy)
    if name not in python:
        raise ToolFailed(f"{name} was not loaded: only files that may be executed have strategies in Python")
    return python[name].map(partial(_sendable, name))


def _sendable(name: str, value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ToolFailed(f"{name} gave {value!r:.200}, which JSON does not have: turn its values into what the product "
                         "is sent, for example with .map(str)") from None
    return value


def _floats(low: float | None, high: float | None) -> SearchStrategy[float]:
    least, most = (None if bound is None else float(bound) for bound in (low, high))
    return st.floats(least, most, allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)  # no -0.0


def _decimals(strategy: Strategy) -> SearchStrategy[str]:
    low, high, places = decimal_bounds(strategy)
    return st.integers(low, high).map(lambda units: written(units, places))


def _text(low: int, high: int | None) -> SearchStrategy[str]:
    """Plain ones, messy ones, very long ones, any."""
    most = high if high is not None else max(LONGEST_TEXT, low)
    messy = [text for text in TEXTS if low <= len(text) <= most]
    long = st.sampled_from("xW ü山").map(lambda sign: sign * most)
    return st.one_of(_signs(_PLAIN, low, min(most, 12)), *([st.sampled_from(messy)] if messy else []), long,
                     _signs(_LETTERS, low, most))


def _signs(alphabet: SearchStrategy[str], low: int, most: int) -> SearchStrategy[str]:
    """Of a long text the beginning is drawn, and the rest is filled up."""
    drawn = st.text(alphabet, min_size=min(low, _DRAWN), max_size=min(max(most, low), _DRAWN))
    return drawn.map(lambda text: text.ljust(low, "x")) if low > _DRAWN else drawn


@lru_cache(maxsize=1)
def _addresses() -> SearchStrategy[str]:
    names = st.text(st.sampled_from("abcxyzABC019.+_-'!#%&*/=?^`{|}~"), min_size=1, max_size=64)
    return names.filter(_dots_are_right).map(lambda name: f"{name}@example.com")


def _dots_are_right(name: str) -> bool:
    return not (name.startswith(".") or name.endswith(".") or ".." in name)


def _matching(pattern: str) -> SearchStrategy[str]:
    """Nothing where the pattern is one that Python does not know."""
    try:
        re.compile(pattern)
    except re.error:
        return st.nothing()
    return st.from_regex(pattern, alphabet=_LETTERS)


def _dates(strategy: Strategy) -> SearchStrategy[str]:
    first, last = span_of_days(strategy)
    odd = [day.isoformat() for near in (first, last) for day in odd_days(first, last, near)]
    found = st.integers(0, (last - first).days).map(lambda days: (first + timedelta(days)).isoformat())
    return found | st.sampled_from(list(dict.fromkeys(odd))) if odd else found


def _times(strategy: Strategy) -> SearchStrategy[str]:
    """Moments as the clocks of the zones show them, to the second; more of them near the changes of these clocks."""
    first, last = span_of_moments(strategy)
    zones = [zone_of(name) for name in strategy.options.get("zones", ())] or [UTC]
    clocks = st.integers(0, (last - first) // _SECOND).map(lambda seconds: first + _SECOND * seconds)
    found = st.builds(_moment, clocks, st.sampled_from(zones))
    changes = [moment for zone in zones for moment in clock_changes(zone, first, last)]
    if changes:
        found |= st.builds(_beside, st.sampled_from(changes), st.integers(-3600, 3600))
    inside = found.filter(lambda moment: first <= moment.replace(tzinfo=None) <= last)
    return inside.map(lambda moment: moment.isoformat(timespec="seconds"))


def _moment(clock: datetime, zone: tzinfo) -> datetime:
    """A time that there is: for one in the hour that a clock leaves out, the one an hour later."""
    return clock.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)


def _beside(change: datetime, seconds: int) -> datetime:
    return (change.astimezone(UTC) + _SECOND * seconds).astimezone(change.tzinfo)


def _lists(strategy: Strategy, python: Given) -> SearchStrategy[list[Any]]:
    """Of a long list the beginning is drawn, and goes round where no two need to be different."""
    options, of = strategy.options, _made(strategy.options["of"], python)
    low = options.get("min", 0)
    most = options.get("max", max(low, LONGEST_LIST))
    if options.get("unique"):
        return st.lists(of, min_size=low, max_size=most, unique_by=_as_json) if low <= _DRAWN else st.nothing()
    short = st.lists(of, min_size=min(low, LONGEST_LIST), max_size=min(most, LONGEST_LIST))
    if most <= LONGEST_LIST:
        return short
    long = st.builds(_going_round, st.lists(of, min_size=1, max_size=LONGEST_LIST), st.integers(max(low, 1), most))
    return long if low > LONGEST_LIST else short | long


def _going_round(items: list[Any], size: int) -> list[Any]:
    return list(islice(cycle(items), size))


def _as_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _objects(strategy: Strategy, python: Given) -> SearchStrategy[dict[str, Any]]:
    fields = {name: _made(inner, python) for name, inner in strategy.options["fields"].items()}
    optional = strategy.options.get("optional", frozenset())
    return st.fixed_dictionaries({name: inner for name, inner in fields.items() if name not in optional},
                                 optional={name: inner for name, inner in fields.items() if name in optional})
