"""A trial: one scenario, one binding of personas, one fault plan, one seed. Plain data in, so that it can be
pickled, run twice without harm, and run somewhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flowprobe.core.expect import replaced
from flowprobe.core.faults.kinds import kind_name
from flowprobe.core.scenario import Expect, FaultPlan, Persona, Scenario, Step

__all__ = ["NO_FAULTS", "Trial", "promised_under"]

NO_FAULTS = FaultPlan("none", ())


@dataclass(frozen=True, slots=True)
class Trial:
    """`id` is 16 hex digits, unique for each trial; `personas` binds every role; `targets` maps names to base
    URLs (the first is the default); `budget` is the total deadline of one call in seconds."""

    id: str
    scenario: Scenario
    personas: Mapping[str, Persona]
    plan: FaultPlan
    seed: int
    now: datetime
    targets: Mapping[str, str]
    budget: float = 30.0
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> dict[int, Step]:
        """The steps by their number (from 1), as trace ids name them."""
        return dict(enumerate(self.scenario.workflow, start=1))


def promised_under(scenario: Scenario, plan: FaultPlan) -> Mapping[str, tuple[str, Expect]]:
    """For each step that `under` speaks of: the key that applies and the whole expectation under it.

    The most specific key wins: the plan's name, then `provider/kind`, then the provider.
    """
    found: dict[str, tuple[str, Expect]] = {}
    for key in reversed(_keys(plan)):
        for under in scenario.under:
            if under.key == key:
                found.update({step: (key, expect) for step, expect in under.steps.items()})
    ordinary = {step.name: step.expect for step in scenario.workflow}
    return {step: (key, replaced(ordinary[step], expect)) for step, (key, expect) in found.items() if step in ordinary}


def _keys(plan: FaultPlan) -> list[str]:
    """The keys that a plan answers to, most specific first."""
    if not plan.faults:
        return []
    kinds = [f"{fault.edge}/{kind_name(fault.kind)}" for fault in plan.faults]
    return [plan.name, *dict.fromkeys(kinds), *dict.fromkeys(fault.edge for fault in plan.faults)]
