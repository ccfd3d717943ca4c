"""What must hold between the fields of a state."""

from __future__ import annotations

from typing import Any

import pytest

from flowprobe.core.account import Constraint
from flowprobe.core.exploring.constraints import satisfied, violation
from tests.scenes import HERE, text

FEWER = Constraint({"account.used": {"$lt": text("${account.seats}")}}, HERE)
FREE = Constraint({"account.seats": {"$lt": 4}}, HERE, {"account.plan": "free"})


@pytest.mark.parametrize(("state", "held"), [
    ({"used": 2, "seats": 3, "plan": "free"}, True),
    ({"used": 3, "seats": 3, "plan": "free"}, False),
    ({"used": 2, "seats": 4, "plan": "free"}, False),
    ({"used": 2, "seats": 4, "plan": "pro"}, True),
])
def test_a_state_satisfies_every_constraint_or_it_does_not(state: dict[str, Any], held: bool) -> None:
    assert satisfied((FEWER, FREE), state) is held


def test_what_is_not_there_or_of_another_kind_satisfies_nothing() -> None:
    assert violation(FEWER, {"used": 2}) == "${account.seats} has no value"
    assert violation(FEWER, {"used": "two", "seats": 3}) == 'account.used: expected less than 3, saw "two"'
    sum_of = Constraint({"account.used": text("${account.seats + 1}")}, HERE)
    assert "takes numbers" in violation(sum_of, {"used": 2, "seats": "three"})
