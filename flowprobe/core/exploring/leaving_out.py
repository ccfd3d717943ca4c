"""Which steps of a journey may be left out, what has to go with each of them, and the journey without them.

A step needs whatever its calls, its promises and its cleanup look up, a sign-in before it, and the steps that undo what
it makes where nothing else does: who leaves one of these out leaves the step out too, so that what is left can be
walked and leaves nothing behind. What the product itself needs is for trying to show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from typing import Any, TypeAlias, assert_never

from flowprobe.core.expressions import lookups
from flowprobe.core.plain import Plain, plain
from flowprobe.core.provenance import templates
from flowprobe.core.rules import is_write
from flowprobe.core.scenario import Scenario
from flowprobe.core.statements import Invariant
from flowprobe.core.steps import Item, Parallel, Step, Use, steps_of

__all__ = ["Links", "links_of", "shortened"]

Names: TypeAlias = frozenset[str]
_Known: TypeAlias = Mapping[str, Names]
"""What a look-up may begin with in a workflow -> the steps that are needed for it to be there."""

_NONE: Names = frozenset()


@plain
class Links(Plain):
    """The steps of a journey that make calls, by their whole names and in its order; for each the others that it
    `needs`; `fixed`: those that are never left out. `wholes` are the items that are made of several steps, the outer
    before the inner."""

    names: tuple[str, ...] = ()
    needs: Mapping[str, Names] = field(default_factory=dict)
    fixed: Names = _NONE
    wholes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def steps(self, name: str) -> tuple[str, ...]:
        """The steps that an item is made of; itself where it is one, and nothing where the journey has none such."""
        return self.wholes.get(name) or tuple(each for each in self.names if each == name)

    def with_needed(self, wanted: Iterable[str]) -> Names:
        """These, those that are fixed, and all that they need."""
        found, left = set[str](), [*self.fixed, *wanted]
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += self.needs.get(name, _NONE)
        return frozenset(found)

    def left_out(self, kept: Collection[str]) -> tuple[str, ...]:
        """How the steps that are not kept are told, in the order of the journey: what goes as a whole by one name."""
        out = {name: name for name in self.names if name not in kept}
        for whole, inside in reversed(tuple(self.wholes.items())):
            if all(name in out for name in inside):
                out |= dict.fromkeys(inside, whole)
        return tuple(dict.fromkeys(out.values()))

    def lacking(self, without: Iterable[str]) -> Mapping[str, str]:
        """Those of these items that cannot be left out alone -> the first step that needs them; '' for what is not the
        journey's to leave out."""
        gone = {step: name for name in without for step in self.steps(name)}
        found = {gone[step]: "" for step in self.names if step in gone and step in self.fixed}
        for each in self.names:
            for step in self.names if each not in gone else ():
                if step in gone and step in self.needs.get(each, _NONE):
                    found.setdefault(gone[step], each)
        return found


def links_of(scenario: Scenario) -> Links:
    """Those of the workflow; `given` and probes are always there, and so is what they and the invariants speak of."""
    roles = {role: role for role in scenario.personas}
    top = _known(scenario.workflow, "")
    steps = tuple(_placed(scenario, scenario.workflow, "", top, roles, _NONE))
    signing = {each.name: frozenset(later.name for later in steps[:number] if _acts(scenario, later.signs, each.actor))
               for number, each in enumerate(steps)}
    undoing = {each.name: frozenset(_undoing(each, steps[number + 1:])) for number, each in enumerate(steps)}
    return Links(
        tuple(each.name for each in steps),
        {each.name: (each.needs | signing[each.name] | undoing[each.name]) - {each.name} for each in steps},
        frozenset(_fixed(scenario, steps, top)), dict(_wholes(scenario.workflow, "")))


def shortened(scenario: Scenario, without: Collection[str]) -> Scenario:
    """The scenario without these items of its workflow; what has nothing left in it goes too."""
    return replace(scenario, workflow=tuple(_left(scenario.workflow, "", without))) if without else scenario


def _left(items: Sequence[Item], prefix: str, without: Collection[str]) -> Iterator[Item]:
    for item in items:
        if prefix + item.name in without:
            continue
        match item:
            case Step():
                yield item
            case Use():
                inner = tuple(_left(item.workflow, f"{prefix}{item.name}/", without))
                if inner or not item.workflow:
                    yield replace(item, workflow=inner)
            case Parallel():
                branches = (tuple(_left(branch, prefix, without)) for branch in item.branches)
                if some := tuple(branch for branch in branches if branch):
                    yield replace(item, branches=some)
            case _:
                assert_never(item)


def _wholes(items: Sequence[Item], prefix: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for item in items:
        if not isinstance(item, Step):
            yield prefix + item.name, tuple(name for name, _ in steps_of([item], prefix))
            parts = [item.workflow] if isinstance(item, Use) else item.branches
            inner = f"{prefix}{item.name}/" if isinstance(item, Use) else prefix
            for part in parts:
                yield from _wholes(part, inner)


# --- what looks what up ---------------------------------------------------------------------------


@plain
class _Placed(Plain):
    """A step in its place. `actor` is who acts, and `signs` who is signed in by it, by the roles of the journey."""

    name: str
    step: Step
    needs: Names
    actor: str
    signs: Names


def _placed(scenario: Scenario, items: Sequence[Item], prefix: str, known: _Known, roles: Mapping[str, str],
            around: Names) -> Iterator[_Placed]:
    """`roles` maps those of this workflow to those of the journey; `around` is what the items around it need."""
    for item in items:
        match item:
            case Step():
                name = prefix + item.name
                said = (item, *(each.steps[name] for each in scenario.under if name in each.steps))
                yield _Placed(name, item, around | _meant(_first_names(said), known), _role(item.role, roles),
                              frozenset(_role(each.role, roles) for each in item.signs_in))
            case Use():
                within = f"{prefix}{item.name}/"
                inner = _known(item.workflow, within)
                needs = _meant((*_first_names(item.inputs), *_conditions(item)), known)
                given = _meant(_first_names(item.outputs), inner)
                yield from _placed(scenario, item.workflow, within, inner,
                                   {role: _role(ours, roles) for role, ours in item.roles.items()},
                                   around | needs | given)
            case Parallel():
                for branch in item.branches:
                    yield from _placed(scenario, branch, prefix, known, roles,
                                       around | _meant(_conditions(item), known))
            case _:
                assert_never(item)


def _role(role: str | None, roles: Mapping[str, str]) -> str:
    return roles.get(role, role) if role else next(iter(roles.values()), "")


def _known(items: Sequence[Item], prefix: str) -> dict[str, Names]:
    found: dict[str, Names] = {}
    for item in items:
        match item:
            case Step():
                found[item.name] = frozenset((prefix + item.name,))
            case Use():
                inner = f"{prefix}{item.name}/"
                whole = frozenset(name for name, _ in steps_of(item.workflow, inner))
                found[item.name] = _meant(_first_names(item.outputs), _known(item.workflow, inner)) or whole
            case Parallel():
                for branch in item.branches:
                    found |= _known(branch, prefix)
            case _:
                assert_never(item)
    return found


def _meant(names: Iterable[str], known: _Known) -> Names:
    return _NONE.union(*(known.get(name, _NONE) for name in names))


def _first_names(value: Any) -> Iterator[str]:
    """What the look-ups in a value begin with; the conditions of a step are look-ups too."""
    match value:
        case tuple() | list():
            for each in value:
                yield from _first_names(each)
        case _:
            if isinstance(value, Step):
                yield from _roots((*value.when, *(value.repeat.condition if value.repeat else ())))
            yield from (lookup.path[0] for template in templates(value) for lookup in lookups(template))


def _conditions(item: Use | Parallel | Invariant) -> tuple[str, ...]:
    return (*_roots(item.when), *_first_names(item.when))


def _roots(paths: Iterable[str]) -> Iterator[str]:
    return (path.partition(".")[0] for path in paths)


# --- what else has to stay ------------------------------------------------------------------------


def _acts(scenario: Scenario, signed: Names, actor: str) -> bool:
    """Whether somebody who was signed in acts, be it in another role."""
    who = {actor, *scenario.personas.get(actor, ())}
    return any(role in who or who & {*scenario.personas.get(role, ())} for role in signed)


def _undoing(made: _Placed, later: Iterable[_Placed]) -> Iterator[str]:
    """The steps that may undo what one makes, where it has no cleanup: without them it would be left behind."""
    if _leaves_behind(made.step):
        yield from (each.name for each in later if _may_undo(each, made.step, known=made.name in each.needs))


def _leaves_behind(step: Step) -> bool:
    return step.cleanup is None and step.call.method != "DELETE" and is_write(step.call.method)


def _may_undo(later: _Placed, made: Step, *, known: bool = False) -> bool:
    """A write may undo an earlier one where it deletes something, knows of it (`known`: as a step that it needs), or
    goes to the same place."""
    call = later.step.call
    known = known or made.name in _first_names(later.step)
    return is_write(call.method) and (call.method == "DELETE" or known or str(call.path) == str(made.call.path))


def _fixed(scenario: Scenario, steps: Sequence[_Placed], top: _Known) -> Iterator[str]:
    """What probes and invariants speak of, who signs a probe in, and what may undo what `given` has made."""
    yield from _meant(_first_names([probe.step for probe in scenario.probes]), top)
    for promise in scenario.invariants:
        yield from _meant((*_first_names([promise.facts, promise.then]), *_conditions(promise)), top)
    actors = {probe.step.role or next(iter(scenario.personas), "") for probe in scenario.probes}
    made = [*filter(_leaves_behind, scenario.given)]
    for each in steps:
        if any(_acts(scenario, each.signs, actor) for actor in actors) or any(_may_undo(each, step) for step in made):
            yield each.name
