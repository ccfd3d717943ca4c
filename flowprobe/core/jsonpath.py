"""JSONPath, compiled once. Plain members and indexes become a walk; the rest goes to jsonpath-ng, which is
imported only then (parsing one path there costs as much as a request).

A *definite* path (members and indexes only) names at most one place; an *indefinite* one (`*`, `..`, filters,
slices) finds a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from flowprobe.core.plain import Plain, plain

__all__ = ["MISSING", "InvalidPath", "JsonPath", "Place", "compile_path", "is_definite"]

Place: TypeAlias = tuple[Any, str | int]
"""Where something stands: the object or list that holds it, and its key or index there."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+)\]|\['([^'\\]*)'\]|\[\"([^\"\\]*)\"\]")


class InvalidPath(ValueError):
    """Not a JSONPath."""


@plain
class JsonPath(Plain):
    """`find` gives the value (definite; MISSING where there is none) or the list of values (indefinite); `places` is
    where they stand, for changing them there. The whole document stands nowhere."""

    text: str
    definite: bool
    find: Callable[[Any], Any]
    places: Callable[[Any], list[Place]]


def is_definite(text: str) -> bool:
    return _plain_steps(text) is not None


@lru_cache(maxsize=4096)
def compile_path(text: str) -> JsonPath:
    """Compile `$.a.b[0]`; raises InvalidPath."""
    steps = _plain_steps(text)
    if steps is not None:
        return JsonPath(text, True, lambda document: _walk(document, steps), lambda document: _place(document, steps))
    expression = _foreign(text)
    return JsonPath(text, False, lambda document: [found.value for found in _found(expression, document)],
                    lambda document: _places(_found(expression, document)))


def _plain_steps(text: str) -> tuple[str | int, ...] | None:
    if not text.startswith("$"):
        return None
    steps: list[str | int] = []
    at = 1
    while at < len(text):
        match = _STEP.match(text, at)
        if match is None:
            return None
        member, index, single, double = match.groups()
        steps.append(int(index) if index is not None else next(s for s in (member, single, double) if s is not None))
        at = match.end()
    return tuple(steps)


def _walk(document: Any, steps: Sequence[str | int]) -> Any:
    found = document
    for step in steps:
        if isinstance(step, int):
            if not isinstance(found, list) or step >= len(found):
                return MISSING
        elif not isinstance(found, Mapping) or step not in found:
            return MISSING
        found = found[step]
    return found


def _place(document: Any, steps: Sequence[str | int]) -> list[Place]:
    if not steps or _walk(document, steps) is MISSING:
        return []
    return [(_walk(document, steps[:-1]), steps[-1])]


def _foreign(text: str) -> Any:
    from jsonpath_ng.ext.parser import parse  # imported late: see the top of this module

    try:
        return parse(text)
    except Exception as error:  # jsonpath-ng raises bare Exception and several others
        raise InvalidPath(f"{text!r} is not a JSONPath: {error}") from error


def _found(expression: Any, document: Any) -> list[Any]:
    """What a reply holds can be of another kind than the path expects: then it finds nothing there."""
    try:
        return list(expression.find(document))
    except Exception:  # jsonpath-ng compares, sorts and splits what it meets, and lets every error of that out
        return []


def _places(found: Sequence[Any]) -> list[Place]:
    """Each place once, of those that are one: what a path computes (a length, a sum) stands nowhere."""
    places: dict[tuple[int, str | int], Place] = {}
    for each in found:
        if each.context is None:
            continue
        container: Any = each.context.value
        names: Any = getattr(each.path, "fields", None) or getattr(each.path, "indices", ())
        key = names[0] if len(names) == 1 else None
        if isinstance(container, list) and isinstance(key, int) and -len(container) <= key < len(container):
            places[id(container), key % len(container)] = (container, key % len(container))
        elif isinstance(container, dict) and isinstance(key, str) and key in container:
            places[id(container), key] = (container, key)
    return list(places.values())
