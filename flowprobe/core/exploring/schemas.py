"""From a JSON Schema to the strategy that makes values of it, for the keywords that say what a value is; those that
only forbid (`not`, `if`, `contains`) are left to whoever judges the values that are made.

Beside the kinds of the file there are: `one_of` (`of`: strategies; the first is the simplest), `matching` (`pattern`: a
regular expression that is searched for), `objects` with `optional` (names that may be left out)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from flowprobe.core.account import Strategy

__all__ = ["strategy_of_schema"]

_ROUNDS, _LONGEST_WAY = 2, 8
"""A schema that contains itself is not followed for ever: so often through one reference, and through so many in all.
What is further in is left out."""
_Way: TypeAlias = tuple[str, ...]
"""The references that led to where we are."""
_ANYTHING = ("null", "boolean", "integer", "string")
_FORMATS = {"email": Strategy("emails"), "date": Strategy("dates"), "date-time": Strategy("times")}
_NULL = Strategy("sampled_from", {"values": (None,)})
_NOTHING = Strategy("one_of", {"of": ()})


def strategy_of_schema(schema: Any) -> Strategy:
    """A strategy that gives values of the schema, or nearly: they have to be judged by it. References lead to places
    in the schema itself."""
    return _made(schema, schema, ())


def _made(schema: Any, whole: Any, way: _Way) -> Strategy:
    if schema is False:
        return _NOTHING
    if not isinstance(schema, Mapping):
        return _one_of(_typed(name, {}, whole, way) for name in _ANYTHING)
    if "const" in schema:
        return Strategy("sampled_from", {"values": (schema["const"],)})
    if "enum" in schema:
        return Strategy("sampled_from", {"values": tuple(schema["enum"])})
    if "$ref" in schema:
        return _referred(schema, whole, way)
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            rest = {key: value for key, value in schema.items() if key != keyword}
            return _one_of(_made(_both(rest, each), whole, way) for each in schema[keyword])
    if "allOf" in schema:
        return _made(_all_of(schema, whole), whole, way)
    return _one_of(_typed(name, schema, whole, way) for name in _types(schema))


def _referred(schema: Mapping[str, Any], whole: Any, way: _Way) -> Strategy:
    reference = str(schema["$ref"])
    if way.count(reference) >= _ROUNDS or len(way) >= _LONGEST_WAY:
        return _NOTHING
    return _made(_followed(schema, whole), whole, (*way, reference))


def _one_of(strategies: Iterable[Strategy]) -> Strategy:
    flat = [inner for each in strategies for inner in (each.options["of"] if each.kind == "one_of" else (each,))]
    return flat[0] if len(flat) == 1 else Strategy("one_of", {"of": tuple(flat)})


def _followed(schema: Mapping[str, Any], whole: Any) -> Any:
    """What a reference leads to, together with what stands beside it."""
    target = whole
    for step in str(schema["$ref"]).removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        target = target[int(name)] if isinstance(target, list | tuple) else target[name]
    return _both({key: value for key, value in schema.items() if key not in ("$ref", "parts", "$defs")}, target)


def _all_of(schema: Mapping[str, Any], whole: Any) -> Any:
    found: Any = {key: value for key, value in schema.items() if key != "allOf"}
    for each in schema["allOf"]:
        found = _both(found, _followed(each, whole) if isinstance(each, Mapping) and "$ref" in each else each)
    return found


def _both(one: Any, other: Any) -> Any:
    """What satisfies two schemas, where that can be said simply; else the one that says more about what a value is."""
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return False if False in (one, other) else one if other is True else other
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        names = {**one["properties"], **other["properties"]}
        merged["properties"] = {name: _both(one["properties"].get(name, True), other["properties"].get(name, True))
                                for name in names}
    if "required" in one and "required" in other:
        merged["required"] = [*dict.fromkeys([*one["required"], *other["required"]])]
    for keyword, pick in _TIGHTER.items():
        if keyword in one and keyword in other:
            merged[keyword] = pick(one[keyword], other[keyword])
    return merged


_TIGHTER = {"minimum": max, "minLength": max, "minItems": max, "maximum": min, "maxLength": min, "maxItems": min}


def _types(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The types that a schema names, or that its keywords are about."""
    named = schema.get("type")
    if isinstance(named, str):
        return (named,)
    if named:
        return tuple(sorted(named, key="null".__ne__))
    told = [name for name, keywords in _ABOUT.items() if any(key in schema for key in keywords)]
    return tuple(told) or _ANYTHING


_ABOUT = {
    "object": ("properties", "required", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems", "uniqueItems"),
    "string": ("pattern", "minLength", "maxLength", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def _typed(name: str, schema: Mapping[str, Any], whole: Any, way: _Way) -> Strategy:
    match name:
        case "boolean":
            return Strategy("booleans")
        case "integer":
            return Strategy("integers", _whole_bounds(schema))
        case "number":
            return Strategy("floats", _bounds(schema, "minimum", "maximum"))
        case "string":
            return _text(schema)
        case "array":
            return _array(schema, whole, way)
        case "object":
            return _object(schema, whole, way)
        case _:
            return _NULL


def _bounds(schema: Mapping[str, Any], low: str, high: str) -> dict[str, Any]:
    named = {"min": schema.get(low), "max": schema.get(high)}
    return {key: value for key, value in named.items() if value is not None}


def _whole_bounds(schema: Mapping[str, Any]) -> dict[str, int]:
    """Those of whole numbers, which an exclusive bound can be made into."""
    lows = [math.ceil(schema["minimum"])] if "minimum" in schema else []
    lows += [math.floor(schema["exclusiveMinimum"]) + 1] if _is_number(schema.get("exclusiveMinimum")) else []
    highs = [math.floor(schema["maximum"])] if "maximum" in schema else []
    highs += [math.ceil(schema["exclusiveMaximum"]) - 1] if _is_number(schema.get("exclusiveMaximum")) else []
    return {**({"min": max(lows)} if lows else {}), **({"max": min(highs)} if highs else {})}


def _is_number(value: Any) -> bool:
    """The older drafts have true and false there."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(schema: Mapping[str, Any]) -> Strategy:
    if "pattern" in schema:
        return Strategy("matching", {"pattern": schema["pattern"]})
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    return Strategy("text", _bounds(schema, "minLength", "maxLength"))


def _array(schema: Mapping[str, Any], whole: Any, way: _Way) -> Strategy:
    options = _bounds(schema, "minItems", "maxItems")
    of = _made(schema.get("items", True), whole, way)
    if of == _NOTHING:
        options = {"max": 0}
    return Strategy("lists", {"of": of, "unique": bool(schema.get("uniqueItems")), **options})


def _object(schema: Mapping[str, Any], whole: Any, way: _Way) -> Strategy:
    required = tuple(schema.get("required", ()))
    named = {**schema.get("properties", {}), **{name: True for name in required if name not in
                                                schema.get("properties", {})}}
    fields = {name: _made(inner, whole, way) for name, inner in named.items()}
    if any(fields[name] == _NOTHING for name in required):
        return _NOTHING
    kept = {name: inner for name, inner in fields.items() if inner != _NOTHING}
    return Strategy("objects", {"fields": kept, "optional": frozenset(kept) - frozenset(required)})
