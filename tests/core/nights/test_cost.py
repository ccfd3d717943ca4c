from __future__ import annotations

import pytest

from flowprobe.core.nights.cost import Price, cost_of
from flowprobe.core.nights.model import State
from tests.nights import NAMES, night


def test_what_was_sent_is_what_would_have_been_paid_for() -> None:
    nights = [night(name) for name in NAMES[:10]]
    calls, journeys = Price("per call", 5.0, "USD", 1000), Price("per run", 0.5, "EUR", 1, "journey")
    cost = cost_of(nights, (calls, journeys))
    assert (cost.nights, cost.calls, cost.journeys, cost.days) == (10, 1000, 30, 10.0)
    assert cost.sums == ((calls, 5.0), (journeys, 15.0))
    assert cost.monthly(5.0) == pytest.approx(15.0)


def test_a_night_that_was_refused_costs_nothing() -> None:
    assert cost_of([night(NAMES[0], state=State.REFUSED)], ()).nights == 0
    assert cost_of([], (Price("x", 1.0, "USD"),)).sums[0][1] == 0
