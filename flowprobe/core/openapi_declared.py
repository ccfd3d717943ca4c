"""Properties of a value that its schema does not name. A schema takes them unless it says otherwise; whoever asks for
declared ones alone wants to hear of each.

A property is declared where any part of the schema (`allOf`, `anyOf`, `oneOf`, what it refers to) names it. A schema
that names no property at all, or that says what others are like (`additionalProperties`), leaves them open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from flowprobe.core.openapi import Part
from flowprobe.core.openapi_schemas import parts_of
from flowprobe.core.patterns import TooSlow, search

__all__ = ["Undeclared", "undeclared"]

_Path: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Undeclared:
    """`path` leads to the property; `document` is the part that names the others."""

    path: _Path
    value: Any
    document: Part


def undeclared(part: Part, value: Any) -> Iterator[Undeclared]:
    """Every undeclared property, wherever it stands in the value. Raises BrokenReference."""
    return _in((part,), value, ())


def _in(parts: tuple[Part, ...], value: Any, path: _Path) -> Iterator[Undeclared]:
    if not parts or not isinstance(value, Mapping | list):
        return
    every = tuple(each for part in parts for each in parts_of(part))
    if isinstance(value, Mapping):
        yield from _of_object(every, value, path)
        return
    for index, item in enumerate(value):
        inner = tuple(each for part in every for each in _item(part, index))
        yield from _in(inner, item, (*path, index))


def _of_object(parts: tuple[Part, ...], value: Mapping[str, Any], path: _Path) -> Iterator[Undeclared]:
    naming = next((part for part in parts if part.data.get("properties")), None)
    open_ = any(key in part.data for part in parts for key in ("additionalProperties", "unevaluatedProperties"))
    for name, inner in value.items():
        found = tuple(each for part in parts for each in _property(part, name))
        if found:
            yield from _in(found, inner, (*path, name))
        elif naming is not None and not open_:
            yield Undeclared((*path, name), inner, naming)


def _property(part: Part, name: str) -> Iterator[Part]:
    properties = part.member("properties")
    if properties is not None and (found := properties.member(name)) is not None:
        yield found
        return
    patterns = part.member("patternProperties")
    fitting = [inner for pattern, inner in (patterns.items() if patterns else ()) if _fits(pattern, name)]
    yield from fitting
    others = part.member("additionalProperties")
    if not fitting and others is not None and isinstance(others.data, Mapping):
        yield others


def _fits(pattern: str, name: str) -> bool:
    """A pattern that Python cannot read, or that takes too long, leaves the property open."""
    try:
        re.compile(pattern)
        return search(pattern, name) is not None
    except (re.error, TooSlow):
        return True


def _item(part: Part, index: int) -> Iterator[Part]:
    first = part.member("prefixItems")
    found = first.member(str(index)) if first is not None else None
    if found is None:
        found = part.member("items")
    if found is not None:
        yield found
