"""The tables as JSON Schema 2020-12, for editors: completion, hover texts and red lines while typing.

The reader is stricter (it knows names, and what `${...}` means); whatever it takes, the schema takes too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, assert_never

from flowprobe.core import fields as f
from flowprobe.core.faults.rates import UNITS
from flowprobe.core.shapes import MATCHERS, TYPES
from flowprobe.files.case_tables import CASE
from flowprobe.files.context import Context
from flowprobe.files.nodes import compose
from flowprobe.files.problems import Source
from flowprobe.files.project_tables import PROJECT
from flowprobe.files.tables import PROFILE, SCENARIO
from flowprobe.files.values import literal

__all__ = ["SCHEMAS"]

Schema: TypeAlias = dict[str, Any]

_NAME = "^[A-Za-z][A-Za-z0-9_-]*$"
_TEMPLATE = r"\$\{"
_DURATION = r"^(0|[1-9][0-9]*)(\.[0-9]+)?\s?(ms|s|m|h|d)$"
_SIZE = r"^(0|[1-9][0-9]*)(\.[0-9]+)?\s?(B|KB|MB|GB|KiB|MiB|GiB)$"
_RATE = rf"^(0|[1-9][0-9]*)(\.[0-9]+)?\s?({'|'.join(UNITS)})$"
_CALL = r"^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) +\S"
_SHAPE: Schema = {"$ref": "#/$defs/shape"}


def _file(record: f.Record, title: str) -> Callable[[], Schema]:
    def generate() -> Schema:
        definitions: Schema = {}
        root = _record(record, definitions)
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **root,
                "$defs": dict(sorted(definitions.items()))}
    return generate


SCHEMAS: Mapping[str, Callable[[], Schema]] = {
    "scenario": _file(SCENARIO, "A FlowProbe scenario"),
    "project": _file(PROJECT, "A FlowProbe project: flowprobe.yaml"),
    "profile": _file(PROFILE, "A FlowProbe fault profile"),
    "case": _file(CASE, "A FlowProbe case"),
}


def _schema(shape: f.Shape, definitions: Schema) -> Schema:
    """The schema of a shape; records and reply shapes go to `definitions`."""
    match shape:
        case f.Text():
            return _text(shape)
        case f.Name():
            return {"type": "string", "pattern": _NAME}
        case f.Integer():
            return {"type": "integer", **_bounds(shape)}
        case f.Number():
            return {"type": "number", **_bounds(shape)}
        case f.Boolean():
            return {"type": "boolean"}
        case f.Duration():
            lasting = {"type": "string", "pattern": f"{_DURATION}|{_TEMPLATE}" if shape.templated else _DURATION}
            return {"anyOf": [lasting, {"type": "integer", "minimum": 1}]} if shape.counted else lasting
        case f.Size():
            return {"type": "string", "pattern": _SIZE}
        case f.Rate():
            return {"type": "string", "pattern": _RATE}
        case f.Choice():
            return {"enum": list(shape.words)}
        case f.CallLine():
            return {"type": "string", "pattern": _CALL}
        case f.Json():
            return _json(shape, definitions)
        case f.ListOf():
            return _list(shape, definitions)
        case f.MapOf():
            return _map(shape, definitions)
        case f.OneOf():
            parts = (shape.scalar, shape.sequence, shape.mapping)
            return {"anyOf": [_schema(part, definitions) for part in parts if part is not None]}
        case f.As():
            return _schema(shape.shape, definitions)
        case f.Special():
            return dict(shape.schema)
        case f.Record():
            definitions.setdefault(_key(shape), {})
            definitions[_key(shape)] = _record(shape, definitions)
            return {"$ref": f"#/$defs/{_key(shape)}"}
        case f.Later():
            inner = shape.record()
            return {"$ref": f"#/$defs/{_key(inner)}"} if _key(inner) in definitions else _schema(inner, definitions)
        case _:
            assert_never(shape)


def _key(record: f.Record) -> str:
    return record.noun.replace(" ", "-")


def _text(shape: f.Text) -> Schema:
    found: Schema = {"type": ["string", "number", "boolean"] if shape.verbatim else "string"}
    if shape.pattern is not None:
        found["pattern"] = f"^(?:{shape.pattern})$"
    elif not shape.blank:
        found["minLength"] = 1
    return found


def _bounds(shape: f.Integer | f.Number) -> Schema:
    bounds = {"minimum": shape.minimum, "maximum": shape.maximum}
    return {key: value for key, value in bounds.items() if value is not None}


def _list(shape: f.ListOf, definitions: Schema) -> Schema:
    item = _schema(shape.item, definitions)
    several: Schema = {"type": "array", "items": item}
    if shape.minimum:
        several["minItems"] = shape.minimum
    return {"anyOf": [item, several]} if shape.or_one else several


def _map(shape: f.MapOf, definitions: Schema) -> Schema:
    found: Schema = {"type": "object", "additionalProperties": _schema(shape.value, definitions)}
    names = _schema(shape.key, definitions)
    if "pattern" in names:
        found["propertyNames"] = {"pattern": names["pattern"]}
    if shape.minimum:
        found["minProperties"] = shape.minimum
    return found


def _record(record: f.Record, definitions: Schema) -> Schema:
    found: Schema = {
        "type": "object", "description": record.doc,
        "properties": {field.key: _field(field, definitions) for field in record.fields},
        "additionalProperties": _schema(record.rest, definitions) if record.rest is not None else False,
    }
    if required := [field.key for field in record.fields if field.required]:
        found["required"] = required
    if record.filled:
        found["minProperties"] = 1
    if record.exactly_one:
        found["oneOf"] = [_alone(key, record.narrows.get(key, ())) for key in record.exactly_one]
    if record.some_of:
        found["anyOf"] = [{"required": [key]} for key in record.some_of]
    if beside := {field.key: [field.beside] for field in record.fields if field.beside}:
        found["dependentRequired"] = beside
    return found if record.doc else {key: value for key, value in found.items() if key != "description"}


def _alone(key: str, narrows: tuple[str, ...]) -> Schema:
    """That a key stands; where it narrows others, that it stands without them."""
    beside = {"not": {"anyOf": [{"required": [other]} for other in narrows]}} if narrows else {}
    return {"required": [key], **beside}


def _field(field: f.Field, definitions: Schema) -> Schema:
    found = {**_schema(field.shape, definitions), "description": field.doc}
    return {**found, "examples": [_example(field.example)]} if field.example else found


def _example(text: str) -> Any:
    """The JSON value that an example, which is YAML, stands for."""
    source = Source("example", text)
    return literal(compose(source).root, Context(source))


def _json(shape: f.Json, definitions: Schema) -> Schema:
    if not shape.matchers:
        return {}
    definitions["shape"] = {
        "description": "What a value of the reply must be: literals, `$` matchers, `$.paths`.",
        "anyOf": [
            {"$ref": "#/$defs/matchers"},
            {"type": "object", "additionalProperties": _SHAPE,
             "propertyNames": {"not": {"pattern": r"^\$[^.\[]"}}},
            {"type": "array", "items": _SHAPE},
            {"type": ["string", "number", "boolean", "null"]},
        ],
    }
    definitions["matchers"] = {
        "type": "object", "minProperties": 1, "additionalProperties": False,
        "description": "Matchers: all of them must hold.",
        "properties": {name: _OPERANDS[name] for name in MATCHERS},
    }
    return dict(_SHAPE)


_OPERANDS: Mapping[str, Schema] = {
    "$type": {"enum": list(TYPES), "description": "The value's JSON type."},
    "$in": {"type": "array", "minItems": 1, "description": "The value is one of these."},
    "$matches": {"type": "string", "format": "regex", "description": "The text matches, anywhere in it."},
    "$lt": {"type": ["number", "string"], "description": "Less than this number or date."},
    "$gt": {"type": ["number", "string"], "description": "More than this number or date."},
    "$contains": {**_SHAPE, "description": "Text: holds this text. Array: holds an item like this."},
    "$length": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": _TEMPLATE},
                          {"$ref": "#/$defs/matchers"}],
                "description": "The length of a text, an array or an object."},
    "$each": {**_SHAPE, "description": "Every item of the array is like this."},
    "$absent": {"type": "boolean", "description": "Whether the value must be missing."},
    "$schema": {"type": ["object", "string", "boolean"],
                "description": "The value is as this JSON Schema says: written here, or the path of its file."},
    "$equals": {"description": "Exactly this value; keys with `$` are literal in it."},
}
