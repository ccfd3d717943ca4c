"""`flowprobe run` of cases as a regression suite, alone and behind scenarios."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.end_to_end.conftest import Place

CASE = """\
flowprobe: 1
case: {name}
scenario: ../{scenario}
personas: {{admin: pro-eu}}
environment: local
broke: {{step: {step}, kind: status, where: status}}
state: {{}}
"""
GREEN = "  - step: ask\n    call: GET /echo\n"
RED = "  - step: ask\n    call: GET /refuse\n"


def case(place: Place, name: str, scenario: str, *, step: str = "ask") -> Path:
    folder = place.folder / "cases"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.yaml"
    file.write_text(CASE.format(name=name, scenario=scenario, step=step))
    return file


@pytest.fixture
def suite(place: Place) -> Place:
    """Two scenarios, of which one fails, and a case of each."""
    place.workflow(GREEN, name="green.yaml")
    place.workflow(RED, name="red.yaml")
    case(place, "was-mended", "green.yaml")
    case(place, "is-broken", "red.yaml")
    return place


def test_a_folder_of_cases_is_replayed_with_a_test_case_for_each(suite: Place) -> None:
    done = suite.flowprobe("run", "cases", "--env", "bare", "--json", "--junit", "junit.xml", "-o", "out")
    assert done.code == 1, done.err
    assert {each["case"]: each["outcome"] for each in done.json["cases"]} == {
        "was-mended": "mended", "is-broken": "still broken"}
    suites = list(ElementTree.parse(suite.folder / "junit.xml").getroot())
    assert sum(int(each.get("tests", "0")) for each in suites) == 2
    assert sum(int(each.get("failures", "0")) for each in suites) == 1
    assert {Path(each["run"]) for each in done.json["cases"]} == {Path("out/1"), Path("out/2")}


def test_one_case_is_a_suite_whose_run_is_in_the_folder_that_was_asked_for(suite: Place) -> None:
    done = suite.flowprobe("run", "cases/was-mended.yaml", "--env", "bare", "-o", "out")
    assert (done.code, "✓ mended" in done.out) == (0, True), done.err
    assert (suite.folder / "out" / "result.json").exists()


def test_scenarios_go_first_and_their_run_is_still_the_newest(suite: Place) -> None:
    (suite.folder / "cases" / "is-broken.yaml").unlink()
    done = suite.flowprobe("run", "green.yaml", "red.yaml", "cases", "--env", "bare", "--json", "--junit", "junit.xml")
    assert done.code == 1, done.err
    assert [trial["verdict"] for trial in done.json["trials"]] == ["pass", "fail"]
    assert [each["outcome"] for each in done.json["cases"]] == ["mended"]
    assert (done.json["exit_code"], len(ElementTree.parse(suite.folder / "junit.xml").getroot())) == (1, 3)
    again = suite.flowprobe("run", "green.yaml", "red.yaml", "--env", "bare", "--last-failed", "--json")
    assert [Path(trial["file"]).name for trial in again.json["trials"]] == ["red.yaml"]


def test_a_broken_case_is_a_failure_though_every_scenario_is_green(suite: Place) -> None:
    done = suite.flowprobe("run", "green.yaml", "cases", "--env", "bare", "--json")
    assert (done.code, done.json["exit_code"], len(done.json["trials"])) == (1, 1, 1), done.err


def test_fail_fast_ends_with_the_first_that_is_still_broken(suite: Place) -> None:
    done = suite.flowprobe("run", "red.yaml", "cases", "--env", "bare", "--fail-fast")
    assert (done.code, "2 more were not come to" in done.out) == (1, True), done.out


@pytest.mark.parametrize("words", [("--faults", "none"), ("--tag", "x"), ("--last-failed",), ("--persona", "admin=pro-eu")])
def test_what_chooses_among_scenarios_is_refused_of_cases_alone(suite: Place, words: tuple[str, ...]) -> None:
    done = suite.flowprobe("run", "cases", "--env", "bare", *words)
    assert (done.code, f"{words[0]} chooses among scenarios" in done.err) == (2, True), done.err
    assert not (suite.folder / ".flowprobe").exists()


def test_beside_scenarios_it_leaves_the_cases_out_and_says_so(suite: Place) -> None:
    done = suite.flowprobe("run", "green.yaml", "cases", "--env", "bare", "--faults", "none")
    assert (done.code, "2 cases left out: --faults chooses among scenarios" in done.out) == (0, True), done.out


def test_problems_of_every_case_are_said_before_anything_is_sent(suite: Place) -> None:
    for name in ("was-mended", "is-broken"):
        file = suite.folder / "cases" / f"{name}.yaml"
        file.write_text(file.read_text().replace("step: ask", "step: asks"))
    done = suite.flowprobe("run", "green.yaml", "cases", "--env", "bare")
    assert (done.code, "2 problems, nothing was sent" in done.err) == (2, True), done.err
