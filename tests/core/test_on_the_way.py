"""Products of which it is known whether they waited for a delayed provider call, or did something beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.evidence import CallEvidence, fold
from flowprobe.core.on_the_way import is_on_the_way
from tests.journals import SLOW, Journal, ended, exchange, injected, replied, sent, started, step_ended

CALL_S = 0.02
Other = tuple[float, float]
seconds = st.floats(0.0, 0.5)
delays = st.floats(0.1, 1.0)
own = st.floats(0.06, 0.5)


def made(total: float, *, start: float = 0.0, delay: float = 0.0, others: tuple[Other, ...] = ()) -> CallEvidence:
    """A call that took `total`: the provider call began after `start`, `others` from and to; the call began at 100."""
    journal = Journal().runner(started("slow", SLOW), sent("one"), replied(seconds=total), step_ended("one"), ended())
    journal.proxy(exchange(started_at=100 + start, ended=100 + start + CALL_S + delay))
    if delay:
        journal.proxy(replace(injected(), realised_s=delay))
    for number, (begun, done) in enumerate(others):
        journal.proxy(exchange(f"o{number}", edge="mail", site="POST /send", started_at=100 + begun, ended=100 + done))
    return fold(journal.lines).trials[0].steps[0].calls[0]


def in_turn(before: float, after: float, delay: float) -> CallEvidence:
    return made(before + CALL_S + delay + after, start=before, delay=delay)


@given(seconds, seconds, delays)
def test_what_is_done_before_and_after_a_delayed_call_leaves_it_on_the_way(before: float, after: float, delay: float) -> None:
    assert is_on_the_way(in_turn(before, after, delay), in_turn(before, after, 0.0), delay)


@given(seconds, seconds, delays, own)
def test_what_is_slower_besides_does_not_take_it_off_the_way(before: float, after: float, delay: float, more: float) -> None:
    assert is_on_the_way(in_turn(before, after + more, delay), in_turn(before, after, 0.0), delay)


@given(own, st.floats(0.0, 0.8), delays, st.booleans())
def test_what_is_done_beside_a_delayed_call_takes_it_off_the_way(work: float, more: float, delay: float, joined: bool) -> None:
    """The work takes `more` than it did, up to nearly as much as the delay: from then on nobody can tell. Nor where a
    tenth of the delay is all that was done beside it."""
    now = work + more * delay / 2
    twin = made(max(work, CALL_S), delay=0.0)
    late = made(max(now, CALL_S + delay) if joined else now, delay=delay)
    twin_s, late_s = max(work, CALL_S), max(now, CALL_S + delay) if joined else now
    if twin_s - (late_s - delay) > max(0.03, 0.11 * twin_s, 0.11 * delay):
        assert not is_on_the_way(late, twin, delay)


@given(st.floats(0.0, 0.9), st.floats(0.05, 0.5), delays)
def test_another_provider_call_meanwhile_takes_it_off_the_way(part: float, took: float, delay: float) -> None:
    begun = part * delay
    late = made(max(CALL_S + delay, begun + took), delay=delay, others=((begun, begun + took),))
    assert not is_on_the_way(late, made(CALL_S), delay)


@given(own, delays)
def test_another_provider_call_before_or_after_leaves_it_on_the_way(took: float, delay: float) -> None:
    spent = (0.0, took)
    late = made(took * 2 + CALL_S + delay, start=took, delay=delay,
                others=(spent, (took + CALL_S + delay, took * 2 + CALL_S + delay)))
    assert is_on_the_way(late, made(took * 2 + CALL_S, start=took, others=(spent,)), delay)


def test_a_reply_that_came_before_the_delayed_call_ended_did_not_wait_for_it() -> None:
    assert not is_on_the_way(made(0.45, delay=0.5), made(0.01), 0.3)


@pytest.mark.parametrize("which", ["late", "twin"])
def test_what_is_not_known_is_not_on_the_way(which: str) -> None:
    late, twin = in_turn(0.1, 0.1, 0.5), in_turn(0.1, 0.1, 0.0)
    late = replace(late, outcome=None) if which == "late" else late
    twin = replace(twin, exchanges=()) if which == "twin" else twin
    assert not is_on_the_way(late, twin, 0.5)


def test_a_slow_line_to_the_user_is_always_on_the_way() -> None:
    late, twin = in_turn(0.1, 0.1, 0.5), in_turn(0.1, 0.1, 0.0)
    line = tuple(replace(found, exchange=replace(found.exchange, edge="user")) for found in late.exchanges)
    assert is_on_the_way(replace(late, exchanges=line), twin, 0.5)
