"""`refuse`: it happens before there is a call."""

from __future__ import annotations

from flowprobe.core.faults.connecting import Shut
from flowprobe.core.faults.kinds import action_of, before_calls, describe
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.stages import Stage
from tests.core.faults.reading import kind_of


def test_a_refusal_is_read_told_and_done() -> None:
    assert kind_of("refuse: true") == Refuse()
    assert describe(Refuse()) == "connections refused"
    action = action_of(Refuse())
    assert action == Shut()
    assert action.stage is min(Stage)


def test_it_is_a_kind_that_no_call_suffers() -> None:
    assert before_calls(Refuse())
    assert not before_calls(Latency(1))
