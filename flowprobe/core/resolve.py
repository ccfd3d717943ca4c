"""Resolving `${...}`: a look-up in declared names, with `+ - *` on numbers and times. One pass: what a reply
said is never read as a template again.

Times are `datetime` values and are written in ISO 8601; `time - time` gives seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import quote

from flowprobe.core.values import Arithmetic, Constant, Expression, Lookup, Template, Value

__all__ = ["Absent", "Names", "WrongType", "as_text", "resolve", "resolve_path", "resolve_text"]

Names: TypeAlias = Mapping[str, Any]
_SCALARS = (str, int, float)  # named here: written as `str | int | float` it would be made at each look
_MAPPINGS = (dict, Mapping)  # the first is nearly always it, and quick to tell
_LISTS = (list, tuple)
_MAX_BITS = 10_000


class Absent(Exception):
    """A name that has no value: the capture that should have given it was not made."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)

    def __str__(self) -> str:
        return f"${{{self.path}}} has no value"


class WrongType(Exception):
    """An operator or a place in a text that the value does not fit."""

    def __init__(self, expression: str, detail: str) -> None:
        self.expression, self.detail = expression, detail
        super().__init__(expression, detail)

    def __str__(self) -> str:
        return f"${{{self.expression}}}: {self.detail}"


def resolve(value: Value, names: Names) -> Any:
    """`value` with every template replaced; a template that is exactly one look-up keeps its type.

    Raises Absent or WrongType.
    """
    if value is None or isinstance(value, _SCALARS):
        return value
    if isinstance(value, Template):
        return _template(value, names)
    if isinstance(value, _MAPPINGS):
        return {key: resolve(item, names) for key, item in value.items()}
    if isinstance(value, _LISTS):
        return [resolve(item, names) for item in value]
    return value  # a schema, which looks nothing up


def resolve_text(value: str | Template, names: Names) -> str:
    """Like `resolve`, for a place that holds text: numbers and times are written out."""
    if isinstance(value, str):
        return value
    return "".join(part if isinstance(part, str) else as_text(_find(part, names), part) for part in value.parts)


def resolve_path(value: str | Template, names: Names) -> str:
    """Like `resolve_text`, for a URL's path: what is looked up cannot leave its segment.

    A template that starts with a look-up may bring a whole URL or path; that value is kept as it is.
    """
    if isinstance(value, str):
        return value
    first, *rest = value.parts
    path = first if isinstance(first, str) else as_text(_find(first, names), first)
    for part in rest:
        path += part if isinstance(part, str) else _segment(as_text(_find(part, names), part), part, path)
    return path


def _segment(text: str, expression: Expression, before: str) -> str:
    """A value as a part of a path. One that is empty, or that means the folder above, would name another resource:
    `DELETE /invites/` is not `DELETE /invites/<id>`."""
    if text in ("", ".", "..") and "?" not in before:
        raise WrongType(str(expression), f"{text!r} cannot stand in a path: it would name something else")
    return quote(text, safe="")


def as_text(value: Any, expression: object = "") -> str:
    """The text of a scalar as JSON would write it, strings and times without quotes. Raises WrongType."""
    if isinstance(value, str):
        return _unicode(value, expression)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(_sized(value, expression))
    if isinstance(value, datetime | date):
        return _iso(value)
    raise WrongType(str(expression), f"text is needed here, found {_kind(value)}")


def _unicode(value: str, expression: object) -> str:
    """JSON can spell half of a surrogate pair, which no URL, header or body can hold."""
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise WrongType(str(expression), "the text is not Unicode: it has half of a surrogate pair")
    return value


def _sized(value: int | float, expression: object) -> int | float:
    """Python refuses to write a number of thousands of digits, and JSON has no infinity."""
    too_large = not math.isfinite(value) if isinstance(value, float) else value.bit_length() > _MAX_BITS
    if too_large:
        raise WrongType(str(expression), "the number is too large to be written")
    return value


def _template(template: Template, names: Names) -> Any:
    if len(template.parts) == 1 and not isinstance(template.parts[0], str):
        found = _find(template.parts[0], names)
        return _iso(found) if isinstance(found, datetime | date) else found
    return resolve_text(template, names)


def _iso(value: datetime | date) -> str:
    return value.isoformat().replace("+00:00", "Z")


def _find(expression: Expression, names: Names) -> Any:
    match expression:
        case Constant(value=value, seconds=seconds):
            return timedelta(seconds=value) if seconds else value
        case Lookup(path=path):
            return _lookup(path, names)
        case Arithmetic(operator=operator, left=left, right=right):
            return _calculate(expression, operator, _find(left, names), _find(right, names))


def _lookup(path: Sequence[str], names: Names) -> Any:
    found: Any = names
    for part in path:
        if not isinstance(found, _MAPPINGS) or part not in found:
            raise Absent(".".join(path))
        found = found[part]
    return found


_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
}


def _calculate(expression: Expression, operator: str, left: Any, right: Any) -> Any:
    if not _fits(operator, left, right):
        raise WrongType(str(expression), f"`{operator}` takes numbers or times, found {_kind(left)} and {_kind(right)}")
    try:
        result = _OPERATORS[operator](left, right)
    except (OverflowError, TypeError) as error:
        raise WrongType(str(expression), f"`{operator}` has no result here: {error}") from error
    if isinstance(result, timedelta):
        return result.total_seconds()
    return _sized(result, expression) if isinstance(result, int | float) else result


def _fits(operator: str, left: Any, right: Any) -> bool:
    if _is_number(left) and _is_number(right):
        return True
    times = (datetime, date)
    if operator == "*":
        return False
    if isinstance(left, times) and isinstance(right, timedelta):
        return True
    return operator == "-" and isinstance(left, datetime) and isinstance(right, datetime)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    """The word for a value's type as JSON names it."""
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "text", dict: "an object", list: "an array",
             timedelta: "a duration", datetime: "a time", date: "a date"}
    return names.get(type(value), type(value).__name__)
