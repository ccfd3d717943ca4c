"""What a run would do, told from the files alone: nothing is sent, and nothing is started."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from flowprobe.core.calls import PlannedCall, calls_of
from flowprobe.core.faults.kinds import describe
from flowprobe.core.policy import Policy, known
from flowprobe.core.scenario import Environment, FaultPlan
from flowprobe.core.steps import CallTemplate
from flowprobe.report.preview import Preview, PreviewCall, PreviewCleanup, PreviewGroup, PreviewTrial
from flowprobe.running.concerned import concerned_plans
from flowprobe.running.review import Review, known_names, review
from flowprobe.running.selection import Chosen, Request, Selection, bindings

__all__ = ["preview"]


def preview(request: Request, selection: Selection, now: datetime) -> Preview:
    """Everything that a run of this selection would do at a time, and everything that keeps it from that."""
    reviewed = review(request, selection, now)
    environment, policy = selection.environment, reviewed.policy
    return Preview(
        environment=environment.name, place=str(environment.position), production=environment.production,
        hosts=_hosts(reviewed), identity=_identity(environment),
        starts=tuple(" ".join(map(str, start.command)) for start in environment.start), given=policy.given,
        groups=tuple(group for chosen in reviewed.selection.chosen for group in _groups(chosen, reviewed)),
        calls=str(reviewed.calls), writes=str(reviewed.writes), budget=_budget(policy),
        left_out=tuple(map(str, reviewed.left_out)), warnings=(*selection.notes, *reviewed.warnings),
        refusals=tuple(map(str, reviewed.refusals)))


def _hosts(reviewed: Review) -> dict[str, str]:
    """The targets that some call goes to."""
    environment = reviewed.selection.environment
    planned = [each for chosen in reviewed.selection.chosen for each in calls_of(chosen.scenario)]
    calls = [call for each in planned for call in (each.call, *(undo.call for undo in each.cleanup))]
    if environment.identity is not None:
        calls.append(environment.identity.call)
    first = next(iter(environment.targets))
    called = {call.target or first for call in calls}
    return {name: url for name, url in environment.targets.items() if name in called}


def _identity(environment: Environment) -> str:
    identity = environment.identity
    if identity is None:
        return ""
    return f"{identity.call.method} {_url(identity.call, environment.targets)} ({identity.position})"


def _budget(policy: Policy) -> dict[str, Any]:
    budget = policy.budget
    return {"calls": budget.calls, "writes": budget.writes, "rate": str(budget.rate) if budget.rate else None,
            "seconds": budget.seconds}


def _groups(chosen: Chosen, reviewed: Review) -> Iterator[PreviewGroup]:
    for binding in bindings(chosen):
        trials = (PreviewTrial("none"), *(_trial(plan) for plan in concerned_plans(chosen, binding)))
        names = known_names(reviewed.selection, binding)
        calls = tuple(_call(planned, binding, reviewed.policy, known(planned, names))
                      for planned in calls_of(chosen.scenario, reviewed.policy.given))
        yield PreviewGroup(chosen.scenario.name, chosen.scenario.file, binding, trials, calls)


def _trial(plan: FaultPlan) -> PreviewTrial:
    faults = tuple(f"{fault.edge} {describe(fault.kind)}" for fault in plan.faults)
    return PreviewTrial(plan.name, faults, plan.imitates, plan.survives)


def _call(planned: PlannedCall, binding: Mapping[str, str], policy: Policy, names: Mapping[str, Any]) -> PreviewCall:
    role = planned.role or next(iter(binding))
    cleanup = tuple(
        PreviewCleanup(undo.call.method, _url(undo.call, policy.targets),
                       "what its step captured" if undo.own else _allowed(undo.call, policy, names), undo.looks)
        for undo in planned.cleanup)
    call = planned.call
    return PreviewCall(planned.step, role, binding.get(role, role), call.method, _url(call, policy.targets),
                       planned.writes, str(planned.times), _allowed(call, policy, names), str(call.position), cleanup)


def _allowed(call: CallTemplate, policy: Policy, names: Mapping[str, Any]) -> str:
    rule = policy.rule_for(call, names)
    return f"{rule} ({rule.position})" if rule else "nothing"


def _url(call: CallTemplate, targets: Mapping[str, str]) -> str:
    """The target's URL with the call's path as it is written."""
    base = targets.get(call.target, f"{call.target}:") if call.target else next(iter(targets.values()))
    return base.rstrip("/") + str(call.path)
