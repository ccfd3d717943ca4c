"""What a scenario says of the project: its personas, and the environment's providers and targets.

A scenario whose own file is sound is checked here as a model, against one project and one environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from flowprobe.core.accounts import variants
from flowprobe.core.auth import OAuth2, references
from flowprobe.core.expressions import lookups
from flowprobe.core.faults.duplicate import Duplicate
from flowprobe.core.faults.kinds import kind_name
from flowprobe.core.scenario import (
    GUEST,
    ContractTerms,
    Environment,
    Expect,
    FaultPlan,
    Item,
    Lookup,
    Parallel,
    Persona,
    Position,
    Project,
    Repeat,
    Scenario,
    SecretRef,
    Selector,
    Sends,
    Step,
    Template,
    Use,
    webhook_edge,
)
from flowprobe.core.statements import Invariant
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.edge_checks import check_faults, own_calls
from flowprobe.files.nodes import read_text
from flowprobe.files.problems import Source, did_you_mean, listed

if TYPE_CHECKING:
    from flowprobe.core.contract import Contract

__all__ = ["asks_for_contract", "bound", "check_plan", "check_scenario", "variables"]


def check_scenario(scenario: Scenario, project: Project | None = None, environment: Environment | None = None,
                   *,
                   plans: Iterable[str] = (), contract: Contract | None = None) -> tuple[Problem, ...]:
    """Every name in a scenario that the project or the environment does not have.

    What is not given is not checked. `plans` names fault plans from elsewhere, of which `under` may speak
    too.
    """
    source = _source(scenario.file)
    problems: list[Problem] = []
    if project is not None:
        problems += _personas(scenario, project, source)
        problems += _selectors(scenario, project, environment, source)
        problems += _attributes(scenario, project, source)
    for plan in scenario.faults:
        if plan.name == "none":
            place = plan.position or scenario.position
            problems.append(source.problem_at("name-taken", place, width=4, name="none", owner="the unfaulted trial"))
        problems += (*own_calls(plan, (scenario,), source), *_own_duplicates(plan, source))
        problems += _actors(plan, scenario, project, environment, source)
    if environment is not None:
        for plan in scenario.faults:
            problems += _edges(plan, environment, source)
            problems += check_faults(plan, environment, source)
        problems += _steps(scenario, environment, source)
        problems += _under(scenario, environment, plans, source)
        problems += _contracts(scenario, environment, contract, source)
    if project is not None and environment is not None:
        problems += _sign_ins(scenario, project, environment)
        problems += _mints(scenario, project, environment)
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))


def asks_for_contract(scenario: Scenario) -> bool:
    """Whether any step is to be held against the environment's OpenAPI document."""
    return any(True for _ in _terms(scenario))


def bound(scenario: Scenario, project: Project, environment: Environment) -> Scenario:
    """The scenario with a role that says what its persona is like bound to every persona that is, and may act here."""
    if not scenario.selectors:
        return scenario
    allowed = [persona for name, persona in project.personas.items()
               if environment.personas is None or name in environment.personas]
    like = {role: tuple(persona.name for persona in allowed if _is_like(persona, selector))
            for role, selector in scenario.selectors.items()}
    return replace(scenario, personas={**scenario.personas, **like})


def _is_like(persona: Persona, selector: Selector) -> bool:
    return set(selector.labels) <= set(persona.labels) and all(
        persona.fields.get(name) == value for name, value in selector.fields.items())


def _selectors(scenario: Scenario, project: Project, environment: Environment | None, source: Source) -> (
        Iterator[Problem]):
    """A role that no persona fits would make no trial at all."""
    named = tuple(project.personas) if environment is None or environment.personas is None else environment.personas
    known = [project.personas[name] for name in named if name in project.personas]
    for role, selector in scenario.selectors.items():
        if not any(_is_like(persona, selector) for persona in known):
            wanted = ", ".join([*selector.labels, *(f"{name} {value}" for name, value in selector.fields.items())])
            told = "; ".join(f"{persona.name} ({', '.join(persona.labels) or 'no labels'})" for persona in known[:6])
            yield source.problem_at("no-such-persona", scenario.positions[f"personas.{role}"], width=len(role),
                                    wanted=wanted, known=told or "none")


def variables(scenario: Scenario) -> Mapping[str, Position]:
    """The environment variables that a scenario looks up, with the first place of each."""
    found: dict[str, Position] = {}
    inner = [item for item in _all_items(scenario.workflow) if isinstance(item, Use)]
    for template in (*_templates(scenario), *_templates([item.workflow for item in inner])):
        for lookup in lookups(template):
            if lookup.path[0] == "env" and len(lookup.path) == 2:
                found.setdefault(lookup.path[1], template.position)
    return found


def _all_items(items: Iterable[Item]) -> Iterator[Item]:
    """Every item of a workflow, those inside of others too."""
    for item in items:
        yield item
        match item:
            case Use():
                yield from _all_items(item.workflow)
            case Parallel():
                for branch in item.branches:
                    yield from _all_items(branch)
            case Step():
                pass


def check_plan(plan: FaultPlan, environment: Environment, scenarios: Iterable[Scenario]) -> tuple[Problem, ...]:
    """Every edge of a fault plan that the environment does not have, and every fault that these scenarios do not
    survive as they are written."""
    source = _source(plan.position.file if plan.position else "")
    own = (*own_calls(plan, scenarios, source), *_own_duplicates(plan, source))
    return (*own, *_edges(plan, environment, source), *check_faults(plan, environment, source))


def _source(file: str) -> Source:
    """The file again, for the lines that messages show; without them where it cannot be read."""
    try:
        return Source(file, read_text(Path(file)))
    except InvalidInput:
        return Source(file)


def _unknown(id: str, source: Source, position: Position, name: str, known: Iterable[str],
             **words: str) -> Problem:
    """A problem about `name`, which starts at or after `position`."""
    known = list(known)
    otherwise = f"write {listed(known)}" if known else "there is none"
    line, column = source.find(position, name)
    return source.problem(id, line, column, width=len(name), name=name, **words,
                          instead=did_you_mean(name, known, otherwise=otherwise))


# --- personas -------------------------------------------------------------------------------------


def _personas(scenario: Scenario, project: Project, source: Source) -> Iterator[Problem]:
    for role, names in scenario.personas.items():
        for name in names:
            if name not in project.personas:
                place = scenario.positions.get(f"personas.{role}", scenario.position)
                after = Position(place.file, place.line, place.column + len(role))
                yield _unknown("unknown-persona", source, after, name, project.personas)


def _attributes(scenario: Scenario, project: Project, source: Source) -> Iterator[Problem]:
    """`${role.name}` against each persona that the role is bound to; one message for one look-up and
    persona.
    """
    seen: set[tuple[Lookup, str]] = set()
    for template in _templates(scenario):
        for lookup in lookups(template):
            for name in scenario.personas.get(lookup.path[0], ()):
                persona = project.personas.get(name)
                if persona is None or (lookup, name) in seen:
                    continue
                seen.add((lookup, name))
                lacking = next((each for each in variants(persona) if not _has(each, lookup.path[1:])), None)
                if lacking is not None:
                    yield _no_attribute(source, template, lookup, lacking)


def _fields(persona: Persona) -> dict[str, Any]:
    """What `${role.…}` finds: see `core.request.persona_names`."""
    return {"name": persona.name, "labels": list(persona.labels), "budget": persona.budget, **persona.fields}


def _has(persona: Persona, path: tuple[str, ...]) -> bool:
    found: Any = _fields(persona)
    for part in path:
        if not isinstance(found, Mapping) or part not in found:
            return False
        found = found[part]
    return True


def _no_attribute(source: Source, template: Template, lookup: Lookup, persona: Persona) -> Problem:
    known = [*(key for key in _fields(persona) if key != "budget"),
             *(f"budget.{name}" for name in persona.budget)]
    name = ".".join(lookup.path[1:])
    line, column = source.find(template.position, str(lookup))
    return source.problem(
        "unknown-attribute", line, column, width=len(str(lookup)), persona=persona.identity, name=name,
        instead=did_you_mean(name, known, otherwise=f"it has {listed(known, last='and')}"))


def _sign_ins(scenario: Scenario, project: Project, environment: Environment) -> Iterator[Problem]:
    """Tokens that are asked for at a target which the environment does not have; told once, where the persona says
    it."""
    bound = dict.fromkeys(name for names in scenario.personas.values() for name in names)
    acting = [each for name in bound if name in project.personas for each in variants(project.personas[name])]
    lines = {each.auth.token: None for each in acting if isinstance(each.auth, OAuth2)}
    for line in lines:
        if line.target is not None and line.target not in environment.targets:
            yield _unknown("unknown-target", _source(line.position.file), line.position, line.target,
                           environment.targets, environment=environment.name)


def _mints(scenario: Scenario, project: Project, environment: Environment) -> Iterator[Problem]:
    """Secrets that are made anew for each run, where no product is started that they could be given to."""
    if environment.start:
        return
    names = dict.fromkeys(name for names in bound(scenario, project, environment).personas.values() for name in names)
    may = [name for name in names if environment.personas is None or name in environment.personas]
    acting = [each for name in may if name in project.personas for each in variants(project.personas[name])]
    for reference in dict.fromkeys(reference for persona in acting for reference in _secrets(persona)):
        if reference.scheme == "mint":
            place = reference.position
            yield _source(place.file).problem_at("mint-unknown", place, width=len(str(reference)), name=str(reference),
                                                 environment=environment.name)


def _secrets(persona: Persona) -> Iterator[SecretRef]:
    if persona.auth is not None:
        yield from references(persona.auth)
    if persona.certificate is not None and persona.certificate.password is not None:
        yield persona.certificate.password


def _templates(value: Any) -> Iterator[Template]:
    """Every template of a scenario, wherever it stands."""
    match value:
        case Template():
            yield value
        case Scenario():
            probes = [probe.step for probe in value.probes]
            yield from _templates((value.given, value.workflow, value.outputs, probes, value.invariants))
            for promise in value.under:
                yield from _templates(promise.steps)
        case Step() | Use() | Parallel():
            yield from _conditions(value.when, value.position)
            yield from _templates(_parts(value))
        case Invariant():
            yield from _conditions(value.when, value.position)
            yield from _templates((value.facts, value.then))
        case Repeat():
            yield from _conditions(value.condition, value.position)
        case Mapping():
            yield from _templates(list(value.values()))
        case list() | tuple():
            for item in value:
                if item is not None and not isinstance(item, str | int | float):
                    yield from _templates(item)
        case _ if is_dataclass(value) and not isinstance(value, type):
            yield from _templates([getattr(value, name) for name in _names(type(value))])


def _parts(item: Item) -> tuple[Any, ...]:
    """What of a step can hold a look-up that this scenario's names answer."""
    match item:
        case Use():
            return (item.inputs,)
        case Parallel():
            return (item.branches,)
        case Step():
            said = (item.expect, item.check) if item.check.named else (item.expect,)
            return (item.call, item.query, item.headers, item.body, *said, item.poll, item.cleanup, item.find,
                    item.each, item.repeat, item.signs_in,
                    [capture.default for capture in item.captures if capture.has_default])
        case _:
            assert_never(item)


@cache
def _names(cls: type[Any]) -> tuple[str, ...]:
    """The parts of a value of the model, but for the places."""
    return tuple(field.name for field in fields(cls) if not field.name.startswith("position"))


def _conditions(when: Mapping[str, Any], position: Position) -> Iterator[Template]:
    """The names and shapes of `when`; a name is a look-up like any other."""
    for path, shape in when.items():
        yield Template((Lookup(tuple(path.split("."))),), position)
        yield from _templates((shape,))


# --- the environment ------------------------------------------------------------------------------


def _edges(plan: FaultPlan, environment: Environment, source: Source) -> Iterator[Problem]:
    """An edge is named once, however many faults it has."""
    known = ("user", *environment.providers, *_webhooks(environment))
    seen: set[str] = set()
    for fault in plan.faults:
        if fault.edge not in known and fault.edge not in seen:
            seen.add(fault.edge)
            place = plan.position or fault.position
            yield _unknown("unknown-provider", source,
                           _within_line(source, place, fault.position, fault.edge),
                           fault.edge, known, environment=environment.name)


def _webhooks(environment: Environment) -> tuple[str, ...]:
    return tuple(webhook_edge(name) for name, provider in environment.providers.items() if provider.webhooks)


def _own_duplicates(plan: FaultPlan, source: Source) -> Iterator[Problem]:
    """What we send ourselves is counted and undone once: nothing may multiply it on the way."""
    for fault in plan.faults:
        if fault.edge == "user" and isinstance(fault.kind, Duplicate):
            kind = kind_name(fault.kind)
            line, column = source.find(fault.position, kind)
            yield source.problem("own-duplicate", line, column, width=len(kind), times=fault.kind.times)


def _actors(plan: FaultPlan, scenario: Scenario, project: Project | None, environment: Environment | None,
            source: Source) -> Iterator[Problem]:
    """Roles and personas of `match` that nobody has in this scenario."""
    if project is None or environment is None:
        return
    personas = bound(scenario, project, environment).personas
    known = list(dict.fromkeys([*personas, *(name for names in personas.values() for name in names), GUEST]))
    for fault in plan.faults:
        for name in fault.match.persona:
            if name not in known:
                yield _unknown("unknown-actor", source, fault.position, name, known)


def _within_line(source: Source, plan: Position, fault: Position, edge: str) -> Position:
    """The place from which an edge's name is found: the last one before the fault, not before its plan."""
    for line in range(fault.line, plan.line - 1, -1):
        end = fault.column - 1 if line == fault.line else None
        start = plan.column + 1 if line == plan.line else 0
        at = source.line(line).rfind(f"{edge}:", start, end)
        if at >= 0:
            return Position(fault.file, line, at + 1)
    return fault


def _steps(scenario: Scenario, environment: Environment, source: Source) -> Iterator[Problem]:
    steps = [*(step for _, step in scenario.steps()), *scenario.given, *(probe.step for probe in scenario.probes)]
    for step in steps:
        for call in (step.call, step.cleanup, step.find.call if step.find else None):
            if call is not None and call.target is not None and call.target not in environment.targets:
                yield _unknown("unknown-target", source, call.position, call.target, environment.targets,
                               environment=environment.name)
    expects = [step.expect for _, step in scenario.steps()]
    expects += [expect for under in scenario.under for expect in under.steps.values()]
    for expect in expects:
        yield from _sends(expect, environment, source)
    for invariant in scenario.invariants:
        calls = (*invariant.facts.calls, *invariant.then.calls)
        yield from _unreceived(calls, environment, source)
        for sent in {sent.provider: sent for sent in reversed(calls)}.values():
            if sent.provider not in environment.providers:
                yield _unknown("unknown-provider", source, _named_before(sent, invariant.position, source),
                               sent.provider, environment.providers, environment=environment.name)


def _named_before(sent: Sends, start: Position, source: Source) -> Position:
    """Where the provider of a counted call is named, at the latest."""
    return _within_line(source, start, sent.position, sent.provider)


def _unreceived(calls: Iterable[Sends], environment: Environment, source: Source) -> Iterator[Problem]:
    for sent in calls:
        provider = environment.providers.get(sent.provider)
        if sent.webhook and provider is not None and provider.webhooks is None:
            yield source.problem_at("no-webhooks", sent.position, provider=sent.provider, environment=environment.name)


def _sends(expect: Expect, environment: Environment, source: Source) -> Iterator[Problem]:
    yield from _unreceived(expect.receives, environment, source)
    for provider in dict.fromkeys(sent.provider for sent in (*expect.sends, *expect.receives)):
        if provider not in environment.providers:
            place = expect.positions.get("sends") or expect.positions["receives"]
            yield _unknown("unknown-provider", source,
                           Position(place.file, place.line, place.column + len("sends")),
                           provider, environment.providers, environment=environment.name)


def _terms(scenario: Scenario) -> Iterator[tuple[ContractTerms, Position]]:
    for _, step in (*scenario.steps(), *((step.name, step) for step in scenario.given)):
        for expect in (step.expect, step.check):
            if expect.contract is not None:
                yield expect.contract, expect.positions.get("contract") or step.position


def _contracts(scenario: Scenario, environment: Environment, contract: Contract | None,
               source: Source) -> Iterator[Problem]:
    for terms, place in _terms(scenario):
        if place.file != source.file:  # a scenario that this one uses
            source = _source(place.file)
        if environment.openapi is None:
            yield source.problem_at("no-contract", place, width=len("contract"), environment=environment.name)
        elif contract is not None and terms.operation is not None and terms.operation not in contract.paths.names:
            yield _unknown("unknown-operation", source, place, terms.operation, contract.paths.names,
                           document=environment.openapi.name)


def _under(scenario: Scenario, environment: Environment, plans: Iterable[str],
           source: Source) -> Iterator[Problem]:
    names = [*(plan.name for plan in scenario.faults), *plans]
    edges = ["user", *environment.providers, *_webhooks(environment)]
    for under in scenario.under:
        edge, slash, kind = under.key.partition("/")
        if edge not in edges and (slash or under.key not in names):
            known = [f"{name}/{kind}" for name in edges] if slash else [*names, *edges]
            yield _unknown("unknown-under", source, under.position, under.key, known)
