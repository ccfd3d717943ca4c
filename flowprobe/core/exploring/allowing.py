"""Which states may be tried while a case is made small: those that exploring could have come upon too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowprobe.core.account import misfit
from flowprobe.core.exploring.constraints import violation
from flowprobe.core.exploring.shrink import Allowed
from flowprobe.core.scenario import Scenario
from flowprobe.core.shapes import equal

__all__ = ["allowed_by"]


def allowed_by(scenario: Scenario, first: Mapping[str, Any]) -> Allowed:
    """Each field is as it is by default, as in the state `first` that was found, or as its strategy says; one that
    runs somebody's code is not made up. What holds between the fields holds, unless it did not in `first` either."""
    constraints = [each for each in scenario.constraints if not violation(each, first)]

    def may(name: str, value: Any) -> bool:
        field = scenario.account.get(name)
        if (name in first and equal(value, first[name])) or (field is not None and equal(value, field.default)):
            return True
        strategy = None if field is None else field.strategy
        return strategy is not None and strategy.kind != "python" and not misfit(value, strategy)

    return lambda state: all(may(name, value) for name, value in state.items()) and not any(
        violation(each, state) for each in constraints)
