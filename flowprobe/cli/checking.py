"""`flowprobe check` and `flowprobe schema`: files alone, nothing is sent, nothing slow is imported."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from flowprobe.core.scenario import Environment, Project
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.checks import check_scenario
from flowprobe.files.problems import did_you_mean, listed
from flowprobe.files.project import find_project, load_project
from flowprobe.files.scenarios import load_scenario, scenario_files
from flowprobe.running.places import shown_path

__all__ = ["check_command", "schema_command"]


def check_command(paths: tuple[Path, ...], *, environment: str | None, as_json: bool) -> int:
    """Exit code 0, or 2 with every problem of every file."""
    files, problems = _files(paths)
    for file in files:
        problems += _problems(file, environment)
    if as_json:
        print(json.dumps({"files": [str(f) for f in files], "problems": [asdict(p) for p in problems]}, indent=1))
    else:
        for problem in problems:
            print(problem.render(), end="\n\n", file=sys.stderr)
        print(_count(len(files), len(problems)), file=sys.stderr if problems else sys.stdout)
    return 2 if problems else 0


def _files(paths: tuple[Path, ...]) -> tuple[tuple[Path, ...], list[Problem]]:
    try:
        return scenario_files(paths), []
    except InvalidInput as invalid:
        return (), list(invalid.problems)


def _problems(file: Path, environment: str | None) -> tuple[Problem, ...]:
    """What is wrong with a file, and with how it fits the project that it belongs to."""
    try:
        scenario = load_scenario(file)
        found = find_project(file.resolve().parent)
        project = load_project(Path(shown_path(found))) if found else None
        where = _environment(project, environment) if project else None
    except InvalidInput as invalid:
        return invalid.problems
    return check_scenario(scenario, project, where)


def _environment(project: Project, name: str | None) -> Environment:
    wanted = name or project.default or next(iter(project.environments))
    if wanted in project.environments:
        return project.environments[wanted]
    known = tuple(project.environments)
    instead = did_you_mean(wanted, known, otherwise=f"there is: {listed(known, last='and')}")
    found = f"there is no environment {wanted!r}"
    raise InvalidInput((Problem("unknown-environment", project.file, 0, 0, found, instead),))


def _count(files: int, problems: int) -> str:
    looked = f"{files} file{'s' if files != 1 else ''} checked"
    return f"{looked}, {problems} problem{'s' if problems != 1 else ''}" if problems else f"{looked}, all well"


def schema_command(kind: str) -> int:
    """Print a schema; exit code 2 for a kind that there is none of."""
    from flowprobe.files.schema import SCHEMAS

    if kind not in SCHEMAS:
        print(f"there is no schema {kind!r}; there is: {', '.join(SCHEMAS)}", file=sys.stderr)
        return 2
    print(json.dumps(SCHEMAS[kind](), indent=2))
    return 0
