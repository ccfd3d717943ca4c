"""The shape that a JSON value is held against: literals, `$` matchers and `$.paths`, all mismatches at once.

Mappings are partial unless `exactly`; arrays compare by length and position; numbers compare by value and
strings by code point, strictly typed (`1` is not `"1"`, `true` is not `1`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from flowprobe.core.jsonpath import MISSING, compile_path
from flowprobe.core.patterns import TooSlow, search
from flowprobe.core.plain import Plain, plain
from flowprobe.core.redact import cut_short

__all__ = ["MATCHERS", "TYPES", "Mismatch", "compare", "describe", "equal", "fits", "is_matcher", "shown"]

MATCHERS = ("$type", "$in", "$matches", "$lt", "$gt", "$contains", "$length", "$each", "$absent", "$equals",
            "$schema")
TYPES = ("string", "number", "integer", "boolean", "null", "object", "array")
MOST_MISMATCHES = 1_000
_SHOWN = 120


@plain
class Mismatch(Plain):
    """`path` is a JSONPath of the reply; `expected` and `seen` are short texts. `document` is the place in a schema's
    file that says so."""

    path: str
    expected: str
    seen: str
    document: str = ""


def is_matcher(shape: Any) -> bool:
    """A mapping whose keys are matchers (`$lt`), not paths (`$.a`)."""
    return isinstance(shape, Mapping) and bool(shape) and all(k.startswith("$") and k[1:2] not in ".[" for k in shape)


def compare(shape: Any, value: Any, *, exactly: bool = False, path: str = "$") -> tuple[Mismatch, ...]:
    """The places in which `value` is not as `shape` says: every one, up to more than anybody reads."""
    return tuple(islice(_compare(shape, value, exactly, path), MOST_MISMATCHES))


def fits(shape: Any, value: Any) -> bool:
    return next(_compare(shape, value, False, "$"), None) is None


def _compare(shape: Any, value: Any, exactly: bool, path: str) -> Iterator[Mismatch]:
    if is_matcher(shape):
        for name, operand in shape.items():
            yield from _match(name, operand, value, exactly, path)
    elif value is MISSING:
        yield Mismatch(path, describe(shape), "nothing there")
    elif isinstance(shape, Mapping):
        yield from _object(shape, value, exactly, path)
    elif isinstance(shape, list | tuple):
        yield from _array(shape, value, exactly, path)
    elif not _equal(shape, value):
        yield Mismatch(path, describe(shape), shown(value))


def _object(shape: Mapping[str, Any], value: Any, exactly: bool, path: str) -> Iterator[Mismatch]:
    paths = {key: item for key, item in shape.items() if key.startswith("$")}
    members = {key: item for key, item in shape.items() if not key.startswith("$")}
    for key, item in paths.items():
        found = compile_path(key).find(value)
        yield from _compare(item, found, exactly, key if path == "$" else f"{path}{key[1:]}")
    if not members and paths:
        return
    if not isinstance(value, Mapping):
        yield Mismatch(path, "an object", shown(value))
        return
    for key, item in members.items():
        yield from _compare(item, value.get(key, MISSING), exactly, _member(path, key))
    if exactly:
        for key in value.keys() - members.keys():
            yield Mismatch(_member(path, key), "no such property", shown(value[key]))


def _array(shape: Any, value: Any, exactly: bool, path: str) -> Iterator[Mismatch]:
    if not isinstance(value, list):
        yield Mismatch(path, f"an array of {len(shape)}", shown(value))
        return
    if len(value) != len(shape):
        yield Mismatch(path, f"an array of {len(shape)}", f"an array of {len(value)}")
    for index, (item, found) in enumerate(zip(shape, value, strict=False)):
        yield from _compare(item, found, exactly, f"{path}[{index}]")


def _equal(shape: Any, value: Any) -> bool:
    if isinstance(shape, bool) or isinstance(value, bool) or shape is None or value is None:
        return shape is value
    if isinstance(shape, int | float) and isinstance(value, int | float):
        return shape == value
    return type(shape) is type(value) and bool(shape == value)


def _match(name: str, operand: Any, value: Any, exactly: bool, path: str) -> Iterator[Mismatch]:
    match name:
        case "$absent":
            if (value is MISSING) != operand:
                yield Mismatch(path, "nothing there" if operand else "something there", shown(value))
        case "$each":
            yield from _each(operand, value, exactly, path)
        case "$length":
            yield from _length(operand, value, exactly, path)
        case "$schema":
            yield from operand.mismatches(value, path)
        case "$equals":
            if value is MISSING or not equal(operand, value):
                yield Mismatch(path, shown(operand), shown(value))
        case "$matches":
            yield from _matches(operand, value, path)
        case _:
            if value is MISSING or not _PREDICATES[name](operand, value):
                yield Mismatch(path, describe({name: operand}), shown(value))


def _matches(pattern: str, value: Any, path: str) -> Iterator[Mismatch]:
    try:
        fits = isinstance(value, str) and search(pattern, value) is not None
        seen = shown(value)
    except TooSlow as slow:
        fits, seen = False, str(slow)
    if not fits:
        yield Mismatch(path, describe({"$matches": pattern}), seen)


def _each(shape: Any, value: Any, exactly: bool, path: str) -> Iterator[Mismatch]:
    if not isinstance(value, list):
        yield Mismatch(path, "an array", shown(value))
        return
    for index, item in enumerate(value):
        yield from _compare(shape, item, exactly, f"{path}[{index}]")


def _length(operand: Any, value: Any, exactly: bool, path: str) -> Iterator[Mismatch]:
    if not isinstance(value, str | list | Mapping):
        yield Mismatch(path, "something with a length", shown(value))
    elif list(_compare(operand, len(value), exactly, path)):
        yield Mismatch(path, f"a length of {describe(operand)}", f"a length of {len(value)}")


def equal(left: Any, right: Any) -> bool:
    """Whether two JSON values are the same: numbers by value, and `true` is not `1`."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    return _equal(left, right)


def _has_type(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if isinstance(value, float):
        return name == "number" or (name == "integer" and value.is_integer())
    if isinstance(value, int):
        return name in ("number", "integer")
    kinds: dict[str, type[Any]] = {"string": str, "null": type(None), "object": dict, "array": list}
    return name in kinds and isinstance(value, kinds[name])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(left: Any, right: Any) -> bool:
    """Numbers with numbers; text with text, so that ISO 8601 times of one zone compare."""
    return (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str))


def _contains(operand: Any, value: Any) -> bool:
    """Text in text; in an array, an item that `operand` as a shape fits."""
    if isinstance(value, str):
        return isinstance(operand, str) and operand in value
    return isinstance(value, list) and any(fits(operand, item) for item in value)


_PREDICATES: dict[str, Callable[[Any, Any], bool]] = {
    "$type": _has_type,
    "$in": lambda operand, value: any(equal(item, value) for item in operand),
    "$lt": lambda operand, value: _ordered(operand, value) and value < operand,
    "$gt": lambda operand, value: _ordered(operand, value) and value > operand,
    "$contains": _contains,
}

_WORDS: dict[str, Callable[[Any], str]] = {
    "$type": lambda o: f"{'an' if o[:1] in 'aeio' else 'a'} {o}" if o != "null" else "null",
    "$in": lambda o: "one of " + ", ".join(shown(item) for item in o),
    "$matches": lambda o: f"text that matches {o!r}",
    "$lt": lambda o: f"less than {shown(o)}",
    "$gt": lambda o: f"more than {shown(o)}",
    "$contains": lambda o: f"something that contains {describe(o)}",
    "$length": lambda o: f"a length of {describe(o)}",
    "$each": lambda o: f"an array of {describe(o)}",
    "$absent": lambda o: "nothing there" if o else "something there",
    "$equals": lambda o: shown(o),
    "$schema": lambda o: o.described,
}


def describe(shape: Any) -> str:
    """A shape in words."""
    if is_matcher(shape):
        return " and ".join(_WORDS[name](operand) for name, operand in shape.items())
    if isinstance(shape, Mapping) and any(key.startswith("$") for key in shape):
        return "an object as described"
    return shown(shape)


def shown(value: Any) -> str:
    """A value as JSON, cut to a length that people read."""
    if value is MISSING:
        return "nothing there"
    return cut_short(json.dumps(value, ensure_ascii=False, default=str), _SHOWN)


@lru_cache(maxsize=4096)
def _member(path: str, key: str) -> str:
    return f"{path}.{key}" if re.fullmatch(r"[A-Za-z_]\w*", key) else f"{path}[{key!r}]"
