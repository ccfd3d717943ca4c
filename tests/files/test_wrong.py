"""Every message, exactly: each file in `wrong/` has the messages in the `.err` beside it.

After a change that is meant: FLOWPROBE_GOLDEN=write pytest tests/files/test_wrong.py, then read the diff aloud.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput, Problem
from flowprobe.files import attachments
from flowprobe.files.context import MAX_PROBLEMS
from flowprobe.files.nodes import MAX_BYTES, MAX_NODES
from flowprobe.files.problems import MESSAGES
from flowprobe.files.scenarios import load_scenario, scenario_files
from tests.files.samples import GOOD, WRONG, problems_of, rendered

FILES = sorted(path.name for path in WRONG.glob("*.yaml"))


@pytest.mark.parametrize("name", FILES)
def test_the_messages_are_exactly_these(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(WRONG)
    seen = rendered(problems_of(Path(name)))
    golden = Path(name).with_suffix(".err")
    if os.environ.get("FLOWPROBE_GOLDEN") == "write":
        golden.write_text(seen)
    assert seen == golden.read_text()


@pytest.mark.parametrize("name", FILES)
def test_every_message_has_a_way_out(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(WRONG)
    assert [problem.found for problem in problems_of(Path(name)) if not problem.instead.strip()] == []


def test_no_golden_is_left_without_its_file() -> None:
    assert sorted(path.stem for path in WRONG.glob("*.err")) == sorted(Path(n).stem for n in FILES)


def only_problem(call: object, *arguments: object) -> Problem:
    with pytest.raises(InvalidInput) as caught:
        call(*arguments)  # type: ignore[operator]
    (problem,) = caught.value.problems
    return problem


def test_a_missing_file() -> None:
    assert only_problem(load_scenario, GOOD / "absent.yaml").id == "file-not-found"


def test_a_missing_path_is_compared_with_its_neighbours() -> None:
    problem = only_problem(scenario_files, [GOOD / "jorney.yaml"])
    assert (problem.id, problem.instead) == ("file-not-found", "did you mean `journey.yaml`?")


def test_a_folder_where_a_file_is_expected() -> None:
    assert only_problem(load_scenario, GOOD).id == "not-a-file"


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")
    monkeypatch.setattr(Path, "open", refuse)
    problem = only_problem(load_scenario, GOOD / "journey.yaml")
    assert (problem.id, problem.found) == ("unreadable-file", "this file cannot be read: Permission denied")


def test_a_name_with_a_nul_is_no_file() -> None:
    assert only_problem(load_scenario, Path("a\0b.yaml")).id == "file-not-found"


def test_a_folder_without_scenarios(tmp_path: Path) -> None:
    assert only_problem(scenario_files, [tmp_path]).id == "no-scenarios"


def test_a_file_over_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "large.yaml"
    file.write_bytes(b"#" * (MAX_BYTES + 1))
    assert only_problem(load_scenario, file).id == "file-too-large"


def test_too_many_values(tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    file.write_text("[" + "1," * MAX_NODES + "1]")
    assert only_problem(load_scenario, file).id == "too-many-values"


def test_of_very_many_mistakes_the_first_hundred_are_shown() -> None:
    text = "flowprobe: 1\n" + "".join(f"key{number}: 1\n" for number in range(5000))
    with pytest.raises(InvalidInput) as caught:
        load_scenario(Path("a.yaml"), text=text)
    assert len(caught.value.problems) == MAX_PROBLEMS + 1
    assert caught.value.problems[-1].id == "too-many-problems"


def test_a_file_that_is_too_large_to_be_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MAX_BYTES", 3)
    (tmp_path / "a.txt").write_text("four")
    (tmp_path / "a.yaml").write_text("flowprobe: 1\nscenario: A\npersonas: {admin: b}\n"
                                     "workflow: [{step: a, call: POST /a, file: a.txt}]\n")
    assert only_problem(load_scenario, tmp_path / "a.yaml").id == "file-unusable"


def test_a_few_files_that_are_more_steps_than_anybody_walks(tmp_path: Path) -> None:
    for name, used in (("top", "middle"), ("middle", "low"), ("low", "")):
        steps = (f"{{step: s{number}, {f'use: {used}.yaml' if used else 'call: GET /a'}}}" for number in range(30))
        (tmp_path / f"{name}.yaml").write_text(f"flowprobe: 1\nscenario: A\npersonas: {{admin: b}}\nworkflow: [{', '.join(steps)}]\n")
    problem = only_problem(load_scenario, tmp_path / "top.yaml")
    assert (problem.id, problem.line) == ("too-many-steps", 4)
    load_scenario(tmp_path / "middle.yaml")


def test_every_message_is_shown_by_a_file_or_by_a_test_above(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(WRONG)
    shown = {problem.id for name in FILES for problem in problems_of(Path(name))}
    above = {"file-not-found", "not-a-file", "unreadable-file", "no-scenarios", "file-too-large",
             "too-many-values", "too-many-problems", "file-unusable", "too-many-steps"}
    above |= {"document-too-large", "empty-document", "json-syntax", "unknown-anchor", "not-openapi",
              "no-contract"}  # these are shown by test_contracts.py
    assert shown | above == set(MESSAGES)
    assert not shown & above
