"""What `--faults NAME@PROVIDER` says, and a plan whose faults fall there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.faults.fault import Fault, FaultPlan, Opening, When
from flowprobe.core.faults.status import Status
from flowprobe.core.profiles import Aim, aimed, parse_aim, providers_of, segments_of, sends_webhooks
from flowprobe.core.values import Position

HERE = Position("slow.yaml", 5, 1)


def plan(*edges: str) -> FaultPlan:
    """One fault on each edge, a second one of an edge under an id of its own."""
    faults = []
    for index, edge in enumerate(edges):
        again = edges[:index].count(edge)
        faults.append(Fault(f"{edge}[{again}]" if again else edge, edge, Status(503), HERE))
    return FaultPlan("slow", tuple(faults), HERE, "Something slow", "Nothing breaks")


@pytest.mark.parametrize(("text", "aim"), [
    ("slow", Aim("slow", {})),
    ("slow@stripe", Aim("slow", {"": "stripe"})),
    ("slow@payments=stripe", Aim("slow", {"payments": "stripe"})),
    ("slow@payments=stripe,mail=postmark", Aim("slow", {"payments": "stripe", "mail": "postmark"})),
    ("a/slow.yaml", Aim("a/slow.yaml", {})),
    ("a/slow.yaml@stripe", Aim("a/slow.yaml", {"": "stripe"})),
    ("me@home/slow.yaml", Aim("me@home/slow.yaml", {})),
])
def test_a_profile_is_named_with_the_providers_on_which_it_falls(text: str, aim: Aim) -> None:
    assert parse_aim(text) == aim


@pytest.mark.parametrize(("text", "strange"), [
    ("slow@", ""), ("slow@payments=", "payments="), ("slow@=stripe", "=stripe"),
    ("slow@a=b,a=c", "a=c"), ("slow@a,b=c", "a,b=c"), ("slow@a,b", "b")])
def test_what_cannot_be_read_is_told(text: str, strange: str) -> None:
    aim = parse_aim(text)
    assert (aim.profile, aim.providers) == ("slow", {})
    assert aim.strange == strange


def test_faults_move_with_their_ids_and_webhooks_with_their_provider() -> None:
    moved = aimed(plan("user", "payments", "payments", "payments.webhooks"), {"payments": "stripe"})
    assert [fault.edge for fault in moved.faults] == ["user", "stripe", "stripe", "stripe.webhooks"]
    assert [fault.id for fault in moved.faults] == ["user", "stripe", "stripe[1]", "stripe.webhooks"]
    assert (moved.imitates, moved.survives) == ("Something slow", "Nothing breaks")


def test_a_provider_is_named_once_and_the_user_edge_is_none() -> None:
    assert providers_of(plan("user", "mail", "mail", "scanner.webhooks")) == ("mail", "scanner")


def test_whether_a_plan_falls_on_webhooks_depends_on_the_provider() -> None:
    hooked = plan("mail", "scanner.webhooks")
    assert (sends_webhooks(hooked, "scanner"), sends_webhooks(hooked, "mail")) == (True, False)


NAMES = st.sampled_from(["payments", "mail", "search", "scanner"])


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_moving_there_and_back_changes_nothing(edges: list[str]) -> None:
    there = {edge: f"{edge}-2" for edge in edges}
    back = {name: edge for edge, name in there.items()}
    before = plan(*edges)
    assert aimed(aimed(before, there), back) == before
    assert aimed(before, {}) == replace(before)


def test_of_an_incident_each_segment_in_which_something_was_amiss_is_a_plan() -> None:
    worst, tail = When(window=(Opening(60.0, 120.0),)), When(window=(Opening(120.0),))
    faults = tuple(replace(each, when=when) for each, when in zip(plan("mail", "mail").faults, (worst, tail), strict=True))
    friday = replace(plan(), faults=faults, asked="x.yaml", segments=(("ordinary", 0.0), ("worst", 60.0), ("tail", 120.0)))
    first, second = segments_of(friday)
    assert (first.name, first.asked, first.segments) == ("slow.worst", "x.yaml#worst", ())
    assert [(fault.id, fault.when) for fault in (*first.faults, *second.faults)] == [("mail", When()), ("mail[1]", When())]


def test_a_profile_without_segments_is_one_plan() -> None:
    assert segments_of(plan("mail")) == (plan("mail"),)
