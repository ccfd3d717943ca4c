"""Schemas of OpenAPI as JSON Schema 2020-12; the hand-converted form of each is judged by python-jsonschema."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.json_schema import InvalidSchema, json_path
from flowprobe.core.openapi import BrokenReference, Documents, Part
from flowprobe.core.openapi_schemas import Schemas, Sender
from tests.core.test_json_schema import JSON


def part(schema: Any, components: Any = None) -> Part:
    root = {"schema": schema, "components": {"schemas": components or {}}}
    found = Documents("o.yaml", {"o.yaml": root}).at("o.yaml", ("schema",))
    assert found is not None
    return found


def judged(schema: Any, value: Any, *, components: Any = None, old: bool = True, sender: Sender = "product") -> (
        list[tuple[str, str, str]]):
    where = part(schema, components)
    return [(json_path(j.violation.path), j.violation.expected, j.document)
            for j in Schemas(where.documents, old=old).judge(where, value, sender)]


def fits(schema: Any, value: Any, **options: Any) -> bool:
    return not judged(schema, value, **options)


NAME: Any = {"N": {"type": "object", "properties": {"n": {"type": "string"}}, "required": ["n"]}}
REF: Any = {"$ref": "#/components/schemas/N"}


@pytest.mark.parametrize(("schema", "good", "bad"), [
    ({"type": "string", "nullable": True}, ["a", None], [5]),
    ({"type": "string", "nullable": False}, ["a"], [None]),
    ({"type": "string", "enum": ["a"], "nullable": True}, ["a"], ["b", None]),
    ({"type": "string", "enum": ["a", None], "nullable": True}, ["a", None], ["b"]),
    ({"nullable": True}, ["a", None, {}], []),
    ({"nullable": True, "allOf": [REF]}, [{"n": "a"}], [{}, {"n": 1}, None]),
    ({"type": "object", "nullable": True, "allOf": [REF]}, [{"n": "a"}], [{}, 5, None]),
    ({"nullable": True, "oneOf": [REF, {"type": "integer"}]}, [5, {"n": "a"}], ["x", None]),
    ({**REF, "nullable": True, "maxProperties": 0}, [{"n": "a"}], [None]),  # 3.0: nothing counts beside a `$ref`
    ({"minimum": 3, "exclusiveMinimum": True}, [4], [3]), ({"minimum": 3, "exclusiveMinimum": False}, [3], [2]),
    ({"maximum": 3, "exclusiveMaximum": True}, [2], [3]), ({"exclusiveMaximum": True}, [9], []),
    ({"type": "integer", "format": "int32"}, [2**31 - 1, -2**31], [2**31, -2**31 - 1]),
    ({"type": "integer", "format": "int64"}, [2**63 - 1], [2**63]),
    ({"type": "integer", "format": "int32", "minimum": 0}, [0], [-1, 2**31]),
    ({"type": "number", "format": "double"}, [1.5, 2], ["1"]),
    ({"type": "string", "format": "byte"}, ["aGk="], ["%%"]), ({"type": "string", "format": "binary"}, ["%%"], [1]),
    ({"type": "string", "format": "date-time"}, ["2026-01-31T12:00:00Z"], ["2026-01-31"]),
    ({"type": "string", "format": "date"}, ["2026-01-31"], ["31.1.2026"]),
    ({"type": "string", "format": "email"}, ["a@example.test"], ["a"]),
    ({"type": "string", "format": "our-own"}, ["anything"], [1]),
    ({"type": "string", "const": "a", "example": 5, "x-ours": 1}, ["b"], [5]),  # 3.0 has no `const`
    ({"additionalProperties": {"type": "integer", "nullable": True}}, [{"a": None}], [{"a": "x"}]),
])
def test_what_openapi_3_0_means(schema: Any, good: list[Any], bad: list[Any]) -> None:
    assert [value for value in good if not fits(schema, value, components=NAME)] == []
    assert [value for value in bad if fits(schema, value, components=NAME)] == []


@pytest.mark.parametrize(("schema", "good", "bad"), [
    ({"type": ["string", "null"]}, ["a", None], [5]), ({"const": 5}, [5], [6]), ({"exclusiveMinimum": 3}, [4], [3]),
    ({"type": "string", "nullable": True}, ["a"], [None]), ({**REF, "maxProperties": 1}, [{"n": "a"}], [{"n": "a", "o": 1}]),
    ({"$ref": "#named"}, ["a"], [1]), ({"prefixItems": [REF]}, [[{"n": "a"}]], [[{}]]),
    ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, [{}, {"a": 1, "b": 1}], [{"a": 1}]),
])
def test_what_openapi_3_1_means(schema: Any, good: list[Any], bad: list[Any]) -> None:
    components = {**NAME, "A": {"$anchor": "named", "$id": "https://example.test/a", "type": "string"}}
    assert [value for value in good if not fits(schema, value, components=components, old=False)] == []
    assert [value for value in bad if fits(schema, value, components=components, old=False)] == []


ACCOUNT: Any = {
    "Id": {"type": "string", "readOnly": True},
    "Base": {"type": "object", "properties": {"id": {"$ref": "#/components/schemas/Id"}, "password": {"writeOnly": True}}},
    "Account": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"required": ["id", "password", "name"]}]},
}


def test_who_does_not_send_a_property_need_not() -> None:
    account = {"$ref": "#/components/schemas/Account"}
    assert fits(account, {"id": "1", "name": "a"}, components=ACCOUNT)
    assert fits(account, {"password": "x", "name": "a"}, components=ACCOUNT, sender="client")
    assert not fits(account, {"password": "x", "name": "a"}, components=ACCOUNT)
    assert not fits(account, {"id": "1", "name": "a"}, components=ACCOUNT, sender="client")


def test_a_recursive_schema_is_judged_at_every_depth() -> None:
    node: Any = {"Node": {"type": "object", "properties": {
        "id": {"type": "integer"}, "kids": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}}}
    value: Any = {"id": "x"}
    for number in range(40):
        value = {"id": number, "kids": [value]}
    ((path, expected, document),) = judged({"$ref": "#/components/schemas/Node"}, value, components=node)
    assert (path, expected) == ("$" + ".kids[0]" * 40 + ".id", "a whole number")
    assert document == "o.yaml#/components/schemas/Node/properties/id/type"


def test_a_place_is_that_of_the_document_also_where_the_schema_was_changed() -> None:
    schema = {"properties": {"a/b": {"nullable": True, "allOf": [REF]}}}
    assert judged(schema, {"a/b": {"n": 1}}, components=NAME) == [
        ("$['a/b'].n", "text", "o.yaml#/components/schemas/N/properties/n/type")]
    assert judged(schema, {"a/b": 7}, components=NAME) == [("$['a/b']", "an object", "o.yaml#/components/schemas/N/type")]
    inline = {"nullable": True, "allOf": [{"required": ["n"]}]}
    assert judged(inline, {}) == [("$.n", "a required property", "o.yaml#/schema/allOf/0/required")]


def test_only_what_is_used_is_looked_at() -> None:
    components = {**NAME, "Wrong": {"type": "strin"}, "Remote": {"$ref": "http://127.0.0.1:9/x"}}
    assert fits(REF, {"n": "a"}, components=components)


def test_a_broken_part_of_the_document_says_where_it_is() -> None:
    with pytest.raises(InvalidSchema, match=r"o\.yaml#/components/schemas/W/type is not a schema"):
        judged({"items": {"$ref": "#/components/schemas/W"}}, [], components={"W": {"type": "strin"}})
    with pytest.raises(BrokenReference, match="127"):
        judged({"items": {"$ref": "#/components/schemas/R"}}, [], components={"R": {"$ref": "http://127.0.0.1:9/x"}})


def test_schemas_that_refer_to_each_other_share_what_is_compiled() -> None:
    components = {str(n): {"properties": {"next": {"$ref": f"#/components/schemas/{(n + 1) % 50}"}}} for n in range(50)}
    documents = part({}, components).documents
    schemas = Schemas(documents, old=True)
    for name in components:
        found = documents.at("o.yaml", ("components", "schemas", name))
        assert found is not None
        assert schemas.judge(found, {"next": {}}, "product") == ()
    assert len(schemas._bundles) == 1


# --- against the hand-converted form --------------------------------------------------------------

PAIRS = st.deferred(lambda: st.one_of(SCALARS, OBJECTS, ARRAYS, EITHER))
"""(a schema of 3.0, what it means in 2020-12)."""


@st.composite
def scalars(draw: st.DrawFn) -> tuple[Any, Any]:
    kind = draw(st.sampled_from(["string", "integer", "number", "boolean"]))
    old: dict[str, Any] = {"type": kind}
    new: dict[str, Any] = {"type": kind}
    if kind in ("integer", "number") and draw(st.booleans()):
        bound, exclusive = draw(st.integers(-3, 3)), draw(st.none() | st.booleans())
        old |= {"minimum": bound} | ({} if exclusive is None else {"exclusiveMinimum": exclusive})
        new["exclusiveMinimum" if exclusive else "minimum"] = bound
    if draw(st.booleans()):
        values = draw(st.lists(st.sampled_from(["a", "b", 1, 2.5, True]), min_size=1, max_size=3))
        old["enum"], new["enum"] = values, values
    return nulled(draw, old, new)


def nulled(draw: st.DrawFn, old: Any, new: Any) -> tuple[Any, Any]:
    if draw(st.booleans()):
        return {**old, "nullable": True}, {**new, **({"type": [new["type"], "null"]} if "type" in new else {})}
    return old, new


@st.composite
def objects(draw: st.DrawFn) -> tuple[Any, Any]:
    properties = draw(st.dictionaries(st.sampled_from("abc"), PAIRS, max_size=3))
    required = draw(st.lists(st.sampled_from("abc"), max_size=2, unique=True))
    others = draw(st.none() | st.booleans())
    more = {"required": required} | ({} if others is None else {"additionalProperties": others})
    old = {"type": "object", "properties": {k: v[0] for k, v in properties.items()}, **more, "example": {"x": 1}}
    return nulled(draw, old, {"type": "object", "properties": {k: v[1] for k, v in properties.items()}, **more})


@st.composite
def arrays(draw: st.DrawFn) -> tuple[Any, Any]:
    old, new = draw(PAIRS)
    return nulled(draw, {"type": "array", "items": old, "maxItems": 2}, {"type": "array", "items": new, "maxItems": 2})


@st.composite
def either(draw: st.DrawFn) -> tuple[Any, Any]:
    key = draw(st.sampled_from(["allOf", "anyOf", "oneOf"]))
    branches = draw(st.lists(PAIRS, min_size=1, max_size=3))
    return nulled(draw, {key: [b[0] for b in branches]}, {key: [b[1] for b in branches]})


SCALARS, OBJECTS, ARRAYS, EITHER = scalars(), objects(), arrays(), either()


@given(PAIRS, JSON)
@settings(max_examples=150, deadline=None)
def test_a_converted_schema_takes_what_the_one_converted_by_hand_takes(pair: tuple[Any, Any], value: Any) -> None:
    old, new = pair
    assert fits(old, value) is jsonschema.Draft202012Validator(new).is_valid(value)


@given(PAIRS, JSON)
@settings(max_examples=60, deadline=None)
def test_a_reference_changes_nothing(pair: tuple[Any, Any], value: Any) -> None:
    components = {"It": pair[0]}
    assert fits({"$ref": "#/components/schemas/It"}, value, components=components) is fits(pair[0], value)
