"""Whatever stands in a file: a value, or problems; never another exception, and soon."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from flowprobe.core import fields as f
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.case_tables import CASE
from flowprobe.files.cases import load_case
from flowprobe.files.context import Context
from flowprobe.files.nodes import compose
from flowprobe.files.problems import MESSAGES, Source
from flowprobe.files.project import load_project
from flowprobe.files.project_tables import PROJECT
from flowprobe.files.scenarios import load_profile, load_scenario
from flowprobe.files.schema import SCHEMAS
from flowprobe.files.step_tables import STEP
from flowprobe.files.tables import PROFILE, SCENARIO
from flowprobe.files.values import literal
from tests.files.generated import Generator
from tests.files.samples import GOOD

WORDS = ["flowprobe", "scenario", "personas", "workflow", "step", "call", "expect", "json", "capture", "under",
         "faults", "environments", "start", "profile", "status", "$type", "$.a", "$length", "GET /a", "${a.b}", "${",
         "1", "1e999", "800ms", "true", "null", "~", "\"", "'", "{", "}", "[", "]", ": ", ", ", "- ", "\n", "\n  ",
         "\n    ", "&a", "*a", "!t", "<<", "|", ">", "#", "?", "\t", "\x00", "\ud800", "é", "\u2028", "\ufeff"]
LOADERS: list[Callable[..., Any]] = [load_scenario, load_project, load_profile, load_case]
fragments = st.lists(st.sampled_from(WORDS), max_size=30).map("".join)


def read(load: Callable[..., Any], text: str) -> None:
    for problem in problems(load, text):
        assert problem.id in MESSAGES
        assert problem.render()


def problems(load: Callable[..., Any], text: str) -> tuple[Problem, ...]:
    try:
        load(GOOD / "any.yaml", text=text)  # in that folder are the files that it may name
    except InvalidInput as invalid:
        return invalid.problems or (Problem("none", "", 0, 0, ""),)
    return ()


@pytest.mark.parametrize("load", LOADERS)
@given(text=st.text() | fragments)
def test_any_text_is_read_or_explained(load: Callable[..., Any], text: str) -> None:
    read(load, text)


@settings(max_examples=50)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_explained(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "any.yaml")
        file.write_bytes(content)
        with pytest.raises(InvalidInput):
            load_scenario(file)


@pytest.mark.parametrize("name", ["journey.yaml", "language.yaml", "sign-in.yaml", "flowprobe.yaml"])
@given(data=st.data())
def test_a_good_file_with_one_piece_replaced_is_read_or_explained(name: str, data: st.DataObject) -> None:
    text = (GOOD / name).read_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    changed = text[:start] + data.draw(fragments) + text[end:]
    read(load_project if name == "flowprobe.yaml" else load_scenario, changed)


# --- files that are written from the tables -------------------------------------------------------

TABLES: dict[str, tuple[Callable[..., Any], f.Shape]] = {
    "scenario": (load_scenario, SCENARIO), "project": (load_project, PROJECT), "profile": (load_profile, PROFILE),
    "case": (load_case, CASE)}
FRAME = {"flowprobe": 1, "scenario": "A", "personas": {"admin": "pro-eu"},
         "workflow": [{"step": "one", "call": "GET /a", "capture": {"id": "$.id"}}]}


@pytest.mark.parametrize("name", TABLES)
@given(seed=st.integers(0, 2**32), odd=st.sampled_from([0.0, 0.02, 0.3]), full=st.sampled_from([0.05, 0.3, 0.9]))
def test_a_file_of_every_key_is_read_or_explained(name: str, seed: int, odd: float, full: float) -> None:
    load, table = TABLES[name]
    generator = Generator(random.Random(seed), odd, full)
    read(load, generator.text(table))
    if name == "scenario":
        read(load, json.dumps(framed(generator)))


def framed(generator: Generator) -> Any:
    """A scenario whose names are in order, with one step by chance."""
    step = {**generator.record(STEP), "step": "two"}
    return {**FRAME, "workflow": [*FRAME["workflow"], step]}  # type: ignore[misc]


def test_whatever_step_the_reader_takes_the_schema_takes() -> None:
    files = [json.dumps(framed(Generator(random.Random(seed), 0.01, 0.08))) for seed in range(1500)]
    assert agreed("scenario", files) > 200


@pytest.mark.parametrize("name", ["project", "profile"])
def test_whatever_the_reader_takes_the_schema_takes(name: str) -> None:
    files = [Generator(random.Random(seed), 0.01, 0.08).text(TABLES[name][1]) for seed in range(600)]
    assert agreed(name, files) > 20


def agreed(name: str, files: list[str]) -> int:
    """How many of them the reader takes, each of which the schema has to take."""
    load, _ = TABLES[name]
    schema = Draft202012Validator(SCHEMAS[name]())
    taken = [text for text in files if not problems(load, text)]
    for text in taken:
        source = Source("any.yaml", text)
        errors = [error.message for error in schema.iter_errors(literal(compose(source).root, Context(source)))]
        assert not errors, text
    return len(taken)
