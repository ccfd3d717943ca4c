"""How the runner fares: stalls, sleep, and a clock that jumps, on clocks that the test turns."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from flowprobe.core.nights.blaming import Runner
from flowprobe.running.pulse import EVERY_S, Pulse


class Clocks:
    def __init__(self) -> None:
        self.mono, self.slept, self.moved = 100.0, 0.0, 0.0
        self.pulse = Pulse(clock=lambda: self.mono, wall=lambda: 1e9 + self.mono + self.slept + self.moved,
                           boot=lambda: self.mono + self.slept)

    def beat(self, late: float = 0.0) -> None:
        self.mono += EVERY_S + late
        self.pulse.note(beat=True)

    def runner(self, began: float = 100.0, ended: float = 1e9) -> Runner:
        return self.pulse.runner(began, ended, folder=Path())


def test_what_beats_in_time_has_nothing_to_tell() -> None:
    clocks = Clocks()
    for _ in range(20):
        clocks.beat(0.01)
    found = clocks.runner()
    assert (found.stalled_s, found.suspended_s, found.jumped_s) == (0, 0, pytest.approx(0))


def test_stalls_are_summed_up_where_the_call_was_under_way() -> None:
    clocks = Clocks()
    clocks.beat(3.0)
    began = clocks.mono
    clocks.beat(0.5)
    clocks.beat(0.25)
    ended = clocks.mono
    clocks.beat(7.0)
    assert clocks.runner(began, ended).stalled_s == pytest.approx(0.75)
    assert clocks.runner(began + EVERY_S + 0.2, ended).stalled_s == pytest.approx(0.55)


def test_a_stall_that_is_not_over_for_the_thread_counts_when_somebody_asks() -> None:
    clocks = Clocks()
    clocks.beat()
    clocks.mono += EVERY_S + 2
    assert clocks.runner().stalled_s == pytest.approx(2)
    clocks.pulse.note(beat=True)
    assert clocks.runner().stalled_s == pytest.approx(2)


def test_sleep_is_neither_a_stall_nor_a_jump() -> None:
    clocks = Clocks()
    clocks.beat()
    clocks.slept += 40
    clocks.beat()
    found = clocks.runner()
    assert (found.stalled_s, found.suspended_s, found.jumped_s) == (0, pytest.approx(40), pytest.approx(0))
    assert clocks.runner(clocks.mono + 1).suspended_s == 0


@pytest.mark.parametrize("by", [3600.0, -5.0])
def test_a_clock_that_jumped_before_the_call_is_still_wrong_during_it(by: float) -> None:
    clocks = Clocks()
    clocks.beat()
    clocks.moved += by
    clocks.beat()
    clocks.beat()
    assert clocks.runner(clocks.mono).jumped_s == pytest.approx(by)


def test_a_clock_that_was_put_right_before_the_call_is_right() -> None:
    clocks = Clocks()
    clocks.moved = 90
    clocks.beat()
    clocks.moved = 0
    clocks.beat()
    assert clocks.runner(clocks.mono + 1).jumped_s == pytest.approx(0)
    assert clocks.runner(100).jumped_s == pytest.approx(90)


def test_a_jump_is_seen_by_whoever_asks_first() -> None:
    clocks = Clocks()
    clocks.moved = 90
    assert clocks.runner().jumped_s == pytest.approx(90)


def test_a_process_that_did_not_get_to_run_is_seen_to_have_stalled(tmp_path: Path) -> None:
    pulse = Pulse()
    pulse.start()
    try:
        began = time.monotonic()
        sum(range(60_000_000))  # holds the interpreter from start to end
        ended = time.monotonic()
        assert pulse.runner(began, ended, folder=tmp_path).stalled_s > (ended - began) / 3
    finally:
        pulse.stop()


def test_what_is_left_is_told_where_the_system_says(tmp_path: Path) -> None:
    found = Pulse().runner(0, 0, folder=tmp_path)
    assert found.disk
    assert found.descriptors is None or found.descriptors > 0
    assert Pulse().runner(0, 0, folder=tmp_path / "nowhere").disk is None
