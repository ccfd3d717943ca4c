"""What a JSON Schema says that a value is, as a strategy."""

from __future__ import annotations

from typing import Any

import pytest

from flowprobe.core.account import Strategy
from flowprobe.core.exploring.schemas import strategy_of_schema

NOTHING = Strategy("one_of", {"of": ()})


def one_of(*strategies: Strategy) -> Strategy:
    return Strategy("one_of", {"of": strategies})


def sampled(*values: Any) -> Strategy:
    return Strategy("sampled_from", {"values": values})


@pytest.mark.parametrize(("schema", "strategy"), [
    ({"type": "boolean"}, Strategy("booleans")),
    ({"type": "integer", "minimum": 1.5, "exclusiveMaximum": 9}, Strategy("integers", {"min": 2, "max": 8})),
    ({"minimum": 1}, Strategy("floats", {"min": 1})),
    ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, Strategy("integers", {"min": 1})),
    ({"type": "string", "minLength": 2}, Strategy("text", {"min": 2})),
    ({"type": "string", "pattern": "^a+$"}, Strategy("matching", {"pattern": "^a+$"})),
    ({"type": "string", "format": "email"}, Strategy("emails")),
    ({"const": None}, sampled(None)),
    ({"enum": ["a", 1], "type": "string"}, sampled("a", 1)),
    ({"type": ["string", "null"]}, one_of(sampled(None), Strategy("text"))),
    ({"anyOf": [{"type": "boolean"}, {"anyOf": [{"const": 1}, {"const": 2}]}]},
     one_of(Strategy("booleans"), sampled(1), sampled(2))),
    ({"allOf": [{"type": "integer", "minimum": 3}, {"minimum": 5}]}, Strategy("integers", {"min": 5})),
    ({"type": "array", "items": {"const": 1}, "maxItems": 2},
     Strategy("lists", {"of": sampled(1), "unique": False, "max": 2})),
    ({"type": "array", "items": False}, Strategy("lists", {"of": NOTHING, "unique": False, "max": 0})),
    ({"properties": {"a": {"const": 1}, "b": {"const": 2}}, "required": ["b"]},
     Strategy("objects", {"fields": {"a": sampled(1), "b": sampled(2)}, "optional": frozenset({"a"})})),
    ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "boolean"}}}, Strategy("booleans")),
    ({"allOf": [{"$ref": "#/parts/0"}, {"maxLength": 3}], "parts": [{"type": "string"}]},
     Strategy("text", {"max": 3})),
    (False, NOTHING),
    ({"properties": {"a": False}, "required": ["a"]}, NOTHING),
])
def test_a_schema_as_a_strategy(schema: Any, strategy: Strategy) -> None:
    assert strategy_of_schema(schema) == strategy


def test_what_contains_itself_is_followed_twice() -> None:
    made = strategy_of_schema({"$ref": "#/$defs/t", "$defs": {"t": {"properties": {"in": {"$ref": "#/$defs/t"}}}}})
    inner = made.options["fields"]["in"]
    assert inner.options["fields"] == {}


def test_what_has_to_contain_itself_for_ever_is_nothing() -> None:
    schema = {"$ref": "#/$defs/t", "$defs": {"t": {"properties": {"in": {"$ref": "#/$defs/t"}}, "required": ["in"]}}}
    assert strategy_of_schema(schema) == NOTHING
