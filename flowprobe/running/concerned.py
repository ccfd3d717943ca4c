"""Which plans make a trial for which binding of personas, and which of their faults concern nobody in this run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flowprobe.core.faults.concerns import concerning, ordinary
from flowprobe.core.scenario import FaultPlan
from flowprobe.errors import InvalidInput, Problem
from flowprobe.running.selection import Chosen, bindings

__all__ = ["check_concerned", "concerned_plans", "trials_of", "unconcerned"]


def concerned_plans(item: Chosen, binding: Mapping[str, str]) -> tuple[FaultPlan, ...]:
    """The plans that some call of a trial with this binding can suffer, with the faults that can fall on it."""
    account = ordinary(item.scenario)
    found = (concerning(plan, item.scenario, binding, account) for plan in item.plans)
    return tuple(plan for plan in found if plan.faults)


def trials_of(item: Chosen) -> int:
    """How many trials a scenario makes, the unfaulted ones included."""
    return sum(1 + len(concerned_plans(item, binding)) for binding in bindings(item))


def check_concerned(name: str, chosen: Sequence[Chosen]) -> None:
    """A plan that was asked for and makes no trial would be passed by not being tried. Raises InvalidInput."""
    if not any(concerned_plans(item, binding) for item in chosen for binding in bindings(item)):
        raise InvalidInput((Problem(
            "plan-concerns-nobody", "--faults", 0, 0, f"no fault of the plan {name!r} can fall on a call of this run",
            "look at `step`, `persona` and `account` in its `match`, or choose other scenarios"),))


def unconcerned(chosen: Sequence[Chosen]) -> Iterator[str]:
    """Plans that are left out for some personas, and faults that no trial of the run can suffer."""
    concerned: set[tuple[str, str]] = set()
    idle: dict[str, None] = {}
    for item in chosen:
        for binding in bindings(item):
            kept = concerned_plans(item, binding)
            concerned.update((plan.name, fault.id) for plan in kept for fault in plan.faults)
            who = ", ".join(f"{role} {name}" for role, name in binding.items())
            idle.update((f"left out: the plan {plan.name!r} for {item.scenario.file} with {who}: its `match` concerns "
                         "nothing there", None) for plan in item.plans
                        if plan.faults and plan.name not in {each.name for each in kept})
    yield from idle
    for plan in {id(plan): plan for item in chosen for plan in item.plans}.values():
        for fault in plan.faults:
            if (plan.name, fault.id) not in concerned:
                yield (f"{fault.position}: no trial of this run can suffer this fault: look at `step`, `persona` and "
                       "`account` in its `match`")
