"""A trial: one scenario, one binding of personas, one fault plan, one seed. Plain data in, so that it can be
pickled, run twice without harm, and run somewhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from flowprobe.core.expect import replaced
from flowprobe.core.faults.kinds import kind_name
from flowprobe.core.plain import Plain, plain
from flowprobe.core.rules import Given
from flowprobe.core.scenario import Expect, FaultPlan, Persona, Scenario

if TYPE_CHECKING:
    from flowprobe.core.contract import Contract

__all__ = ["NO_FAULTS", "Given", "Trial", "promised_under"]

NO_FAULTS = FaultPlan("none", ())

@plain
class Trial(Plain):
    """`id` is 16 hex digits, unique for each trial; `personas` binds every role; `targets` maps names to base
    URLs (the first is the default); `budget` is the total deadline of one call in seconds; `account` the state that
    the journey starts from; `contract` describes the product. With `probing` its calls bear every carrier."""

    id: str
    scenario: Scenario
    personas: Mapping[str, Persona]
    plan: FaultPlan
    seed: int
    now: datetime
    targets: Mapping[str, str]
    budget: float = 30.0
    env: Mapping[str, str] = field(default_factory=dict)
    account: Mapping[str, Any] = field(default_factory=dict)
    given: Given = "run"
    contract: Contract | None = None
    probing: bool = False

    def numbers(self) -> dict[str, int]:
        """The number of each step by its whole name (from 1), as trace ids name them: the workflow's, then those of
        `given`, then the probes."""
        names = [*(name for name, _ in self.scenario.steps()), *(step.name for step in self.scenario.given),
                 *(probe.step.name for probe in self.scenario.probes)]
        return {name: number for number, name in enumerate(names, start=1)}


def promised_under(scenario: Scenario, plan: FaultPlan) -> Mapping[str, tuple[str, Expect]]:
    """For each step that `under` speaks of: the key that applies and the whole expectation under it.

    The most specific key wins: the plan's name, then `provider/kind`, then the provider.
    """
    found: dict[str, tuple[str, Expect]] = {}
    for key in reversed(_keys(plan)):
        for under in scenario.under:
            if under.key == key:
                found.update({step: (key, expect) for step, expect in under.steps.items()})
    ordinary = {name: step.expect for name, step in scenario.steps()}
    return {step: (key, replaced(ordinary[step], expect)) for step, (key, expect) in found.items() if step in ordinary}


def _keys(plan: FaultPlan) -> list[str]:
    """The keys that a plan answers to, most specific first."""
    if not plan.faults:
        return []
    kinds = [f"{fault.edge}/{kind_name(fault.kind)}" for fault in plan.faults]
    names = dict.fromkeys((plan.name, plan.name.partition("@")[0]))  # a profile may say on which provider it is
    return [*names, *dict.fromkeys(kinds), *dict.fromkeys(fault.edge for fault in plan.faults)]
