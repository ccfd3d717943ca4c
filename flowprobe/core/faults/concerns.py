"""Which faults of a plan concern one trial: what of their `match` is known before anything is sent.

The account's state and who acts in which step stand in the scenario, so that they are decided here, once; what is left
for the proxy are the steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flowprobe.core.calls import calls_of
from flowprobe.core.faults.fault import Fault, FaultPlan, Match
from flowprobe.core.jsonpath import MISSING
from flowprobe.core.scenario import Scenario
from flowprobe.core.shapes import fits

__all__ = ["concerning", "ordinary"]


def ordinary(scenario: Scenario) -> Mapping[str, Any]:
    """The account's state on an ordinary night."""
    return {name: field.default for name, field in scenario.account.items()}


def concerning(
    plan: FaultPlan, scenario: Scenario, personas: Mapping[str, str], account: Mapping[str, Any]
) -> FaultPlan:
    """The plan with the faults that can fall on calls of this trial. `personas` maps each role to its persona."""
    actors = _actors(scenario)
    found = (_concerning(fault, actors, personas, account) for fault in plan.faults)
    return replace(plan, faults=tuple(fault for fault in found if fault is not None))


def _actors(scenario: Scenario) -> Mapping[str, str]:
    """Each step of the workflow and the role that acts in it."""
    first = next(iter(scenario.personas), "")
    return {planned.step: planned.role or first for planned in calls_of(scenario, "skip")}


def _concerning(fault: Fault, actors: Mapping[str, str], personas: Mapping[str, str],
                account: Mapping[str, Any]) -> Fault | None:
    match = fault.match
    if not (match.persona or match.step or match.account):
        return fault
    if not all(fits(shape, account.get(name, MISSING)) for name, shape in match.account.items()):
        return None
    steps = _steps(match, actors, personas)
    if not steps:
        return None
    asked = bool(match.step) or len(steps) < len(actors)
    return replace(fault, match=replace(match, persona=(), account={}, step=steps if asked else ()))


def _steps(match: Match, actors: Mapping[str, str], personas: Mapping[str, str]) -> tuple[str, ...]:
    """The steps whose calls are meant, of those that there are."""
    return tuple(
        step for step, role in actors.items()
        if match.means_step(step)
        and (not match.persona or role in match.persona or personas.get(role, "") in match.persona))
