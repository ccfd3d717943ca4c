from __future__ import annotations

import pickle
from typing import Any

import pytest

from flowprobe.core.expect import judge
from flowprobe.core.json_schema import InvalidSchema
from flowprobe.core.parsed import Parsed
from flowprobe.core.scenario import Expect
from flowprobe.core.schema_matcher import INLINE, SchemaMatcher
from flowprobe.core.shapes import compare, describe
from flowprobe.core.wire import Reply
from tests.scenes import a_step


def inline(schema: Any, **files: Any) -> SchemaMatcher:
    return SchemaMatcher(INLINE, {INLINE: schema, **{f"schemas/{name}.json": data for name, data in files.items()}})


def found(shape: Any, value: Any) -> list[tuple[str, str, str, str]]:
    return [(m.path, m.expected, m.seen, m.document) for m in compare(shape, value)]


def test_a_matcher_stands_anywhere_in_a_shape() -> None:
    shape = {"state": "new", "owner": {"$schema": inline({"required": ["id"], "properties": {"age": {"type": "integer"}}})}}
    assert found(shape, {"state": "new", "owner": {"id": 1}}) == []
    assert found(shape, {"state": "new", "owner": {"age": "x"}}) == [
        ("$.owner.id", "a required property", "nothing there", "$schema#/required"),
        ("$.owner.age", "a whole number", '"x"', "$schema#/properties/age/type")]
    assert found(shape, {"state": "new"}) == [("$.owner", "a value as its JSON Schema says", "nothing there", "")]


def test_files_may_refer_to_each_other_and_to_themselves() -> None:
    files = {"schemas/tree.json": {"$id": "https://example.test/tree", "properties": {
        "kids": {"items": {"$ref": "#"}}, "owner": {"$ref": "person.json#/$defs/person"}}},
        "schemas/person.json": {"$defs": {"person": {"properties": {"home": {"$ref": "tree.json"}}, "type": "object"}}}}
    matcher = SchemaMatcher("schemas/tree.json", files)
    assert found({"$schema": matcher}, {"kids": [{"owner": {"home": {"owner": 5}}}]}) == [
        ("$.kids[0].owner.home.owner", "an object", "5", "schemas/person.json#/$defs/person/type")]
    assert describe({"$schema": matcher}) == "a value as schemas/tree.json says"


def test_an_older_draft_is_judged_as_what_it_is() -> None:
    seven = inline({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}, {"type": "string"}]})
    assert found({"$schema": seven}, [1, 2]) == [("$[1]", "text", "2", "$schema#/items/1/type")]


def test_what_looks_like_a_reference_in_a_value_is_none() -> None:
    assert found({"$schema": inline({"const": {"$ref": "#/nowhere", "$id": "x"}})}, {"$ref": "#/nowhere", "$id": "x"}) == []


@pytest.mark.parametrize("schema", [
    {"$ref": "http://127.0.0.1:9/x"}, {"properties": {"a": {"$ref": "absent.json"}}}, {"$ref": "#/$defs/none"},
    {"$ref": "../../etc/passwd"}, {"$ref": "file:///etc/passwd"},
])
def test_a_reference_that_leads_out_or_nowhere_is_refused(schema: Any) -> None:
    with pytest.raises(InvalidSchema, match="leads nowhere, or out"):
        inline(schema)


def test_of_many_mismatches_the_rest_is_counted() -> None:
    mismatches = found({"$schema": inline({"items": {"type": "integer"}})}, ["x"] * 30)
    assert len(mismatches) == 21
    assert mismatches[-1][:3] == ("$", "nothing else", "10 more findings like these")


def test_it_pickles_as_what_it_was_made_of() -> None:
    matcher = inline({"type": "integer"})
    matcher.compile()
    again = pickle.loads(pickle.dumps(matcher))
    assert (again, found({"$schema": again}, "x")) == (matcher, found({"$schema": matcher}, "x"))


def test_a_finding_names_the_place_in_the_schema() -> None:
    expect = Expect(json={"$schema": inline({"type": "object"})}, has_json=True)
    answer = Reply("c", 200, (), b"[]", 1.0, 1.0, 1.1)
    (finding,) = judge(a_step("one", "GET /one"), expect, answer, {}, Parsed(answer))
    assert (finding.kind, finding.sentence(), finding.document) == ("json", "$: expected an object, saw []", "$schema#/type")
