"""JSON Schema in our words; against python-jsonschema, which is slow and well known."""

from __future__ import annotations

import pickle
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.json_schema import Bundle, InvalidSchema, JsonSchema, draft_of, json_path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3), max_leaves=8)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"])
LEAVES = st.one_of(
    st.fixed_dictionaries({"type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True)}),
    st.fixed_dictionaries({"minimum": st.integers(-3, 3)}), st.fixed_dictionaries({"exclusiveMaximum": st.integers(-3, 3)}),
    st.fixed_dictionaries({"maxLength": st.integers(0, 3)}), st.fixed_dictionaries({"enum": st.lists(JSON, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"const": JSON}), st.fixed_dictionaries({"maxItems": st.integers(0, 2)}),
    st.fixed_dictionaries({"uniqueItems": st.booleans()}), st.just({}), st.booleans(),
)
SCHEMAS = st.recursive(LEAVES, lambda inner: st.one_of(
    st.fixed_dictionaries({key: st.lists(inner, min_size=1, max_size=3)})
    if key in ("allOf", "anyOf", "oneOf") else st.fixed_dictionaries({key: inner})
    for key in ("allOf", "anyOf", "oneOf", "items", "additionalProperties", "not")
) | st.fixed_dictionaries({
    "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    "required": st.lists(st.sampled_from("abc"), max_size=2, unique=True)}), max_leaves=6)


def found(schema: Any, value: Any) -> list[tuple[str, str, str]]:
    return [(json_path(v.path), v.expected, v.seen) for v in JsonSchema(schema).violations(value)]


@pytest.mark.parametrize(("schema", "value", "said"), [
    ({"type": "object", "required": ["id"]}, {}, ("$.id", "a required property", "nothing there")),
    ({"type": ["string", "null"]}, 5, ("$", "text or null", "5")),
    ({"enum": ["a", None]}, "b", ("$", 'one of "a", null', '"b"')),
    ({"const": 3}, 4, ("$", "3", "4")),
    ({"format": "uuid"}, "x", ("$", "text in the format uuid", '"x"')),
    ({"format": "date-time"}, "2026-01-01", ("$", "text in the format date-time", '"2026-01-01"')),
    ({"format": "byte"}, "%", ("$", "text in the format byte", '"%"')),
    ({"pattern": "^inv_"}, "x", ("$", "text that matches '^inv_'", '"x"')),
    ({"maxLength": 1}, "xx", ("$", "at most 1 character", '2 characters: "xx"')),
    ({"minItems": 2}, [1], ("$", "at least 2 items", "an array of 1")),
    ({"maximum": 2**31 - 1}, 2**31, ("$", "at most 2147483647 (int32)", "2147483648")),
    ({"exclusiveMinimum": 0}, 0, ("$", "more than 0", "0")),
    ({"multipleOf": 5}, 7, ("$", "a multiple of 5", "7")),
    ({"uniqueItems": True}, [1, 1], ("$", "items of which no two are the same", "[1, 1]")),
    ({"properties": {"a b": False}}, {"a b": 1}, ("$['a b']", "nothing here", "1")),
    ({"additionalProperties": False}, {"a": 1}, ("$.a", "no such property", "1")),
    ({"items": {"type": "integer"}}, [1, "x"], ("$[1]", "a whole number", '"x"')),
    ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, ("$", "property names that are at most 1 character", '{"ab": 1}')),
    ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "x", ("$", "a whole number or null", '"x"')),
    ({"oneOf": [{"type": "integer"}, {"minimum": 1}]}, 3, ("$", "what exactly one of 2 alternatives says, and several do", "3")),
    ({"not": {}}, 1, ("$", "anything but what `not` describes", "1")),
])
def test_what_is_wrong_is_said_in_plain_words(schema: Any, value: Any, said: tuple[str, str, str]) -> None:
    assert found(schema, value) == [said]


def test_of_alternatives_the_one_that_was_meant_is_named() -> None:
    card = {"properties": {"kind": {"const": "card"}, "last4": {"type": "string"}}, "required": ["kind", "last4"]}
    bank = {"properties": {"kind": {"const": "bank"}}, "required": ["kind"]}
    ((_, expected, _),) = found({"oneOf": [card, bank]}, {"kind": "card"})
    assert expected == "what one of 2 alternatives says; number 1 wants $.last4 to be a required property"


def test_a_place_is_that_of_the_part_which_says_so() -> None:
    node = {"properties": {"id": {"type": "string"}, "kids": {"items": {"$ref": Bundle.reference("7")}}}}
    schema = JsonSchema({"items": {"$ref": Bundle.reference("7")}, "maxItems": 1}, Bundle({"7": node}))
    assert [v.place for v in schema.violations([{"kids": [{"id": 5}]}, {}])] == [
        ("", ("maxItems",)), ("7", ("properties", "id", "type"))]


def test_parts_that_refer_to_each_other_everywhere_are_compiled_once() -> None:
    """Between resources of their own, the library would compile every way through them."""
    count = 400
    parts = {str(n): {"properties": {"n": {"$ref": Bundle.reference(str((n + 1) % count))},
                                     "m": {"$ref": Bundle.reference(str((n + 7) % count))},
                                     "id": {"type": "string"}}} for n in range(count)}
    schema = JsonSchema({"$ref": Bundle.reference("0")}, Bundle(parts))
    assert [v.path for v in schema.violations({"n": {"m": {"id": 1}}})] == [("n", "m", "id")]


@pytest.mark.parametrize(("schema", "place"), [
    ({"type": "strin"}, ("", ("type",))), ({"pattern": "("}, ("", ("pattern",))), (7, ("", ())),
    ({"$ref": "http://127.0.0.1:9/x"}, ("", ())), ({"$ref": "file:///etc/passwd"}, ("", ())),
    ({"$ref": "#/$defs/none"}, ("", ())), ({"$ref": Bundle.reference("0")}, ("0", ("properties", "a", "type"))),
])
def test_a_schema_that_is_none_says_where(schema: Any, place: tuple[str, tuple[str, ...]]) -> None:
    with pytest.raises(InvalidSchema) as caught:
        JsonSchema(schema, Bundle({"0": {"properties": {"a": {"type": "strin"}}}})).compile()
    assert caught.value.place == place


def test_it_pickles_compiled_or_not() -> None:
    schema = JsonSchema({"$ref": Bundle.reference("0")}, Bundle({"0": {"type": "integer"}}))
    schema.compile()
    again = pickle.loads(pickle.dumps(schema))
    assert again == schema
    assert again.violations("x")[0].expected == "a whole number"


@pytest.mark.parametrize(("named", "draft"), [
    ("http://json-schema.org/draft-07/schema#", "Draft7"), ("https://json-schema.org/draft/2019-09/schema", "Draft201909"),
    ("https://json-schema.org/draft/2020-12/schema", "Draft202012"), (None, "Draft202012"),
])
def test_the_draft_is_the_one_that_is_named(named: str | None, draft: str) -> None:
    assert draft_of({"$schema": named} if named else {}) == draft


DEEP: Any = []
for _ in range(800):
    DEEP = [DEEP]


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, float("inf"), float("nan"), 10**600, DEEP], ids=range(6))
def test_no_value_is_an_exception(value: Any) -> None:
    assert JsonSchema({"type": "boolean"}).violations(value)


@given(SCHEMAS, JSON)
@settings(max_examples=150, deadline=None)
def test_it_judges_as_another_implementation_does(schema: Any, value: Any) -> None:
    theirs = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert (not JsonSchema(schema).violations(value)) is theirs
