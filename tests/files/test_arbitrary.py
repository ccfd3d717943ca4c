"""Whatever stands in a file: a value, or problems; never another exception, and soon."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.problems import MESSAGES
from flowprobe.files.project import load_project
from flowprobe.files.scenarios import load_profile, load_scenario
from tests.files.samples import GOOD

WORDS = ["flowprobe", "scenario", "personas", "workflow", "step", "call", "expect", "json", "capture", "under",
         "faults", "environments", "start", "profile", "status", "$type", "$.a", "$length", "GET /a", "${a.b}", "${",
         "1", "1e999", "800ms", "true", "null", "~", "\"", "'", "{", "}", "[", "]", ": ", ", ", "- ", "\n", "\n  ",
         "\n    ", "&a", "*a", "!t", "<<", "|", ">", "#", "?", "\t", "\x00", "\ud800", "é", "\u2028", "\ufeff"]
LOADERS: list[Callable[..., Any]] = [load_scenario, load_project, load_profile]
fragments = st.lists(st.sampled_from(WORDS), max_size=30).map("".join)


def read(load: Callable[..., Any], text: str) -> None:
    for problem in problems(load, text):
        assert problem.id in MESSAGES
        assert problem.render()


def problems(load: Callable[..., Any], text: str) -> tuple[Problem, ...]:
    try:
        load(Path("any.yaml"), text=text)
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


@pytest.mark.parametrize("name", ["journey.yaml", "flowprobe.yaml"])
@given(data=st.data())
def test_a_good_file_with_one_piece_replaced_is_read_or_explained(name: str, data: st.DataObject) -> None:
    text = (GOOD / name).read_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    changed = text[:start] + data.draw(fragments) + text[end:]
    read(load_project if name == "flowprobe.yaml" else load_scenario, changed)
