"""The schemas that are checked in are those of the tables, and take what the reader takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowprobe.core import fields as f
from flowprobe.files.case_tables import CASE
from flowprobe.files.context import Context
from flowprobe.files.nodes import compose, read_text
from flowprobe.files.problems import Source
from flowprobe.files.project_tables import PROJECT
from flowprobe.files.reading import compile_shape
from flowprobe.files.scenarios import load_scenario, scenario_files
from flowprobe.files.schema import SCHEMAS
from flowprobe.files.tables import PROFILE, SCENARIO
from flowprobe.files.values import literal
from tests.files.samples import GOOD

ROOT = Path(__file__).parents[2]
TABLES = {"scenario": SCENARIO, "project": PROJECT, "profile": PROFILE, "case": CASE}
SHIPPED = sorted([*GOOD.glob("*.yaml"), *scenario_files([ROOT / "scenarios"]), ROOT / "scenarios/flowprobe.yaml",
                  *ROOT.glob("proxies/profiles/*.yaml")])


def document(path: Path) -> Any:
    source = Source(str(path), read_text(path))
    return literal(compose(source).root, Context(source))


def kind(path: Path, found: Any) -> str:
    if path.name == "flowprobe.yaml":
        return "project"
    return "case" if "case" in found else "profile" if "profile" in found else "scenario"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_file_is_what_the_tables_say(name: str) -> None:
    """Otherwise: flowprobe schema scenario > docs/schema/scenario.v1.json"""
    assert (ROOT / "docs/schema" / f"{name}.v1.json").read_text() == json.dumps(SCHEMAS[name](), indent=2) + "\n"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name]())


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_files_are_valid(path: Path) -> None:
    found = document(path)
    Draft202012Validator(SCHEMAS[kind(path, found)]()).validate(found)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_misspelt_key_is_red_in_the_editor(name: str) -> None:
    assert not Draft202012Validator(SCHEMAS[name]()).is_valid({"flowprobe": 1, "scenarrio": "A"})


@pytest.mark.parametrize("json_shape", ["{a: {$typ: string}}", "{a: {$gt: 1, b: 2}}", "{a: {$type: text}}"])
def test_a_wrong_matcher_is_red_in_the_editor(json_shape: str) -> None:
    text = ("flowprobe: 1\nscenario: A\npersonas: {a: b}\n"
            f"workflow: [{{step: a, call: GET /a, expect: {{json: {json_shape}}}}}]")
    source = Source("a", text)
    assert not Draft202012Validator(SCHEMAS["scenario"]()).is_valid(literal(compose(source).root, Context(source)))


def fields(shape: f.Shape) -> Iterator[f.Field]:
    """Every field of a table, however deep."""
    match shape:
        case f.Record():
            for field in shape.fields:
                yield field
                yield from fields(field.shape)
        case f.As():
            yield from fields(shape.shape)
        case f.ListOf():
            yield from fields(shape.item)
        case f.MapOf():
            yield from fields(shape.value)
        case f.OneOf():
            for part in (shape.scalar, shape.sequence, shape.mapping):
                yield from fields(part) if part is not None else ()


ALL = [(f"{name}.{field.key}", field) for name, table in TABLES.items() for field in fields(table)]


@pytest.mark.parametrize("field", [field for _, field in ALL], ids=[name for name, _ in ALL])
def test_every_field_has_a_sentence_and_an_example_that_reads(field: f.Field) -> None:
    assert field.doc.endswith(".")
    source = Source(str(GOOD / "example.yaml"), field.example)
    context = Context(source)
    context.load = load_scenario
    compile_shape(field.shape, field.key)(compose(source).root, context)
    assert [problem.render() for problem in context.problems] == []


def properties(schema: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every property that a schema names, however deep, with where it stands; values of keywords are no schemas."""
    if isinstance(schema, dict):
        for key, found in schema.get("properties", {}).items():
            yield f"{path}/{key}", found
            yield from properties(found, f"{path}/{key}")  # also where the key is called `properties`
        for keyword, inner in schema.items():
            if keyword not in ("examples", "const", "enum", "properties"):
                yield from properties(inner, f"{path}/{keyword}")
    elif isinstance(schema, list):
        for number, inner in enumerate(schema):
            yield from properties(inner, f"{path}/{number}")


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_editor_has_a_sentence_for_every_property(name: str) -> None:
    named = dict(properties(SCHEMAS[name]()))
    assert named
    assert [path for path, found in named.items() if not found.get("description", "").endswith(".")] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_editor_has_an_example_for_every_property_whose_table_has_one(name: str) -> None:
    wanted = {field.doc for field in fields(TABLES[name]) if field.example}
    shown = {found["description"] for _, found in properties(SCHEMAS[name]()) if found.get("examples")}
    assert wanted - shown == set()


@pytest.mark.parametrize("key", ["environment", "persona", "provider", "start"])
def test_environments_and_personas_are_explained_as_a_whole(key: str) -> None:
    assert SCHEMAS["project"]()["$defs"][key]["description"].endswith(".")
