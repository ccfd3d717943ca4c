"""From what was asked to what will be run: files read and checked, plans chosen. Nothing is sent from here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from flowprobe.core.plan import Bindings
from flowprobe.core.profiles import segments_of
from flowprobe.core.scenario import Environment, FaultPlan, Project, Scenario
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.checks import asks_for_contract, bound, check_plan, check_scenario, variables
from flowprobe.files.project import find_project, load_project
from flowprobe.files.scenarios import load_scenario, scenario_files
from flowprobe.running.folder import last_result
from flowprobe.running.places import profile_names, shown_path
from flowprobe.running.profiles import profile_for

if TYPE_CHECKING:
    from flowprobe.core.contract import Contract

__all__ = ["Chosen", "Request", "Selection", "bindings", "find", "load_here", "select"]

_SHORTEST_SECRET = 8

@dataclass(frozen=True, slots=True)
class Request:
    """What a command asks for. `faults` None: all plans of each scenario; "none": the unfaulted trial alone;
    else the name of a plan, or the name or path of a profile, and the providers that it is to fall on
    (`brown-out@stripe`). `bind` fixes the persona of a role.
    `timeout_s` is the total budget of each call, `lease_wait_s` how long a trial waits for a free account;
    `allow_exec` lets `cmd:` references run; `cleanup_first`: what earlier runs left here goes before. `proxy` stands in
    for that of the environment; `probing`: every call bears every carrier, to see which of them come through.
    `overhear` is given each line of the journal, redacted, as it is recorded."""

    paths: tuple[Path, ...]
    environment: str | None = None
    faults: str | None = None
    seed: int | None = None
    tags: tuple[str, ...] = ()
    bind: Bindings | None = None
    fail_fast: bool = False
    last_failed: bool = False
    output: Path | None = None
    injector: bool = True
    timeout_s: float = 30.0
    lease_wait_s: float = 60.0
    allow_exec: bool = False
    cleanup_first: bool = True
    proxy: str | None = None
    probing: bool = False
    overhear: Callable[[str], None] | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """One scenario with the plans that it is to suffer, and the bindings that are wanted (None: all)."""

    scenario: Scenario
    plans: tuple[FaultPlan, ...]
    bind: Bindings


@dataclass(frozen=True, slots=True)
class Selection:
    """`notes` says what was left out, and why; `variables` are those of the surroundings that scenarios look up;
    `contract` is the environment's, where a scenario asks for it."""

    project: Project
    environment: Environment
    chosen: tuple[Chosen, ...]
    notes: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    contract: Contract | None = None

    @property
    def concealed(self) -> tuple[str, ...]:
        """The values of variables that are taken for secrets: all that are not short, for nobody says which of them
        are. What stands in the environment's URLs is known to everybody who reads the file."""
        known = (*self.environment.targets.values(),
                 *(url for p in self.environment.providers.values() for url in (p.url, p.upstream) if url))
        return tuple(value for value in self.variables.values()
                     if len(value) >= _SHORTEST_SECRET and not any(value.rstrip("/") in url for url in known))


def select(request: Request) -> Selection:
    """Read and check everything that the request names. Raises InvalidInput with every problem at once."""
    files = scenario_files(request.paths)
    named = {path.resolve() for path in request.paths if path.is_file()}
    project = load_here(request.paths)
    environment = _attached(find(project, request.environment), request.proxy)
    scenarios, contract, problems = _load(files, project, environment)
    if problems:
        raise InvalidInput(problems)
    alone, left_out = _alone(scenarios, named)
    wanted = _tagged(alone, request.tags)
    chosen, notes = _choose(wanted, request, environment)
    if request.last_failed:
        chosen = _failed_last(chosen)
    return Selection(project, environment, chosen, (*left_out, *notes), _variables(chosen), contract)


def _alone(scenarios: Sequence[Scenario], named: Container[Path]) -> tuple[tuple[Scenario, ...], tuple[str, ...]]:
    """Those that run without another that uses them; one that is named by itself and does not is a problem."""
    able = tuple(s for s in scenarios if not _missing(s))
    unable = [s for s in scenarios if _missing(s)]
    problems = tuple(
        Problem("needs-inputs", s.file, s.position.line, s.position.column,
                f"this scenario runs only where another uses it: its input {', '.join(_missing(s))} has no default",
                "give it a default, or run the scenario that uses it")
        for s in unable if Path(s.file).resolve() in named or not able)
    if problems:
        raise InvalidInput(problems)
    return able, tuple(f"{s.file} runs only where another scenario uses it: left out" for s in unable)


def _missing(scenario: Scenario) -> list[str]:
    return [name for name, wanted in scenario.inputs.items() if wanted.required]


def load_here(paths: Sequence[Path] = ()) -> Project:
    """The project of the first path, else of the working directory. Raises InvalidInput."""
    return load_project(_project_file(paths))


def _project_file(paths: Sequence[Path]) -> Path:
    start = paths[0] if paths else Path()
    found = find_project(start.resolve() if start.is_dir() else start.resolve().parent) or find_project(Path.cwd())
    if found is None:
        raise _problem("no-project", str(start), "there is no flowprobe.yaml here or in a folder above",
                       "it names the environments and the personas: see docs/reference/environment.md")
    return Path(shown_path(found))


def find(project: Project, name: str | None) -> Environment:
    """The environment of that name, else the default one. Raises InvalidInput."""
    wanted = name or project.default or next(iter(project.environments))
    if wanted in project.environments:
        return project.environments[wanted]
    raise _problem("unknown-environment", project.file, f"there is no environment {wanted!r}",
                   _instead(wanted, tuple(project.environments)))


def _attached(environment: Environment, proxy: str | None) -> Environment:
    """With the proxy that a flag names. Raises InvalidInput where the product has one of its own."""
    if proxy is None:
        return environment
    if environment.start:
        place = environment.start[0].position
        raise InvalidInput((Problem(
            "proxy-beside-start", place.file, place.line, place.column,
            f"--proxy names a proxy that stands beside a product, and the environment {environment.name!r} starts one "
            "with a proxy of its own", "leave --proxy out, or choose an environment without `start`"),))
    path = proxy.removeprefix("unix:")
    return replace(environment, proxy=proxy if path == proxy else f"unix:{Path(path).absolute()}")


def _load(files: Sequence[Path], project: Project, environment: Environment) -> (
        tuple[tuple[Scenario, ...], Contract | None, tuple[Problem, ...]]):
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    contract: Contract | None = None
    for file in files:
        try:
            scenario = load_scenario(file)
            if contract is None and asks_for_contract(scenario):
                from flowprobe.files.contracts import load_contract

                contract = load_contract(environment)
        except InvalidInput as invalid:
            problems += invalid.problems
            continue
        plans = profile_names(files) if scenario.under else ()
        problems += check_scenario(scenario, project, environment, plans=plans, contract=contract)
        scenarios.append(bound(scenario, project, environment))
    return tuple(scenarios), contract, tuple(dict.fromkeys(problems))


def _tagged(scenarios: Sequence[Scenario], tags: Sequence[str]) -> tuple[Scenario, ...]:
    wanted = tuple(s for s in scenarios if not tags or set(tags) & set(s.tags))
    if not wanted:
        known = tuple(sorted({tag for s in scenarios for tag in s.tags}))
        raise _problem("no-scenario-tagged", "--tag", f"no scenario has the tag {', '.join(tags)}",
                       _instead(tags[0], known))
    return wanted


def _choose(scenarios: Sequence[Scenario], request: Request, environment: Environment) -> (
        tuple[tuple[Chosen, ...], tuple[str, ...]]):
    bind = request.bind or {}
    _check_binding(scenarios, bind)
    match request.faults:
        case None:
            return tuple(Chosen(s, s.faults, bind) for s in scenarios), ()
        case "none":
            return tuple(Chosen(s, (), bind) for s in scenarios), ()
        case name:
            return _named(name, scenarios, environment, bind)


def _check_binding(scenarios: Sequence[Scenario], bind: Bindings) -> None:
    for role, name in bind.items():
        known = {persona for s in scenarios for persona in s.personas.get(role, ())}
        if name not in known:
            raise _problem("unknown-binding", "--persona", f"no scenario binds {role!r} to {name!r}",
                           _instead(name, tuple(sorted(known))))


def _named(name: str, scenarios: Sequence[Scenario], environment: Environment, bind: Bindings) -> (
        tuple[tuple[Chosen, ...], tuple[str, ...]]):
    """The scenarios' own plan of that name first, then a profile."""
    own = {s.file: tuple(p for p in s.faults if p.name == name) for s in scenarios}
    if any(own.values()):
        chosen = tuple(Chosen(s, own[s.file], bind) for s in scenarios if own[s.file])
        left = [s.file for s in scenarios if not own[s.file]]
        return chosen, tuple(f"{file} has no plan {name!r}: left out" for file in left)
    profile = profile_for(name, environment, tuple(Path(s.file) for s in scenarios),
                          (plan.name for s in scenarios for plan in s.faults))
    problems = check_plan(profile, environment, scenarios)
    if problems:
        raise InvalidInput(problems)
    return tuple(Chosen(s, segments_of(profile), bind) for s in scenarios), ()


def _variables(chosen: Sequence[Chosen]) -> dict[str, str]:
    """Only what is looked up is read, and what is not set is said before anything is sent."""
    wanted = {name: place for item in chosen for name, place in variables(item.scenario).items()}
    missing = tuple(
        Problem("variable-not-set", place.file, place.line, place.column,
                f"the environment variable {name} is not set, and ${{env.{name}}} looks it up")
        for name, place in wanted.items() if name not in os.environ)
    if missing:
        raise InvalidInput(missing)
    return {name: os.environ[name] for name in wanted}


def _failed_last(chosen: Sequence[Chosen]) -> tuple[Chosen, ...]:
    """Only what did not pass in the newest run: with its twin, since a plan is judged against it."""
    result = last_result()
    if result is None:
        raise _problem("no-last-run", "--last-failed", "there is no earlier run here", "run once without --last-failed")
    bad = (trial for trial in result["trials"] if trial["verdict"] in ("fail", "inconclusive"))
    failed = {_key(trial["file"], trial["personas"], trial["plan"]) for trial in bad}
    again = []
    for item in chosen:
        for binding in bindings(item):
            plans = tuple(p for p in item.plans if _key(item.scenario.file, binding, p.name) in failed)
            if plans or _key(item.scenario.file, binding, "none") in failed:
                again.append(Chosen(item.scenario, plans or item.plans, binding))
    return tuple(again)


def bindings(item: Chosen) -> list[dict[str, str]]:
    """The personas that each group of trials binds to the roles."""
    personas = item.scenario.personas
    every = (dict(zip(personas, names, strict=True)) for names in product(*personas.values()))
    return [b for b in every if all(b[role] == name for role, name in item.bind.items() if role in b)]


def _key(file: str, personas: Mapping[str, str], plan: str) -> str:
    return json.dumps([str(Path(file).resolve()), sorted(personas.items()), plan])


def _instead(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"there is: {', '.join(known) or 'none'}"


def _problem(id: str, place: str, found: str, instead: str) -> InvalidInput:
    return InvalidInput((Problem(id, place, 0, 0, found, instead),))
