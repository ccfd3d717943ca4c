"""Kinds give way to simpler ones of their own nature, and delays can be told and changed."""

from __future__ import annotations

import pytest

from flowprobe.core.distributions import Uniform
from flowprobe.core.exploring.simpler import delay_of, delayed, simpler, simplest_of_all
from flowprobe.core.faults.body import Body, Truncate
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.duplicate import Duplicate
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.tls import Slow, Tls
from flowprobe.core.faults.webhook import Webhook
from flowprobe.core.faults.websocket import Websocket

KINDS: list[tuple[Kind, tuple[Kind, ...]]] = [
    (Status(500), ()),
    (Status(503), (Status(500),)),
    (Status(429, retry_after=5.0), (Status(500), Status(503))),
    (Reset("request"), ()),
    (Close("request"), (Reset("request"),)),
    (Refuse(), (Reset("request"),)),
    (Tls("expired"), (Reset("request"),)),
    (Tls(Slow(2.0)), ()),
    (Close("headers"), (LostReply("close"),)),
    (LostReply("hang", 30.0), (LostReply("close"),)),
    (Hang(30.0, "headers"), (LostReply("close"),)),
    (Hang(30.0), (Latency(30.0),)),
    (Latency(2.0), ()),
    (Latency(2.0, at="headers"), (Latency(2.0),)),
    (Body(Truncate()), (Body("empty"), Body("html"))),
    (Duplicate(), ()),
]


@pytest.mark.parametrize(("kind", "instead"), KINDS)
def test_simpler_kinds_are_of_the_same_nature(kind: Kind, instead: tuple[Kind, ...]) -> None:
    assert simpler(kind) == instead


def test_a_distribution_is_fixed_at_what_nearly_all_calls_stay_within() -> None:
    (fixed,) = simpler(Latency(Uniform(1.0, 2.0)))
    assert delay_of(fixed) == pytest.approx(1.99, abs=0.001)


def test_of_any_nature_a_refusal_is_the_simplest() -> None:
    assert simplest_of_all(Hang(30.0)) == (
        Status(500), Status(503), Reset("request"), LostReply("close"), Latency(30.0))
    assert simplest_of_all(Reset("request")) == (Status(500), Status(503))


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS])
def test_no_exchange_goes_round_in_a_circle(kind: Kind) -> None:
    for exchange in (simpler, simplest_of_all):
        seen = kind
        for _ in range(10):
            seen = next(iter(exchange(seen)), seen)
        assert exchange(seen) == () or seen == exchange(seen)[0]


@pytest.mark.parametrize("kind", [
    Latency(3.0, at="headers"), Hang(3.0, "headers"), Tls(Slow(3.0)), LostReply("hang", 3.0), Webhook(delay=3.0),
    Websocket(latency=3.0)])
def test_a_delay_can_be_told_and_changed(kind: Kind) -> None:
    shorter = delayed(kind, 0.5)
    assert (delay_of(kind), delay_of(shorter), type(shorter)) == (3.0, 0.5, type(kind))
    assert delayed(shorter, 3.0) == kind


@pytest.mark.parametrize("kind", [Status(500), LostReply("close"), Webhook(drop=True), Websocket(close=1), Tls("expired"),
                                  Latency(Uniform(1.0, 2.0))])
def test_other_kinds_have_none(kind: Kind) -> None:
    assert delay_of(kind) is None


def test_to_change_a_delay_where_none_is_says_so() -> None:
    with pytest.raises(ValueError, match="has no delay"):
        delayed(Status(500), 1.0)
