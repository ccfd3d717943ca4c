"""`flowprobe check` and `flowprobe schema`: files alone, nothing is sent, nothing slow is imported."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from flowprobe.core.scenario import Environment, Project, Scenario
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.checks import asks_for_contract, check_scenario
from flowprobe.files.lints import lint
from flowprobe.files.problems import did_you_mean, listed
from flowprobe.files.project import find_project, load_project
from flowprobe.files.scenarios import (
    PROJECT_FILE,
    is_case,
    is_profile,
    load_profile,
    load_scenario,
    read_scenario,
    scenario_files,
)
from flowprobe.running.places import profile_names, shown_path

if TYPE_CHECKING:
    from flowprobe.core.contract import Contract

__all__ = ["check_command", "looked_at", "schema_command"]


def check_command(paths: tuple[Path, ...], *, environment: str | None, as_json: bool, strict: bool = False) -> int:
    """Exit code 0, or 2 with every problem of every file; with `strict` a warning is one too."""
    files, problems = _files(paths)
    warnings: list[Problem] = []
    for file in files:
        wrong, odd = looked_at(file, environment)
        problems += (problem for problem in wrong if problem not in problems)
        warnings += odd
    bad = bool(problems or (strict and warnings))
    if as_json:
        found = {"files": [str(f) for f in files], "problems": [asdict(p) for p in problems],
                 "warnings": [asdict(w) for w in warnings]}
        print(json.dumps(found, indent=1))
    else:
        _show(len(files), problems, warnings, bad)
    return 2 if bad else 0


def _show(files: int, problems: list[Problem], warnings: list[Problem], bad: bool) -> None:
    for problem in problems:
        print(problem.render(), end="\n\n", file=sys.stderr)
    for warning in warnings:
        print(warning.render("warning: "), end="\n\n", file=sys.stderr)
    found = [_counted(len(problems), "problem"), _counted(len(warnings), "warning")]
    said = ", ".join(filter(None, found)) or "all well"
    print(f"{_counted(files, 'file') or '0 files'} checked, {said}", file=sys.stderr if bad else sys.stdout)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}" if number else ""


def _files(paths: tuple[Path, ...]) -> tuple[tuple[Path, ...], list[Problem]]:
    """The scenarios that paths name, and the cases in folders."""
    files: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in paths:
        cases = _cases(path)
        try:
            files.update(dict.fromkeys(scenario_files((path,))))
        except InvalidInput as invalid:
            problems += () if cases else invalid.problems
        files.update(dict.fromkeys(cases))
    return tuple(files), problems


def _cases(path: Path) -> tuple[Path, ...]:
    if not path.is_dir():
        return ()
    from flowprobe.files.cases import case_files

    return case_files((path,))


def looked_at(file: Path, environment: str | None) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
    """What is wrong with a file, and with how it fits the project that it belongs to; and what is odd about it."""
    try:
        if file.name == PROJECT_FILE:
            load_project(file)
            return (), ()
        if is_case(file):
            return _case(file, environment), ()
        if is_profile(file):
            load_profile(file)
            return (), ()
        scenario, root, context = read_scenario(file)
        found = find_project(file.resolve().parent)
        project = load_project(Path(shown_path(found))) if found else None
        where = _environment(project, environment) if project else None
        contract = _contract(scenario, where)
    except InvalidInput as invalid:
        return invalid.problems, ()
    production = environment is not None and where is not None and where.production
    plans = profile_names((file,)) if scenario.under else ()
    return check_scenario(scenario, project, where, plans=plans, contract=contract), lint(
        root, context, writes_need_cleanup=production)


def _case(file: Path, environment: str | None) -> tuple[Problem, ...]:
    """What is wrong with a case, and with how it fits its scenario and its environment."""
    from flowprobe.files.cases import check_case, check_environment, load_case, scenario_path

    case = load_case(file)
    path = scenario_path(case)
    scenario = load_scenario(path)
    found = find_project(path.resolve().parent)
    if found is None:
        return check_case(case, scenario)
    project = load_project(Path(shown_path(found)))
    if environment is None and (problems := check_environment(case, project)):
        return problems + check_case(case, scenario)
    return check_case(case, scenario, _environment(project, environment or case.environment))


def _contract(scenario: Scenario, environment: Environment | None) -> Contract | None:
    if environment is None or not asks_for_contract(scenario):
        return None
    from flowprobe.files.contracts import load_contract

    return load_contract(environment)


def _environment(project: Project, name: str | None) -> Environment:
    wanted = name or project.default or next(iter(project.environments))
    if wanted in project.environments:
        return project.environments[wanted]
    known = tuple(project.environments)
    instead = did_you_mean(wanted, known, otherwise=f"there is: {listed(known, last='and')}")
    found = f"there is no environment {wanted!r}"
    raise InvalidInput((Problem("unknown-environment", project.file, 0, 0, found, instead),))


def schema_command(kind: str) -> int:
    """Print the schema of a file that people write, or of a result; exit code 2 for a kind that there is none of."""
    from flowprobe.files.schema import SCHEMAS
    from flowprobe.report.alert_schema import alert_schema
    from flowprobe.report.exploring_schema import exploration_schema
    from flowprobe.report.result_schema import result_schema

    schemas = {**SCHEMAS, "result": result_schema, "exploration": exploration_schema, "alert": alert_schema}
    if kind not in schemas:
        print(f"there is no schema {kind!r}; there is: {', '.join(schemas)}", file=sys.stderr)
        return 2
    print(json.dumps(schemas[kind](), indent=2))
    return 0
