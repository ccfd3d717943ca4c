"""The third interpreter of the field tables: value + shape -> the plain data that a file would say of it, which read
again makes the same value.

What is as it is by default is not said, and of several forms the first that fits is taken: `status: 503`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from decimal import Decimal
from typing import Any, Final, assert_never

from flowprobe.core import fields as f
from flowprobe.core.expressions import in_seconds, parse_number
from flowprobe.core.faults.rates import UNITS as RATES

__all__ = ["UNFIT", "told"]


class _Unfit:
    def __repr__(self) -> str:
        return "UNFIT"


UNFIT: Final[Any] = _Unfit()
"""Stands for what a shape has no words for."""

_SIZES = {"MB": 1000**2, "KB": 1000, "B": 1}


def told(shape: f.Shape, value: Any) -> Any:
    """What stands in a file for a value that was read by this shape, or UNFIT where it cannot have been."""
    match shape:
        case f.Text() | f.Name() | f.CallLine():
            return _text(shape, value)
        case f.Choice():
            return value if isinstance(value, str) and value in shape.words else UNFIT
        case f.Integer() | f.Number():
            return _number(shape, value)
        case f.Boolean():
            return value if isinstance(value, bool) else UNFIT
        case f.Duration() | f.Size() | f.Rate():
            return _quantity(shape, value)
        case f.Json():
            return _plain(value)
        case f.ListOf():
            return _list(shape, value)
        case f.MapOf():
            return _map(shape, value)
        case f.OneOf():
            parts = (shape.scalar, shape.sequence, shape.mapping)
            return _first(told(part, value) for part in parts if part is not None)
        case f.As():
            return _made(shape, value)
        case f.Special():
            fits = value is True if shape == f.TRUE else isinstance(value, str | int)
            return value if fits else UNFIT
        case f.Record():
            return _record(shape, value)
        case f.Later():
            return _record(shape.record(), value)
        case _:
            assert_never(shape)


def _first(found: Iterable[Any]) -> Any:
    return next((form for form in found if form is not UNFIT), UNFIT)


# --- scalars --------------------------------------------------------------------------------------


def _text(shape: f.Text | f.Name | f.CallLine, value: Any) -> Any:
    pattern = shape.pattern if isinstance(shape, f.Text) else None
    fits = isinstance(value, str) and (pattern is None or re.fullmatch(pattern, value) is not None)
    return value if fits else UNFIT


def _number(shape: f.Integer | f.Number, value: Any) -> Any:
    kinds = int if isinstance(shape, f.Integer) else int | float
    return value if isinstance(value, kinds) and not isinstance(value, bool) else UNFIT


def _quantity(shape: f.Duration | f.Size | f.Rate, value: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return UNFIT
    match shape:
        case f.Duration(counted=True) if isinstance(value, int):
            return value
        case f.Duration():
            return _duration(float(value))
        case f.Size():
            unit = next(unit for unit, size in _SIZES.items() if value % size == 0)
            return f"{int(value) // _SIZES[unit]}{unit}"
        case _:
            return _rate(float(value))


def _duration(seconds: float) -> str:
    """In milliseconds below a second, where these say it exactly."""
    thousandths = _digits(seconds * 1000)
    if 0 < seconds < 1 and in_seconds(parse_number(thousandths) or 0, "ms") == seconds:
        return f"{thousandths}ms"
    return f"{_digits(seconds)}s"


def _rate(rate: float) -> str:
    exact = (unit for unit in ("MB/s", "KB/s") if rate >= RATES[unit]
             and (parse_number(_digits(rate / RATES[unit])) or 0) * RATES[unit] == rate)
    unit = next(exact, "B/s")
    return f"{_digits(rate / RATES[unit])}{unit}"


def _digits(number: float) -> str:
    """A number without an exponent, and without a point where it is whole."""
    text = f"{Decimal(repr(number)):f}"
    return text.removesuffix(".0")


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return UNFIT


# --- collections ----------------------------------------------------------------------------------


def _list(shape: f.ListOf, value: Any) -> Any:
    if not isinstance(value, tuple | list):
        return UNFIT
    found = [told(shape.item, item) for item in value]
    if UNFIT in found or len(found) < shape.minimum:
        return UNFIT
    return found[0] if shape.or_one and len(found) == 1 and not isinstance(found[0], list) else found


def _map(shape: f.MapOf, value: Any) -> Any:
    if shape.entries and isinstance(value, tuple):
        value = {entry.key: entry.value for entry in value}
    if not isinstance(value, Mapping) or len(value) < shape.minimum:
        return UNFIT
    found = {key: told(shape.value, item) for key, item in value.items()}
    return UNFIT if UNFIT in found.values() else found


def _made(shape: f.As, value: Any) -> Any:
    if shape.parts is not None:
        return told(shape.shape, shape.parts(value))
    if isinstance(shape.make, type):
        return told(shape.shape, _only(shape.make, value))
    if isinstance(shape.shape, f.Choice):
        return next((word for word in shape.shape.words if shape.make(word) == value), UNFIT)
    if shape.shape == f.TRUE:
        return True if shape.make(True) == value else UNFIT
    return told(shape.shape, value)


def _only(made: type, value: Any) -> Any:
    """The first part of a value whose others are as they are by default."""
    if not isinstance(value, made):
        return UNFIT
    first, *others = fields(value)  # type: ignore[arg-type]  # a plain class is a dataclass
    return getattr(value, first.name) if not any(_differs(value, part) for part in others) else UNFIT


def _differs(value: Any, part: Any) -> bool:
    seen = getattr(value, part.name)
    if part.default is not MISSING:
        return bool(seen != part.default)
    return part.default_factory is MISSING or bool(seen != part.default_factory())


def _record(record: f.Record, value: Any) -> Any:
    attributes = _attributes(record, value)
    if attributes is None:
        return UNFIT
    keys = {field.target: field for field in record.fields}
    if not attributes.keys() <= keys.keys():
        return UNFIT
    found = {field.key: told(field.shape, attributes[name]) for name, field in keys.items() if name in attributes}
    lacking = (record.filled and not found) or (record.exactly_one and not found.keys() & {*record.exactly_one})
    return UNFIT if lacking or UNFIT in found.values() else found


def _attributes(record: f.Record, value: Any) -> Mapping[str, Any] | None:
    """What its maker is to be called with; None where it does not make such a value."""
    if record.parts is not None:
        return record.parts(value)
    if not isinstance(record.make, type) or not isinstance(value, record.make):
        return None
    required = {field.target for field in record.fields if field.required}
    return {part.name: getattr(value, part.name) for part in fields(value)  # type: ignore[arg-type]  # as above
            if part.name in required or _differs(value, part)}
