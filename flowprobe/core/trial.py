"""A trial: one scenario, one binding of personas, one fault plan, one seed. Plain data in, so that it can be
pickled, run twice without harm, and run somewhere else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field, replace
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
    the journey starts from; `contract` describes the product. With `probing` its calls bear every carrier.
    `explains` is the trial whose cause this one is made to find, '' where it is made for its own sake;
    `repeats` the one that this one only measures again."""

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
    explains: str = ""
    repeats: str = ""

    def numbers(self) -> dict[str, int]:
        """The number of each step by its whole name (from 1), as trace ids name them: the workflow's, then those of
        `given`, then the probes."""
        names = [*(name for name, _ in self.scenario.steps()), *(step.name for step in self.scenario.given),
                 *(probe.step.name for probe in self.scenario.probes)]
        return {name: number for number, name in enumerate(names, start=1)}


def promised_under(scenario: Scenario, plan: FaultPlan) -> Mapping[str, tuple[str, Expect]]:
    """For each step that `under` speaks of: the keys that apply and the whole expectation under them.

    The most specific key wins: the plan's name, then `provider/kind`, then the provider. Where several providers are in
    trouble at once, what each of them excuses is excused: their parts stand side by side, and so do their statuses.
    """
    if not scenario.under:
        return {}
    ordinary = {name: step.expect for name, step in scenario.steps()}
    found = {step: _excused(tuple(_of_step(scenario, plan, step)), expect) for step, expect in ordinary.items()}
    return {step: each for step, each in found.items() if each is not None}


def _of_step(scenario: Scenario, plan: FaultPlan, step: str) -> Iterator[tuple[str, Expect]]:
    """What `under` says of one step: by the plan's name alone, else once for each provider."""
    said = {under.key: under.steps[step] for under in scenario.under if step in under.steps}
    for keys in _keys(plan):
        if (key := next((key for key in keys if key in said), None)) is not None:
            yield key, said[key]
            if keys[0] == plan.name:
                return


def _excused(said: tuple[tuple[str, Expect], ...], ordinary: Expect) -> tuple[str, Expect] | None:
    if not said:
        return None
    whole = ordinary
    for _, expect in reversed(said):
        whole = replaced(whole, expect)
    statuses = [expect.status for _, expect in said if "status" in expect.named]
    if len(statuses) > 1 and None not in statuses:
        whole = replace(whole, status=tuple(dict.fromkeys(code for codes in statuses for code in codes or ())))
    return ", ".join(key for key, _ in said), whole


def _keys(plan: FaultPlan) -> list[list[str]]:
    """The keys that a plan answers to: by its name, and by each of its providers, the most specific first."""
    if not plan.faults:
        return []
    edges = dict.fromkeys(fault.edge for fault in plan.faults)
    whole = plan.name.partition("@")[0]  # a profile may say on which provider it is
    named = list(dict.fromkeys((plan.name, whole, whole.partition(".")[0])))  # and an incident in which segment
    return [named, *([*dict.fromkeys(f"{edge}/{kind_name(fault.kind)}" for fault in plan.faults if fault.edge == edge),
                      edge] for edge in edges)]
