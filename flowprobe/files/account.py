"""What the parts of an account say together: whether its ordinary values are such as its fields may have and its
constraints say, and whether the oddities that are listed can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowprobe.core.account import AccountField, ChosenOddity, Constraint, Strategy, misfit
from flowprobe.core.exploring.constraints import violation
from flowprobe.core.expressions import lookups
from flowprobe.core.faults.concerns import ordinary
from flowprobe.core.scenario import Scenario, Template
from flowprobe.core.shapes import shown
from flowprobe.files.context import Context
from flowprobe.files.problems import did_you_mean

__all__ = ["check_account"]


def check_account(scenario: Scenario, context: Context) -> None:
    """Note what is wrong with the account of a scenario that could be read."""
    before = len(context.problems)
    _check_fields(scenario.account, context)
    if len(context.problems) == before:
        _check_constraints(scenario, context)
    if len(context.problems) == before and scenario.oddities:
        _check_oddities(scenario, scenario.oddities, context)


def _check_fields(fields: Mapping[str, AccountField], context: Context) -> None:
    """Every default that does not fit its field, and every least that is more than its most."""
    for field in fields.values():
        strategy, place = field.strategy, field.position
        if strategy is None:
            continue
        turned = next(_turned(strategy), None)
        if turned is not None:
            low, high = (str(turned.options[key]) for key in ("min", "max"))
            context.problems.append(context.source.problem_at("bad-bounds", place, low=low, high=high))
        elif wanted := misfit(field.default, strategy):
            seen = shown(field.default)
            context.problems.append(context.source.problem_at("bad-default", place, seen=seen, wanted=wanted))


def _turned(strategy: Strategy) -> Iterator[Strategy]:
    """Those in it whose least is more than their most."""
    low, high = strategy.options.get("min"), strategy.options.get("max")
    if low is not None and high is not None and low > high:
        yield strategy
    for inner in (strategy.options.get("of"), *strategy.options.get("fields", {}).values()):
        if isinstance(inner, Strategy):
            yield from _turned(inner)


# --- constraints ----------------------------------------------------------------------------------


def _check_constraints(scenario: Scenario, context: Context) -> None:
    """The journey begins from an account that may be. A field that nobody knows has its message already."""
    for constraint in scenario.constraints:
        if not _fields(constraint) <= set(scenario.account):
            continue
        if reason := violation(constraint, ordinary(scenario)):
            context.problems.append(context.source.problem_at("unsatisfied", constraint.position, reason=reason))


def _fields(constraint: Constraint) -> set[str]:
    """The fields that it speaks of."""
    paths = [path.split(".")[1] for path in (*constraint.then, *constraint.when)]
    found = [lookup.path[1] for shape in (*constraint.then.values(), *constraint.when.values())
             for template in _templates(shape) for lookup in lookups(template) if len(lookup.path) > 1]
    return {*paths, *found}


def _templates(shape: object) -> Iterator[Template]:
    match shape:
        case Template():
            yield shape
        case dict():
            for inner in shape.values():
                yield from _templates(inner)
        case list():
            for inner in shape:
                yield from _templates(inner)
        case _:
            return


# --- oddities -------------------------------------------------------------------------------------


def _check_oddities(scenario: Scenario, oddities: tuple[ChosenOddity, ...], context: Context) -> None:
    from flowprobe.core.exploring.oddities import CATALOGUE, why_not

    seen: set[str] = set()
    for chosen in oddities:
        unknown = [name for name in chosen.values or () if name not in scenario.account]
        if chosen.name in seen:
            _tell("name-taken", chosen, context, name=chosen.name, owner="an oddity before it")
        elif chosen.values is None and chosen.name not in CATALOGUE:
            otherwise = f"say what it sets: {{{chosen.name}: {{seats: 0}}}}"
            _tell("unknown-oddity", chosen, context, name=chosen.name,
                  instead=did_you_mean(chosen.name, CATALOGUE, otherwise=otherwise))
        elif unknown:
            _tell_unknown(unknown, chosen, scenario, context)
        elif reason := why_not(scenario, chosen):
            _tell("oddity-not-here", chosen, context, name=chosen.name, reason=reason)
        seen.add(chosen.name)


def _tell(id: str, chosen: ChosenOddity, context: Context, **words: object) -> None:
    problem = context.source.problem_at(id, chosen.position, width=len(chosen.name), **words)
    context.problems.append(problem)


def _tell_unknown(names: list[str], chosen: ChosenOddity, scenario: Scenario, context: Context) -> None:
    for name in names:
        line, column = context.source.find(chosen.position, name)
        otherwise = "add it to `account`, with its default"
        context.problems.append(context.source.problem(
            "unknown-field", line, column, width=len(name), name=name,
            instead=did_you_mean(name, scenario.account, otherwise=otherwise)))
