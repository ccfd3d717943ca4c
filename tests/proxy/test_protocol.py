"""What crosses the pipe arrives as it was sent."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.faults.body import Body, Truncate
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Fault, FaultPlan, Limit, Match, Position, When
from flowprobe.proxy.edges import EdgeSpec
from flowprobe.proxy.protocol import Ready, Settings, plan_from, plan_json, read, to_plain

NOWHERE = Position("", 0, 0)
SECONDS = st.floats(0, 1000)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=4,
)
KINDS = st.one_of(
    st.builds(Latency, SECONDS),
    st.builds(Hang, SECONDS),
    st.builds(Reset, st.sampled_from(["request", "headers"])),
    st.builds(Close, st.sampled_from(["request", "headers"])),
    st.builds(Body, st.sampled_from(["empty", "html"]) | st.builds(Truncate, st.integers(0, 99))),
    st.builds(Status, st.integers(100, 599), st.dictionaries(st.text(), st.text(), max_size=2), st.text() | st.none()),
)
FAULTS = st.builds(
    Fault, st.text(), st.text(), KINDS, st.just(NOWHERE),
    st.builds(Match, st.none() | st.text(), st.none() | st.text()),
    st.builds(When, SECONDS, st.none() | st.integers(), st.integers(), st.integers()),
    st.builds(Limit, st.none() | st.integers(), st.none() | SECONDS),
)


@settings(deadline=None)  # a busy machine is no failure
@given(st.builds(FaultPlan, st.text(), st.lists(FAULTS, max_size=3).map(tuple)))
def test_a_plan_survives_the_pipe(plan: FaultPlan) -> None:
    assert plan_from(json.loads(json.dumps(plan_json(plan)))) == plan


@settings(deadline=None)  # a busy machine is no failure
@given(JSON)
def test_a_status_sends_the_same_body_after_the_pipe(body: object) -> None:
    plan = FaultPlan("p", (Fault("f", "payments", Status(503, {}, body), NOWHERE),))
    arrived = plan_from(json.loads(json.dumps(plan_json(plan))))
    assert arrived.faults[0].kind.action() == plan.faults[0].kind.action()


def test_settings_and_ready_survive_the_pipe() -> None:
    edges = (EdgeSpec("mail", "forward", hosts={"https://a.example": None}, listen=("127.0.0.1", 1)),)
    settings = Settings("r", edges, "/j", "token", owned=True, upstream_ca="/ca")
    ready = Ready({"mail": "http://x"}, None, "12", "3.13", 0.001, user_proxy="http://u:p@x")
    assert read(Settings, json.loads(json.dumps(to_plain(settings)))) == settings
    assert read(Ready, json.loads(json.dumps(to_plain(ready)))) == ready
    assert "token" not in repr(settings)
