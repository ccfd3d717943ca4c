"""From scenarios, personas and fault plans to trials: the unfaulted twin first, then each fault plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Any

from flowprobe.core.faults.concerns import concerning, ordinary
from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import FaultPlan, Persona, Scenario
from flowprobe.core.trial import NO_FAULTS, Given, Trial

if TYPE_CHECKING:
    from flowprobe.core.contract import Contract

__all__ = ["Bindings", "Group", "Setting", "expand", "trial_of"]

Bindings = Mapping[str, str]


@plain
class Group(Plain):
    """Trials that share a baseline: one scenario, one binding of personas. The twin comes first."""

    twin: Trial
    faulted: tuple[Trial, ...]

    @property
    def trials(self) -> tuple[Trial, ...]:
        return (self.twin, *self.faulted)


@plain
class Setting(Plain):
    """What the trials of a run share."""

    personas: Mapping[str, Persona]
    targets: Mapping[str, str]
    seed: int
    env: Mapping[str, str]
    budget: float = 30.0
    given: Given = "run"
    contract: Contract | None = None
    probing: bool = False


def expand(scenario: Scenario, plans: Sequence[FaultPlan], setting: Setting, *, only: Bindings, now: datetime,
           new_id: Callable[[], str]) -> tuple[Group, ...]:
    """One group for each binding of personas that `only` (role -> persona) leaves."""
    groups = []
    for names in product(*scenario.personas.values()):
        binding = dict(zip(scenario.personas, names, strict=True))
        if all(binding.get(role) == name for role, name in only.items()):
            groups.append(_group(scenario, binding, plans, setting, now, new_id))
    return tuple(groups)


def trial_of(scenario: Scenario, binding: Bindings, plan: FaultPlan, setting: Setting, *, now: datetime, id: str,
             account: Mapping[str, Any]) -> Trial:
    """One trial from one state of the account."""
    personas = {role: setting.personas[name] for role, name in binding.items()}
    return Trial(id, scenario, personas, plan, setting.seed, now, setting.targets, setting.budget, setting.env, account,
                 setting.given, setting.contract, setting.probing)


def _group(scenario: Scenario, binding: Bindings, plans: Sequence[FaultPlan], setting: Setting, now: datetime,
           new_id: Callable[[], str]) -> Group:
    account = ordinary(scenario)

    def trial(plan: FaultPlan) -> Trial:
        return trial_of(scenario, binding, plan, setting, now=now, id=new_id(), account=account)

    concerned = (concerning(plan, scenario, binding, account) for plan in plans)
    return Group(trial(NO_FAULTS), tuple(trial(plan) for plan in concerned if plan.faults))
