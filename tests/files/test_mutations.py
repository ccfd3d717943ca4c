"""One mistake makes one message: every key of the good files misspelt, doubled, retyped and deleted in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from flowprobe.core import fields as f
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence, compose
from flowprobe.files.problems import Source
from flowprobe.files.project import load_project
from flowprobe.files.project_tables import PROJECT
from flowprobe.files.scenarios import load_profile, load_scenario
from flowprobe.files.tables import PROFILE, SCENARIO
from tests.files.samples import GOOD

LOADERS: dict[str, Callable[..., Any]] = {
    "journey.yaml": load_scenario, "language.yaml": load_scenario, "flowprobe.yaml": load_project, "profile.yaml": load_profile,
    "timing.yaml": load_profile,
}
TABLES = {"journey.yaml": SCENARIO, "language.yaml": SCENARIO, "flowprobe.yaml": PROJECT, "profile.yaml": PROFILE,
          "timing.yaml": PROFILE}


@dataclass(frozen=True)
class Key:
    """One key of a good file. `field` is the table's, None for a name that the author chose."""

    file: str
    text: str
    path: str
    start: int
    line: int
    end: int
    value: Node
    flow: bool
    field: f.Field | None

    @property
    def raw(self) -> str:
        return self.text[self.start:self.end].rstrip()

    def replaced(self, new: str) -> str:
        return self.text[:self.start] + new + self.text[self.start + len(self.raw):]


def shape_of(shape: f.Shape, node: Node) -> f.Shape:
    """The shape that reads this node: behind the short forms."""
    match shape:
        case f.As():
            return shape_of(shape.shape, node)
        case f.OneOf():
            parts = {Scalar: shape.scalar, Sequence: shape.sequence, Mapping: shape.mapping}
            return shape_of(parts[type(node)] or f.Json(), node)
        case f.ListOf() if shape.or_one and not isinstance(node, Sequence):
            return shape_of(shape.item, node)
        case f.Later():
            return shape_of(shape.record(), node)
        case _:
            return shape


def keys(file: str) -> Iterator[Key]:
    text = (GOOD / file).read_text()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    root = compose(Source(file, text)).root

    def walk(node: Node, shape: f.Shape, path: str) -> Iterator[Key]:
        shape = shape_of(shape, node)
        if isinstance(node, Sequence):
            for index, item in enumerate(node.value):
                inner = shape.item if isinstance(shape, f.ListOf) else f.Json()
                yield from walk(item, inner, f"{path}[{index}]")
        if not isinstance(node, Mapping):
            return
        at = starts[node.start.line] + node.start.column
        fields = {field.key: field for field in shape.fields} if isinstance(shape, f.Record) else {}
        for key, child in node.value:
            field = fields.get(key.value)
            here = f"{path}.{key.value}"
            yield Key(file, text, here, starts[key.start.line] + key.start.column, key.start.line + 1,
                      starts[child.end.line] + child.end.column, child, text[at] == "{", field)
            yield from walk(child, field.shape if field else getattr(shape, "value", f.Json()), here)
    yield from walk(root, TABLES[file], file)


ALL = [key for file in LOADERS for key in keys(file)]
OURS = [key for key in ALL if key.field is not None]


def problems(key: Key, text: str) -> tuple[Problem, ...]:
    try:
        LOADERS[key.file](GOOD / key.file, text=text)
    except InvalidInput as invalid:
        return invalid.problems
    return ()


def named(found: list[Key]) -> Any:
    return pytest.mark.parametrize("key", found, ids=[key.path for key in found])


def test_the_good_files_use_every_key_of_the_tables() -> None:
    """So that every key is mutated here."""
    def fields(shape: f.Shape) -> Iterator[str]:
        match shape:
            case f.Record():
                for field in shape.fields:
                    yield f"{shape.noun}.{field.key}"
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
    known = {name.partition(".")[2] for table in TABLES.values() for name in fields(table)}
    assert known == {key.field.key for key in OURS if key.field}


@named(ALL)
def test_a_doubled_key_is_one_message_on_the_second(key: Key) -> None:
    between = ", " if key.flow else "\n" + " " * (key.start - key.text.rfind("\n", 0, key.start) - 1)
    (problem,) = problems(key, key.replaced(key.raw + between + key.raw))
    assert problem.id == "duplicate-key"
    assert problem.line == key.line + (key.raw + between).count("\n")


def transposed(word: str) -> str:
    """Its last two letters that differ, exchanged."""
    at = next(at for at in range(len(word) - 2, -1, -1) if word[at] != word[at + 1])
    return word[:at] + word[at + 1] + word[at] + word[at + 2:]


@named([key for key in OURS if not (isinstance(key.field.shape, f.Json) and (key.file == "flowprobe.yaml" or ".personas." in key.path))])
@pytest.mark.parametrize("misspell", [lambda k: k[:-1] + k[-1] * 2, lambda k: k[0] + "x" + k[1:], transposed,
                                      lambda k: k[0].swapcase() + k[1:], str.swapcase])
def test_a_misspelt_key_is_one_message_at_its_place(key: Key, misspell: Callable[[str], str]) -> None:
    """But for a persona's `plan` and `region`, beside which any other field may stand."""
    word = key.field.key  # type: ignore[union-attr]
    wrong = misspell(word)
    (problem,) = problems(key, key.replaced(wrong + key.raw.removeprefix(word)))
    assert (problem.id, problem.line, problem.width) == ("unknown-key", key.line, len(wrong))


@named([key for key in OURS if not isinstance(key.field.shape, f.Json)])
def test_a_retyped_value_is_one_message_on_its_line(key: Key) -> None:
    """A JSON value may be anything, so these are left out."""
    value = "[[]]" if isinstance(key.value, Scalar) else "7"
    (problem,) = problems(key, key.replaced(f"{key.raw.partition(':')[0]}: {value}"))
    assert problem.line == key.line


DECLARES = {
    "flowprobe.yaml.environments.local.providers", "flowprobe.yaml.environments.local.targets",
    "flowprobe.yaml.environments", "flowprobe.yaml.personas", "journey.yaml.personas",
    "language.yaml.account", "language.yaml.workflow[1].capture", "language.yaml.workflow[5].capture",
}
"""Without these declarations several different names mean nothing: each is said once."""


def without(key: Key) -> str:
    """The text without a key; in braces, without its comma."""
    before, after = key.text[:key.start], key.text[key.start + len(key.raw):]
    if key.flow and before.endswith(", "):
        before = before[:-2]
    elif key.flow and after.startswith(", "):
        after = after[2:]
    return before + after


@named([key for key in OURS if key.path not in DECLARES])
def test_a_deleted_key_is_missed_once_at_most(key: Key) -> None:
    found = problems(key, without(key))
    assert len(found) <= 1
    if key.field is not None and key.field.required:
        assert [problem.id for problem in found] in (["missing-key"], ["wrong-type"])


@named([key for key in OURS if key.path in DECLARES])
def test_deleted_declarations_are_missed_by_each_name_once(key: Key) -> None:
    found = problems(key, without(key))
    assert found
    assert len({problem.found for problem in found}) == len(found)
