"""The proxy is told of the first call and of the end of the last, and waited for where that matters."""

from __future__ import annotations

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


def call(trial: str = A) -> Call:
    return Call("0" * 32, trial, "look", "pro-eu", "GET", "http://acme.test/")


def answer(_: Call) -> Outcome:
    return NoReply("0" * 32, "closed", "", 0.0, 0.0)


def test_the_first_call_after_a_silence_waits_until_the_proxy_knows() -> None:
    told = Told()
    send = Flights(told, clock=lambda: told.now).told(answer)
    send(call())
    send(call())
    told.now = LINGER_S
    send(call())
    assert told.words == [(A, 1, True), (A, 0, False), (A, 1, False), (A, 0, False), (A, 1, True), (A, 0, False)]


def test_a_window_is_known_of_before_every_call() -> None:
    told = Told()
    send = Flights(told, sure=True).told(answer)
    send(call())
    send(call())
    assert [known for _, calls, known in told.words if calls] == [True, True]


def test_calls_at_the_same_time_are_one_flight() -> None:
    told = Told()
    flights = Flights(told)
    inner = flights.told(answer)
    flights.told(lambda made: inner(made))(call())
    assert [calls for _, calls, _ in told.words] == [1, 0]


def test_a_call_that_fails_ends_too() -> None:
    told = Told()

    def fail(_: Call) -> Outcome:
        raise RuntimeError

    for _ in range(2):
        try:
            Flights(told).told(fail)(call())
        except RuntimeError:
            continue
    assert [calls for _, calls, _ in told.words] == [1, 0, 1, 0]
