"""Conditions: dotted names, each with the shape that its value must fit (`when: {before.seats: {$gt: 3}}`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowprobe.core.jsonpath import MISSING
from flowprobe.core.resolve import Absent, Names, resolve
from flowprobe.core.shapes import compare
from flowprobe.core.values import Lookup, Position, Template, Value

__all__ = ["named", "unmet"]


def unmet(conditions: Mapping[str, Value], names: Names, position: Position) -> str:
    """The first condition that does not fit, in words; '' where all do. Raises Absent or WrongType where a shape looks
    up what is not there, or not of its kind."""
    for path, shape in conditions.items():
        if mismatches := compare(resolve(shape, names), named(path, names, position)):
            return f"{path}: expected {mismatches[0].expected}, saw {mismatches[0].seen}"
    return ""


def named(path: str, names: Names, position: Position) -> Any:
    """What `${path}` finds, or MISSING."""
    try:
        return resolve(Template((Lookup(tuple(path.split("."))),), position), names)
    except Absent:
        return MISSING
