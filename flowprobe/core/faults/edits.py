"""Changing the places of a JSON document: what becomes of the value that stands there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flowprobe.core.jsonpath import Place

__all__ = ["HOW", "edit"]

HOW = ("drop", "null", "retype", "unknown_enum", "set")
_UNKNOWN_WORD = "not_a_known_value"
_UNKNOWN_NUMBER = 2_147_483_647


def edit(places: Iterable[Place], how: str, value: object = None) -> int:
    """Change a document in its places; returns how many are not what they were.

    The last index of a list comes first, so that dropping one does not move the others.
    """
    ordered = sorted(places, key=lambda place: place[1] if isinstance(place[1], int) else -1, reverse=True)
    return sum(_edit_one(container, key, how, value) for container, key in ordered)


def _edit_one(container: Any, key: Any, how: str, value: object) -> bool:
    if how == "drop":
        del container[key]
        return True
    before = container[key]
    after = _changed(before, how, value)
    if _spelled(before) == _spelled(after):
        return False
    container[key] = after
    return True


def _spelled(value: object) -> str:
    """`1`, `1.0` and `true` are equal to Python, and not to a reader of JSON."""
    return json.dumps(value, sort_keys=True)


def _changed(before: Any, how: str, value: object) -> Any:
    match how:
        case "null":
            return None
        case "retype":
            return _retyped(before)
        case "unknown_enum":
            return _unknown(before)
        case "set":
            return value
        case strange:
            raise ValueError(f"no such change: {strange}")


def _retyped(before: Any) -> Any:
    """The same thing as another type, as providers do it: 12 and "12", [x] and {"0": x}, {…} and [{…}]."""
    match before:
        case bool():
            return "true" if before else "false"
        case int() | float():
            return str(before)
        case str():
            return _number(before)
        case list():
            return {str(index): item for index, item in enumerate(before)}
        case dict():
            return [before]
        case _:
            return 0


def _number(text: str) -> int | float:
    """The number that a text spells, else 0."""
    try:
        found = json.loads(text)
    except ValueError:
        return 0
    return found if type(found) in (int, float) and found == found and abs(found) != float("inf") else 0


def _unknown(before: Any) -> Any:
    """A value that no list of values has; only a text or a whole number is taken for one of such a list."""
    if isinstance(before, str):
        return _UNKNOWN_WORD.upper() if before.isupper() else _UNKNOWN_WORD
    return _UNKNOWN_NUMBER if type(before) is int else before
