"""Cases are read whole, found in folders, and held against their scenario."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import flowprobe.core
from flowprobe.core.exploring.case import CaseThreshold, Found
from flowprobe.core.exploring.confirming import Confirmed
from flowprobe.core.exploring.model import Break
from flowprobe.core.exploring.oddities import oddities_of
from flowprobe.core.exploring.values import domains
from flowprobe.core.faults.latency import Latency
from flowprobe.errors import InvalidInput
from flowprobe.explore.strategies import zone_of
from flowprobe.files.cases import case_files, check_case, load_case, load_cases, scenario_path, without_cases
from flowprobe.files.scenarios import is_case, load_scenario, scenario_files
from tests.files.samples import GOOD

CASE = GOOD / "case.yaml"
CORE = Path(flowprobe.core.__path__[0])


def test_every_key_is_read() -> None:
    case = load_case(CASE)
    assert (case.name, case.scenario, case.environment, case.seed) == (
        "language-photo-payments-latency", "language.yaml", "local", 7)
    assert (case.personas, case.state, case.differs) == (
        {"admin": "pro-eu", "operator": "staff"}, {"card": "valid", "seats": 0}, ("seats",))
    assert case.without == ("text", "both")
    assert case.broke == Break("photo", "within", "within")
    assert case.broke.sentence == "expected 800ms, saw 3100ms"
    assert case.thresholds == (CaseThreshold("payments", 3.06, 2.94),)
    assert case.confirmed == Confirmed(2, 3, 1, 1, "the budget is used up")
    assert case.found == Found("2026-11-22T19:00:00Z", "0.1.0", 37, True)


def test_its_faults_are_those_of_a_fault_plan() -> None:
    plan = load_case(CASE).plan
    assert (plan.name, [fault.id for fault in plan.faults]) == (
        "language-photo-payments-latency", ["payments", "payments[1]", "mail"])
    assert (plan.faults[0].kind, plan.faults[0].match.calls) == (Latency(3.06), (1,))


def test_its_scenario_is_looked_for_from_its_folder_on_and_fits_it() -> None:
    case = load_case(CASE)
    assert scenario_path(case) == GOOD / "language.yaml"
    assert check_case(case, load_scenario(scenario_path(case))) == ()


def test_cases_are_found_in_folders_and_are_no_scenarios(tmp_path: Path) -> None:
    (tmp_path / ".hidden").mkdir()
    for name, text in (("b.yaml", "case: b"), ("a.yml", "flowprobe: 1\ncase: a\n"), ("c.yaml", "scenario: c\n"),
                       (".d.yaml", "case: d"), (".hidden/e.yaml", "case: e")):
        (tmp_path / name).write_text(text)
    assert case_files([tmp_path, tmp_path / "c.yaml"]) == (tmp_path / "a.yml", tmp_path / "b.yaml")
    assert case_files([tmp_path / "b.yaml"]) == (tmp_path / "b.yaml",)
    assert scenario_files([tmp_path]) == (tmp_path / "c.yaml",)


def test_paths_of_cases_alone_are_told_from_those_with_scenarios(tmp_path: Path) -> None:
    for name in ("cases/a.yaml", "both/b.yaml"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("case: a\n")
    (tmp_path / "both" / "c.yaml").write_text("scenario: c\n")
    paths = [tmp_path / name for name in ("cases", "cases/a.yaml", "both", "both/c.yaml", "absent.yaml")]
    assert without_cases(paths) == tuple(paths[2:])


def test_the_problems_of_several_are_told_at_once(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("case: a\n")
    with pytest.raises(InvalidInput) as invalid:
        load_cases([tmp_path / "a.yaml", CASE, tmp_path / "b.yaml"])
    assert {Path(problem.file).name for problem in invalid.value.problems} == {"a.yaml", "b.yaml"}


@pytest.mark.parametrize("name", ["journey.yaml", "absent.yaml"])
def test_other_files_are_no_cases(name: str) -> None:
    assert not is_case(GOOD / name)


def test_a_case_can_say_every_kind_of_promise_that_a_finding_has() -> None:
    sources = (path.read_text() for path in CORE.rglob("*.py"))
    kinds = {kind for text in sources for kind in re.findall(r'Finding\("([a-z_-]+)"', text)}
    kinds |= {"headers", "text", "body", "sends", "receives", "always", "never", "probe", "fail"}
    text = CASE.read_text()
    assert {load_case(CASE, text=text.replace("kind: within", f"kind: {kind}")).broke.kind for kind in kinds} == kinds


def test_the_values_of_an_odd_account_are_such_as_a_state_may_have() -> None:
    scenario = load_scenario(GOOD / "language.yaml")
    states = [*(odd.state for odd in oddities_of(scenario)),
              *({name: value} for name, values in domains(scenario.account, zone=zone_of).items() for value in values)]
    case = load_case(CASE)
    assert len(states) > 10
    assert [state for state in states if check_case(replace(case, state=state), scenario)] == []
