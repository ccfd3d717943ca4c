"""How the files in `wrong/` and `good/` are read: by the first word of their name."""

from __future__ import annotations

import os
from pathlib import Path

from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.cases import check_case, load_case, scenario_path
from flowprobe.files.checks import check_scenario
from flowprobe.files.contracts import load_contract
from flowprobe.files.lints import lint
from flowprobe.files.project import load_project
from flowprobe.files.scenarios import load_profile, load_scenario, read_scenario

HERE = Path(__file__).parent
GOOD = HERE / "good"
WRONG = HERE / "wrong"


def problems_of(path: Path) -> tuple[Problem, ...]:
    """What is wrong with a file: `project-…`, `profile-…`, `case-…`, `check-…` (against the good project), `elsewhere-…` (in
    its environment without a product of ours), `production-…` (in the one with customers), `lint-…` (what is odd
    about it), or a scenario."""
    try:
        match path.name.partition("-")[0]:
            case "project":
                load_project(path)
            case "profile":
                load_profile(path)
            case "case":
                case = load_case(path)
                return check_case(case, load_scenario(scenario_path(case)))
            case "check":
                return checked(path)
            case "elsewhere":
                project = load_project(Path(os.path.relpath(GOOD / "flowprobe.yaml")))
                return check_scenario(load_scenario(path), project, project.environments["staging"])
            case "production":
                project = load_project(Path(os.path.relpath(GOOD / "flowprobe.yaml")))
                return check_scenario(load_scenario(path), project, project.environments["production"])
            case "lint":
                _, root, context = read_scenario(path)
                return lint(root, context, writes_need_cleanup=True)
            case _:
                load_scenario(path)
    except InvalidInput as invalid:
        return invalid.problems
    return ()


def checked(path: Path) -> tuple[Problem, ...]:
    project = load_project(GOOD / "flowprobe.yaml")
    local = project.environments["local"]
    return check_scenario(load_scenario(path), project, local, contract=load_contract(local))


def rendered(problems: tuple[Problem, ...]) -> str:
    return "".join(problem.render() + "\n" for problem in problems)
