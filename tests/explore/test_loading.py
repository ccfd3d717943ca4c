"""Strategies in Python are run only where that is allowed, and what is wrong with them has a file and a line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import find

from flowprobe.core.account import AccountField, Strategy
from flowprobe.core.values import Position
from flowprobe.errors import InvalidInput, Problem
from flowprobe.explore.loading import load_strategies
from flowprobe.explore.strategies import Given, strategy_of

HERE = Position("journey.yaml", 4, 3)
GOOD = """\
from hypothesis import strategies as st
from names import NAMES

names = st.sampled_from(NAMES)

@st.composite
def seats(draw):
    return draw(st.integers(3, 9)) * 10
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "accounts.py").write_text(GOOD)
    (tmp_path / "names.py").write_text("NAMES = ['Ada']\n")
    return tmp_path


def python(folder: Path, name: str) -> Strategy:
    return Strategy("python", {"file": str(folder / "accounts.py"), "name": name})


def load(*strategies: Strategy, allow_exec: bool = True) -> Given:
    fields = {f"field{number}": AccountField(1, HERE, each) for number, each in enumerate(strategies)}
    return load_strategies(fields, allow_exec=allow_exec)


def problem_of(*strategies: Strategy, allow_exec: bool = True) -> Problem:
    with pytest.raises(InvalidInput) as invalid:
        load(*strategies, allow_exec=allow_exec)
    (problem,) = invalid.value.problems
    return problem


def test_a_strategy_and_a_function_that_gives_one_are_taken_however_deep(folder: Path) -> None:
    strategies = [Strategy("lists", {"of": python(folder, "seats"), "min": 1}),
                  Strategy("objects", {"fields": {"name": python(folder, "names")}})]
    given = load(*strategies)
    assert find(strategy_of(strategies[0], given), lambda _: True) == [30]
    assert find(strategy_of(strategies[1], given), lambda _: True) == {"name": "Ada"}


def test_nothing_is_run_without_leave(folder: Path) -> None:
    (folder / "accounts.py").write_text("raise SystemExit('it was run')")
    problem = problem_of(python(folder, "seats"), allow_exec=False)
    assert (problem.place, "none may be run" in problem.found, "--allow-exec" in problem.instead) == (
        "journey.yaml:4:3", True, True)


def test_an_account_without_code_needs_no_leave() -> None:
    assert load(Strategy("integers"), allow_exec=False) == {}


@pytest.mark.parametrize(("text", "line", "said"), [
    ("x = 1\nx = 1 / 0\n", 2, "ZeroDivisionError: division by zero"),
    ("\n\nseats = (\n", 3, "SyntaxError: '(' was never closed"),
    ("import nothing_of_that_name\n", 1, "ModuleNotFoundError"),
    ("def seats():\n    raise SystemExit\n", 2, "SystemExit"),
    ("def seats(wanted):\n    return wanted\n", 0, "TypeError"),
    ("from hypothesis import strategies as st\nseats = st.integers(9, 3)\n", 0, "InvalidArgument"),
])
def test_code_that_fails_is_told_with_its_line(folder: Path, text: str, line: int, said: str) -> None:
    (folder / "accounts.py").write_text(text)
    problem = problem_of(python(folder, "seats"))
    assert (problem.file, problem.line, said in problem.found) == (str(folder / "accounts.py"), line, True), problem


@pytest.mark.parametrize(("text", "said"), [
    ("from hypothesis import strategies as st\nchairs = st.none()\n", "the strategies in it are: chairs"),
    ("seats = 7\n", "is 7, and no strategy"), ("def seats(): return [1]\n", "is [1], and no strategy"),
])
def test_what_is_no_strategy_is_told_at_the_field(folder: Path, text: str, said: str) -> None:
    (folder / "accounts.py").write_text(text)
    problem = problem_of(python(folder, "seats"))
    assert (problem.place, said in problem.found + problem.instead) == ("journey.yaml:4:3", True), problem


def test_one_mistake_in_a_file_is_one_message_and_others_are_told_beside_it(folder: Path) -> None:
    (folder / "accounts.py").write_text("1 / 0\n")
    (folder / "other.py").write_text("")
    other = Strategy("python", {"file": str(folder / "other.py"), "name": "plan"})
    with pytest.raises(InvalidInput) as invalid:
        load(python(folder, "seats"), python(folder, "names"), other)
    assert [Path(problem.file).name for problem in invalid.value.problems] == ["accounts.py", "journey.yaml"]


def test_nothing_is_left_of_it_in_the_folder_nor_in_the_search_path(folder: Path) -> None:
    before = list(sys.path)
    load(python(folder, "names"))
    assert sys.path == before
    assert sorted(path.name for path in folder.iterdir()) == ["accounts.py", "names.py"]


def test_a_class_of_it_knows_its_module(folder: Path) -> None:
    (folder / "accounts.py").write_text("from __future__ import annotations\nimport dataclasses\n"
                                        "from hypothesis import strategies as st\n@dataclasses.dataclass\n"
                                        "class A:\n    x: dataclasses.KW_ONLY\nseats = st.none()\n")
    assert list(load(python(folder, "seats"))) == [f"{folder / 'accounts.py'}:seats"]
