"""What crosses the pipe arrives as it was sent."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.distributions import Around, Lognormal, Normal, Pareto, Quantiles, Recorded, Uniform
from flowprobe.core.faults.bandwidth import Bandwidth
from flowprobe.core.faults.body import Body, Truncate
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.duplicate import Duplicate
from flowprobe.core.faults.edits import HOW
from flowprobe.core.faults.endings import After
from flowprobe.core.faults.error_envelope import ErrorEnvelope
from flowprobe.core.faults.expired_token import ExpiredToken
from flowprobe.core.faults.fault import Burst, Flap, Opening, Ramp
from flowprobe.core.faults.field import Field
from flowprobe.core.faults.h2 import H2, GoAway
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.quota import Quota
from flowprobe.core.faults.redirect_loop import RedirectLoop
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.spoiling import Malform, Mislabel, Misname, Original, Pad, Recharset
from flowprobe.core.faults.stale import Stale
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.streams import CODES
from flowprobe.core.faults.tls import WORDS, Slow, Tls
from flowprobe.core.faults.webhook import Webhook
from flowprobe.core.faults.websocket import Websocket
from flowprobe.core.scenario import Fault, FaultPlan, Limit, Match, Position, When
from flowprobe.proxy.edges import EdgeSpec
from flowprobe.proxy.protocol import Ready, Settings, plan_from, plan_json, read, to_plain

NOWHERE = Position("", 0, 0)
SECONDS = st.floats(0, 1000)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=4,
)
PLAIN = st.none() | st.booleans() | st.integers() | st.text()
DISTRIBUTIONS = st.one_of(
    st.builds(Around, SECONDS, SECONDS),
    st.builds(Uniform, SECONDS, SECONDS),
    st.builds(Normal, SECONDS, SECONDS, st.none() | SECONDS),
    st.builds(Lognormal, SECONDS, SECONDS, st.sampled_from([90, 95, 99]), st.none() | SECONDS),
    st.builds(Pareto, SECONDS, SECONDS, SECONDS),
    st.builds(Quantiles, st.lists(st.tuples(SECONDS, SECONDS)).map(tuple), SECONDS, st.none() | SECONDS),
    st.builds(Recorded, st.lists(SECONDS).map(tuple), st.booleans(), st.none() | SECONDS),
)
ENDS = st.sampled_from(["request", "headers"]) | st.builds(After, st.integers(1))
KINDS = st.one_of(
    st.builds(Latency, SECONDS | DISTRIBUTIONS, st.sampled_from(["request", "headers", "chunks"]), st.booleans()),
    st.builds(Bandwidth, st.none() | SECONDS, st.none() | SECONDS, st.none() | st.integers(1)),
    st.builds(Hang, SECONDS, st.sampled_from(["request", "headers"])),
    st.builds(Reset, ENDS),
    st.builds(Close, ENDS),
    st.builds(Body, st.sampled_from(["empty", "html"]) | st.builds(Truncate, st.integers(0, 99))),
    st.builds(Status, st.integers(100, 599), st.dictionaries(st.text(), st.text(), max_size=2), st.text() | st.none(),
              retry_after=st.none() | SECONDS, quota=st.none() | st.builds(Quota, st.integers(0, 9), SECONDS)),
    st.builds(Status, recipe=st.just("stripe/card-declined")),
    st.builds(Body, st.one_of(
        st.builds(Malform, st.text()), st.builds(Pad, st.integers()), st.builds(Mislabel, st.text()),
        st.builds(Recharset, st.text()), st.builds(Misname, st.text()))),
    st.builds(Field, st.text(), st.sampled_from(HOW), PLAIN),
    st.builds(LostReply, st.sampled_from(["close", "reset", "hang"]), SECONDS),
    st.builds(Duplicate, st.integers(2, 10), st.sampled_from(["first", "last"])),
    st.builds(Stale),
    st.builds(RedirectLoop, st.integers(301, 308), st.text()),
    st.builds(ErrorEnvelope, st.sampled_from(["plain", "graphql"]), st.text(), st.text(), PLAIN),
    st.builds(ExpiredToken, st.text(), PLAIN),
    st.just(Refuse()),
    st.builds(Tls, st.sampled_from(WORDS) | st.builds(Slow, SECONDS)),
    st.builds(H2, st.sampled_from(sorted(CODES)) | st.builds(GoAway, st.integers(1, 99))),
    st.builds(Webhook, SECONDS, st.integers(0, 9), st.integers(0, 9), st.booleans(), st.integers(200, 599)),
    st.builds(Websocket, SECONDS, st.integers(0, 9), st.integers(0, 9)),
)
WORDS = st.lists(st.text(), max_size=2).map(tuple)
SHAPE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=4,
)
SHAPES = st.dictionaries(st.text(), SHAPE, max_size=2)
FAULTS = st.builds(
    Fault, st.text(), st.text(), KINDS, st.just(NOWHERE),
    st.builds(
        Match, method=WORDS, path=st.none() | st.text(), query=SHAPES, headers=SHAPES, json=SHAPE, has_json=st.booleans(),
        form=SHAPES, text=SHAPE, persona=WORDS, step=WORDS, account=SHAPES, calls=st.lists(st.integers()).map(tuple),
    ),
    st.builds(
        When, probability=SECONDS, first=st.none() | st.integers(), every=st.integers(), after=st.integers(),
        between=st.just(()) | st.tuples(st.integers(), st.integers()),
        window=st.lists(st.builds(Opening, SECONDS, st.none() | SECONDS), max_size=2).map(tuple),
        ramp=st.none() | st.builds(Ramp, SECONDS, SECONDS, SECONDS, st.booleans()),
        flap=st.none() | st.builds(Flap, SECONDS, st.integers(), st.booleans()),
        burst=st.none() | st.builds(Burst, SECONDS, SECONDS, st.booleans()),
    ),
    st.builds(Limit, *[st.none() | st.integers(), st.none() | SECONDS] * 2),
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


@settings(deadline=None)  # a busy machine is no failure
@given(JSON)
def test_a_field_is_set_to_the_same_value_after_the_pipe(value: object) -> None:
    plan = FaultPlan("p", (Fault("f", "payments", Field("$.x", "set", value), NOWHERE),))
    arrived = plan_from(json.loads(json.dumps(plan_json(plan))))
    reply = Original(b'{"x": "before"}')
    assert arrived.faults[0].kind.action().spoil(reply) == plan.faults[0].kind.action().spoil(reply)


def test_settings_and_ready_survive_the_pipe() -> None:
    edges = (EdgeSpec("mail", "forward", hosts={"https://a.example": None}, listen=("127.0.0.1", 1)),)
    settings = Settings("r", edges, "/j", "token", owned=True, upstream_ca="/ca")
    ready = Ready({"mail": "http://x"}, None, "12", "3.13", 0.001, user_proxy="http://u:p@x")
    assert read(Settings, json.loads(json.dumps(to_plain(settings)))) == settings
    assert read(Ready, json.loads(json.dumps(to_plain(ready)))) == ready
    assert "token" not in repr(settings)
