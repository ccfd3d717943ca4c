"""The proxy is told of a step's first call and of its end, and waited for where that matters."""

from __future__ import annotations

import pytest

from flowprobe.core.activity import LINGER_S
from flowprobe.core.wire import Call, NoReply, Outcome
from flowprobe.running.flights import Flights

A = "a" * 16


class Told:
    def __init__(self) -> None:
        self.now = 0.0
        self.words: list[tuple[str, int, bool]] = []

    def __call__(self, trial: str, calls: int, *, known: bool = False) -> None:
        self.words.append((trial, calls, known))


def call(step: str = "look") -> Call:
    return Call("0" * 32, A, step, "pro-eu", "GET", "http://acme.test/")


def answer(_: Call) -> Outcome:
    return NoReply("0" * 32, "closed", "", 0.0, 0.0)


def test_the_first_call_after_a_silence_waits_until_the_proxy_knows() -> None:
    told = Told()
    flights = Flights(told, clock=lambda: told.now)
    send = flights.told(answer)
    for later in (0.0, 0.0, LINGER_S):
        told.now += later
        send(call())
        flights.ended(A, "look")
    assert told.words == [(A, 1, True), (A, 0, False), (A, 1, False), (A, 0, False), (A, 1, True), (A, 0, False)]


def test_a_window_is_known_of_before_every_step() -> None:
    told = Told()
    flights = Flights(told, sure=True)
    for _ in range(2):
        flights.told(answer)(call())
        flights.ended(A, "look")
    assert [known for _, calls, known in told.words if calls] == [True, True]


def test_a_step_is_in_flight_between_its_calls_too() -> None:
    told = Told()
    flights = Flights(told)
    for _ in range(3):
        flights.told(answer)(call("poll"))
    assert [calls for _, calls, _ in told.words] == [1]
    flights.ended(A, "poll")
    assert [calls for _, calls, _ in told.words] == [1, 0]


def test_steps_at_the_same_time_are_one_flight() -> None:
    told = Told()
    flights = Flights(told)
    for step in ("one", "two"):
        flights.told(answer)(call(step))
    for step in ("one", "skipped", "two", "two"):
        flights.ended(A, step)
    assert [calls for _, calls, _ in told.words] == [1, 0]


def test_a_call_of_a_cleanup_is_in_flight_for_itself_also_when_it_fails() -> None:
    told = Told()

    def fail(_: Call) -> Outcome:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Flights(told).told(fail, whole_steps=False)(call())
    assert [calls for _, calls, _ in told.words] == [1, 0]


def test_a_trial_that_is_over_has_nothing_in_flight() -> None:
    told = Told()
    flights = Flights(told)
    flights.told(answer)(call())
    flights.over(A)
    flights.over(A)
    flights.ended(A, "look")
    assert [calls for _, calls, _ in told.words] == [1, 0]
