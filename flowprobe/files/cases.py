"""Case files: read and checked, found in folders, and held against the scenario that they are about."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from flowprobe.core.account import misfit
from flowprobe.core.exploring.case import Case
from flowprobe.core.exploring.leaving_out import links_of
from flowprobe.core.exploring.oddities import oddities_of
from flowprobe.core.faults.fault import FaultPlan
from flowprobe.core.scenario import Environment, Position, Project, Scenario, webhook_edge
from flowprobe.core.shapes import equal, shown
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.case_tables import CASE
from flowprobe.files.context import Context
from flowprobe.files.fault_checks import check_profile
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence, read_text
from flowprobe.files.problems import Source, did_you_mean, listed
from flowprobe.files.reading import Reader, compile_shape
from flowprobe.files.scenarios import has_scenarios, is_case, read_file

__all__ = ["case_files", "check_case", "check_environment", "load_case", "load_cases", "scenario_path", "without_cases"]

_KEYS = {field.key for field in CASE.fields}
_ALWAYS = "a probe, an invariant or what `given` has made needs it"
_SUFFIXES = (".yaml", ".yml")


def load_case(path: Path, *, text: str | None = None) -> Case:
    """Read one case; `text` stands for the file's content. Raises InvalidInput with every problem of it."""
    return cast(Case, read_file(path, _reader(), _check, text=text))


def load_cases(paths: Iterable[Path]) -> tuple[Case, ...]:
    """Read several. Raises InvalidInput with the problems of all."""
    cases: list[Case] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            cases.append(load_case(path))
        except InvalidInput as invalid:
            problems += invalid.problems
    if problems:
        raise InvalidInput(tuple(problems))
    return tuple(cases)


@cache
def _reader() -> Reader:
    return compile_shape(CASE, "a case")


def case_files(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The cases that paths name: a file that is one, a folder with all that are in it and below, in order of name."""
    found: dict[Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys(file for file in _files_at(path) if is_case(file)))
    return tuple(found)


def without_cases(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Those of the paths that name something else than cases alone: scenarios, or nothing that is there."""
    return tuple(path for path in paths if not case_files([path]) or (path.is_dir() and has_scenarios(path)))


def _files_at(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names)
                    if name.endswith(_SUFFIXES) and not name.startswith("."))


def scenario_path(case: Case) -> Path:
    """The file of its scenario."""
    return Path(os.path.normpath(Path(case.file).parent / case.scenario))


# --- what it says together ------------------------------------------------------------------------


def _check(root: Node, context: Context, case: Any) -> None:
    plan = FaultPlan("case", case.faults) if isinstance(case, Case) else None
    check_profile(root, context, plan)
    if not isinstance(root, Mapping):
        return
    _check_scenario(root.get("scenario"), context)
    present = {key.value for key, _ in root.value}
    sound = present <= _KEYS  # or a key that is misspelt may be the one that is missing
    if sound or "state" in present:
        _check_differs(root, context)
    if sound or "faults" in present:
        _check_thresholds(root, context)


def _check_scenario(node: Node | None, context: Context) -> None:
    if isinstance(node, Scalar) and node.value and not Path(context.file).parent.joinpath(node.value).is_file():
        context.report("no-document", node, name=node.value)


def _check_differs(root: Mapping, context: Context) -> None:
    state = root.get("state")
    known = [key.value for key, _ in state.value] if isinstance(state, Mapping) else []
    for name in _items(root.get("differs")):
        if name.value not in known:
            context.report("unknown-field", name, name=name.value, instead=_near(name.value, known, "`state` has none"))


def _check_thresholds(root: Mapping, context: Context) -> None:
    edges = root.get("faults")
    known = [f"{edge.value}[{number}]" if number else edge.value
             for edge, faults in (edges.value if isinstance(edges, Mapping) else ())
             for number in range(len(faults.value) if isinstance(faults, Sequence) else 1)]
    thresholds = root.get("thresholds")
    for each in thresholds.value if isinstance(thresholds, Sequence) else ():
        fault = each.get("fault") if isinstance(each, Mapping) else None
        if isinstance(fault, Scalar) and fault.value not in known:
            context.report("unknown-fault", fault, name=fault.value,
                           instead=_near(fault.value, known, "it has none: remove this"))


def _items(node: Node | None) -> list[Scalar]:
    return [item for item in node.value if isinstance(item, Scalar)] if isinstance(node, Sequence) else []


def _near(word: str, known: list[str], nothing: str) -> str:
    return did_you_mean(word, known, otherwise=f"write {listed(known)}" if known else nothing)


def check_environment(case: Case, project: Project) -> tuple[Problem, ...]:
    """Where the environment that a case was found in is not there any more."""
    names = (case.environment,) if case.environment else ()
    source = Source(case.file, read_text(Path(case.file)))
    return tuple(_strangers(case, "environment", names, project.environments, "unknown-environment", source))


def check_case(case: Case, scenario: Scenario, environment: Environment | None = None) -> tuple[Problem, ...]:
    """Where a case does not fit its scenario any more: roles, who has them, fields of the account with their values and
    the step that it names; and of the environment, where that is known, the providers."""
    source = Source(case.file, read_text(Path(case.file)))
    found = [*_unbound(case, scenario, source),
             *_strangers(case, "personas", case.personas, scenario.personas, "unknown-role", source),
             *_strangers(case, "state", case.state, scenario.account, "unknown-field", source),
             *_misfits(case, scenario, source)]
    if environment is not None:
        edges = ("user", *environment.providers, *map(webhook_edge, environment.providers))
        named = dict.fromkeys(fault.edge for fault in case.faults)
        found += _strangers(case, "faults", named, edges, "unknown-provider", source, environment=environment.name)
    steps = [name for name, _ in scenario.steps()]
    if case.broke.step:
        found += _strangers(case, "broke", (case.broke.step,), steps, "unknown-step", source)
    if case.without:
        found += _left_out(case, scenario, source)
    if case.faults:
        named = dict.fromkeys(step for fault in case.faults for step in fault.match.step)
        gone = [step for step in named if not any(f"{name}/".startswith(f"{step}/") for name in steps)]
        found += _strangers(case, "faults", gone, steps, "unknown-step", source)
    return tuple(sorted(found, key=lambda problem: (problem.line, problem.column)))


def _left_out(case: Case, scenario: Scenario, source: Source) -> Iterator[Problem]:
    """Steps that are not there, and those that the case, or what is left of the journey, cannot do without."""
    links = links_of(scenario)
    yield from _strangers(case, "without", case.without, [*links.names, *links.wholes], "unknown-step", source)
    gone = {step: name for name in case.without for step in links.steps(name)}
    used = {gone[step]: f"a fault of this case falls in `{step}`" for fault in case.faults
            for name in fault.match.step for step in links.steps(name) if step in gone}
    used |= {gone[step]: f"it is the step whose promise is broken (`{case.broke.step}`)"
             for step in links.steps(case.broke.step) if step in gone}
    lacking = links.lacking(case.without)
    for name in dict.fromkeys(case.without):
        needing = lacking.get(name)
        who = used.get(name) or {None: "", "": _ALWAYS}.get(needing, f"`{needing}` needs it")
        if who:
            instead = f"leave `{needing}` out too, or remove this" if needing and name not in used else "remove this"
            line, column = source.find(case.positions["without"], name)
            yield source.problem("needed-step", line, column, width=len(name), name=name, who=who, instead=instead)


def _unbound(case: Case, scenario: Scenario, source: Source) -> Iterator[Problem]:
    """Personas that the scenario does not have for their role."""
    for role, name in case.personas.items():
        known = scenario.personas.get(role, ())  # none where the project's own are to be chosen from
        if known and name not in known and "personas" in case.positions:
            place = Position(case.file, *source.find(case.positions["personas"], role))
            line, column = source.find(replace(place, column=place.column + len(role)), name)
            yield source.problem("unknown-binding", line, column, width=len(name), name=name, role=role,
                                 instead=_near(name, list(known), "remove it"))


def _misfits(case: Case, scenario: Scenario, source: Source) -> Iterator[Problem]:
    """Values that a field neither has by default, nor may have, nor has in an odd account."""
    for name, value in case.state.items():
        field = scenario.account.get(name)
        if field is None or field.strategy is None or equal(value, field.default) or "state" not in case.positions:
            continue
        wanted = misfit(value, field.strategy)
        if wanted and not any(equal(value, odd.state[name]) for odd in oddities_of(scenario)):
            line, column = source.find(case.positions["state"], name)
            yield source.problem("bad-state", line, column, width=len(name), name=name, seen=shown(value),
                                 wanted=wanted)


def _strangers(case: Case, key: str, named: Iterable[str], known: Iterable[str], id: str,
               source: Source, **more: str) -> Iterator[Problem]:
    words = list(known)
    for name in named:
        if name not in words and key in case.positions:
            line, column = source.find(case.positions[key], name)
            yield source.problem(id, line, column, width=len(name), name=name,
                                 instead=_near(name, words, "remove it"), **more)
