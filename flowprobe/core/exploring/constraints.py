"""What must hold between the fields of an account's state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flowprobe.core.account import Constraint
from flowprobe.core.conditions import unmet
from flowprobe.core.resolve import Absent, WrongType

__all__ = ["satisfied", "violation"]


def satisfied(constraints: Iterable[Constraint], state: Mapping[str, Any]) -> bool:
    """Whether a whole state is as every constraint says."""
    return all(not violation(constraint, state) for constraint in constraints)


def violation(constraint: Constraint, state: Mapping[str, Any]) -> str:
    """How a state is not as a constraint says, in words; '' where it is. A state that it cannot be asked of, for
    something is missing or of another kind, is not."""
    names = {"account": state}
    try:
        if unmet(constraint.when, names, constraint.position):
            return ""
        return unmet(constraint.then, names, constraint.position)
    except (Absent, WrongType) as error:
        return str(error)
