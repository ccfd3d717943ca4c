from __future__ import annotations

from typing import Any

import pytest

from flowprobe.core.json_schema import json_path
from flowprobe.core.openapi import Documents
from flowprobe.core.openapi_declared import undeclared

BASE: Any = {"properties": {"id": {}}}


def found(schema: Any, value: Any) -> list[str]:
    documents = Documents("o.yaml", {"o.yaml": {"schema": schema, "components": {"schemas": {
        "Base": BASE, "Node": {"properties": {"kids": {"items": {"$ref": "#/components/schemas/Node"}}}}}}}})
    part = documents.at("o.yaml", ("schema",))
    assert part is not None
    return [f"{json_path(each.path)} {each.document}" for each in undeclared(part, value)]


REF: Any = {"$ref": "#/components/schemas/Base"}


@pytest.mark.parametrize(("schema", "value", "said"), [
    (BASE, {"id": 1}, []), (BASE, {"id": 1, "x": 2}, ["$.x o.yaml#/schema"]),
    (REF, {"x": 2}, ["$.x o.yaml#/components/schemas/Base"]),
    ({"allOf": [REF, {"properties": {"x": {}}}]}, {"id": 1, "x": 2}, []),
    ({"oneOf": [REF, {"properties": {"x": {}}}]}, {"id": 1, "x": 2}, []),
    ({"type": "object"}, {"x": 1}, []),  # names no property: any may stand there
    ({**BASE, "additionalProperties": True}, {"x": 1}, []), ({**BASE, "additionalProperties": BASE}, {"x": {"y": 1}},
                                                           ["$.x.y o.yaml#/schema/additionalProperties"]),
    ({**BASE, "additionalProperties": False}, {"x": 1}, []),  # the schema itself refuses it
    ({**BASE, "patternProperties": {"^x-": {}}}, {"x-a": 1, "y": 1}, ["$.y o.yaml#/schema"]),
    ({**BASE, "patternProperties": {"(": {}}}, {"y": 1}, []),
    ({"items": REF}, [{"id": 1}, {"x": 1}], ["$[1].x o.yaml#/components/schemas/Base"]),
    ({"prefixItems": [REF], "items": {}}, [{"x": 1}, {"x": 1}], ["$[0].x o.yaml#/components/schemas/Base"]),
    ({"properties": {"a": {"anyOf": [{"type": "null"}, REF]}}}, {"a": {"x": 1}}, ["$.a.x o.yaml#/components/schemas/Base"]),
    ({"$ref": "#/components/schemas/Node"}, {"kids": [{"kids": [{"x": 1}]}]}, ["$.kids[0].kids[0].x o.yaml#/components/schemas/Node"]),
    (BASE, [1, "x", None], []), (BASE, 5, []), (True, {"x": 1}, []),
])
def test_a_property_is_declared_where_any_part_names_it(schema: Any, value: Any, said: list[str]) -> None:
    assert found(schema, value) == said
