"""`flowprobe check`: what it prints, and how it ends."""

from __future__ import annotations

import gc
import json
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowprobe.cli import checking
from flowprobe.cli.app import app
from flowprobe.cli.checking import check_command, looked_at

ODD = """\
flowprobe: 1
scenario: A
personas: {admin: pro-eu}
workflow:
  - step: one
    call: POST /one
    capture: {id: $.id}
"""


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    file = tmp_path / "a.yaml"
    file.write_text(ODD)
    return file


def test_a_warning_is_told_and_fails_nothing(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command((odd,), environment=None, as_json=False) == 0
    out, err = capsys.readouterr()
    assert out == "1 file checked, 1 warning\n"
    assert err.startswith(f"{odd}:7:15: warning: nothing uses what the step `one` captures as `id`\n")


def test_strictly_a_warning_is_a_problem(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command((odd,), environment=None, as_json=False, strict=True) == 2
    assert capsys.readouterr().err.endswith("1 file checked, 1 warning\n")


def test_json_has_problems_and_warnings(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command((odd, odd.with_name("absent.yaml")), environment=None, as_json=True) == 2
    found = json.loads(capsys.readouterr().out)
    assert [problem["id"] for problem in found["problems"]] == ["file-not-found"]
    assert check_command((odd,), environment=None, as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["problems"], [warning["id"] for warning in found["warnings"]]) == ([], ["unused-capture"])


def test_problems_come_before_warnings_and_both_are_counted(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd.with_name("b.yaml").write_text(ODD.replace("POST", "POOST"))
    assert check_command((odd.parent,), environment=None, as_json=False) == 2
    assert capsys.readouterr().err.endswith("2 files checked, 1 problem, 1 warning\n")


def test_memory_stays_flat_over_many_files(odd: Path) -> None:
    """What is kept of one file is nothing; the look-ups that are remembered are a fixed number."""
    file = odd.with_name("many.yaml")

    def look(numbers: range) -> int:
        for number in numbers:
            file.write_text(ODD.replace("one", f"one-{number}") + f"    cleanup: DELETE /one/${{one-{number}.id}}\n")
            assert looked_at(file, None) == ((), ())
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    look(range(20))
    tracemalloc.start()
    try:
        before = look(range(20, 60))
        growth = look(range(60, 460)) - before
    finally:
        tracemalloc.stop()
    assert growth < 400 * 1024  # a file with its nodes and its model is some 50 KiB


def test_writes_in_a_production_that_is_named_need_their_cleanup(
        odd: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    odd.with_name("flowprobe.yaml").write_text(
        "flowprobe: 1\nenvironments: {live: {target: http://127.0.0.1:9}}\npersonas: {pro-eu: {}}\n")
    live = SimpleNamespace(name="live", targets={"target": "http://127.0.0.1:9"}, providers={}, personas=None,
                           production=True, start=())
    monkeypatch.setattr(checking, "_environment", lambda project, name: live)  # noqa: ARG005
    for named, said in ((None, "1 warning"), ("live", "2 warnings")):
        check_command((odd,), environment=named, as_json=False)
        assert capsys.readouterr().out == f"1 file checked, {said}\n"


@pytest.mark.parametrize(("name", "text", "key"), [
    ("flowprobe.yaml", "flowprobe: 1\nscenaro: A\n", "project"), ("slow.yaml", "flowprobe: 1\nprofile: slow\nfults: {}\n", "profile"),
    ("odd.yaml", "flowprobe: 1\ncase: odd\nfults: {}\n", "case")])
def test_a_project_a_profile_and_a_case_are_read_as_what_they_are(tmp_path: Path, name: str, text: str, key: str) -> None:
    (tmp_path / name).write_text(text)
    wrong, _ = looked_at(tmp_path / name, None)
    assert key in " ".join(problem.found for problem in wrong)
    assert "scenario " not in " ".join(problem.found for problem in wrong)


def test_a_case_is_held_against_its_scenario(odd: Path) -> None:
    case = odd.with_name("case.yaml")
    case.write_text(f"flowprobe: 1\ncase: one\nscenario: {odd.name}\npersonas: {{nobody: pro-eu}}\nbroke: {{kind: never}}\n")
    wrong, _ = looked_at(case, None)
    assert [(problem.id, problem.line) for problem in wrong] == [("unknown-role", 4)]


def test_the_cases_of_a_folder_are_checked_too(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = odd.parent / "cases"
    cases.mkdir()
    (cases / "found.yaml").write_text("flowprobe: 1\ncase: found\nscenario: ../a.yaml\npersonas: {admin: pro-eu}\n"
                                      "broke: {kind: never}\n")
    assert check_command((cases,), environment=None, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["files"] == [str(cases / "found.yaml")]
    assert check_command((odd.parent,), environment=None, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["files"] == [str(odd), str(cases / "found.yaml")]


def test_a_file_name_is_shown_with_nothing_in_it_that_a_terminal_would_act_on(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m\nb.yaml"
    file.write_text("flowprobe: 1\n")
    wrong, _ = looked_at(file, None)
    assert "a\\x1b[31m\\x0ab.yaml" in wrong[0].render()
    assert all("\x1b" not in problem.render() for problem in wrong)


def test_without_a_path_this_folder_is_checked(odd: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(odd.parent)
    assert app(["check"], standalone_mode=False) == 0
    assert capsys.readouterr().out == "1 file checked, 1 warning\n"
