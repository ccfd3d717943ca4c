"""`stop()` from another thread ends a call at once, wherever it is."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from flowprobe.core.wire import Body, Call, NoReply, Reply
from flowprobe.http import Driver
from tests.http.calls import call, not_replied, replied
from tests.http.conftest import MakeDriver
from tests.http.servers import (
    OK,
    Authority,
    Play,
    Server,
    always,
    deaf,
    serving,
    silent,
    silent_after,
    with_tls,
)

SOON = 5.0  # of 20 s, on a busy machine
BIG = Body(b"x" * 30_000_000)


def stopped_while(driver: Driver, reached: Callable[[], bool], *calls: Call) -> list[tuple[object, float]]:
    """The outcomes of `calls` made at once and stopped when `reached`, with the seconds from the stop."""
    outcomes: list[tuple[object, float]] = []
    threads = [threading.Thread(target=lambda c=one: outcomes.append((driver.send(c), time.monotonic())))
               for one in calls]
    for thread in threads:
        thread.start()
    until(reached)
    at = time.monotonic()
    driver.stop()
    for thread in threads:
        thread.join(10)
    return [(outcome, when - at) for outcome, when in outcomes]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "the call never got there"
        time.sleep(0.005)


def assert_stopped(outcomes: list[tuple[object, float]], count: int = 1) -> None:
    assert len(outcomes) == count
    for outcome, seconds in outcomes:
        assert isinstance(outcome, NoReply), outcome
        assert (outcome.reason, outcome.detail) == ("stopped", "We were asked to stop.")
        assert seconds < SOON


def flight_is(driver: Driver, doing: str) -> Callable[[], bool]:
    return lambda: any(flight.doing.startswith(doing) for flight in list(driver._flights))


PHASES = {
    "waiting for the reply": (silent, Body()),
    "sending the request": (deaf, BIG),
    "reading the body": (silent_after(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"), Body()),
}


@pytest.mark.parametrize(("doing", "play", "body"), [(k, *v) for k, v in PHASES.items()], ids=PHASES.keys())
def test_a_call_on_its_connection(driver: Driver, doing: str, play: Play, body: Body) -> None:
    with serving(play) as server:
        one = call(server.url(), method="POST", body=body, budget=20.0)
        outcomes = stopped_while(driver, flight_is(driver, doing), one)
    assert_stopped(outcomes)


@pytest.mark.parametrize(("doing", "play", "body"), [(k, *v) for k, v in PHASES.items()], ids=PHASES.keys())
def test_a_call_on_tls(
    make_driver: MakeDriver, our_authority: Authority, doing: str, play: Play, body: Body
) -> None:
    driver = make_driver(ca=our_authority.ca)
    with serving(with_tls(play, our_authority.context("127.0.0.1"))) as server:
        one = call(server.url(scheme="https"), method="POST", body=body, budget=20.0)
        outcomes = stopped_while(driver, flight_is(driver, doing), one)
    assert_stopped(outcomes)


def test_a_handshake(driver: Driver) -> None:
    with serving(silent) as server:
        one = call(server.url(scheme="https"), budget=20.0)
        outcomes = stopped_while(driver, flight_is(driver, "setting up TLS"), one)
    assert_stopped(outcomes)


def test_a_name_look_up(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20) and [])
    one = call("http://slow.example.test/", budget=20.0)
    outcomes = stopped_while(driver, flight_is(driver, "resolving"), one)
    over.set()
    assert_stopped(outcomes)


@contextmanager
def full() -> Iterator[int]:
    """A listener whose queue is full: a further connection is neither taken nor refused."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        yield address[1]
        for one in waiting:
            one.close()


def test_a_connection_being_made(driver: Driver) -> None:
    with full() as port:
        one = call(f"http://127.0.0.1:{port}/", budget=20.0)
        outcomes = stopped_while(driver, flight_is(driver, "connecting"), one)
    assert_stopped(outcomes)


def test_many_calls_at_once(driver: Driver) -> None:
    with serving(silent) as server:
        calls = [call(server.url(), persona=str(n), budget=20.0) for n in range(20)]
        outcomes = stopped_while(driver, lambda: len(server.requests) == 20, *calls)
    assert_stopped(outcomes, 20)


def test_calls_of_one_persona_on_used_connections(driver: Driver) -> None:
    def play(connection: socket.socket, server: Server) -> None:
        while request := server.read_request(connection):
            if b"/hang" in request:
                server.until_gone(connection)
                return
            connection.sendall(OK)

    with serving(play) as server:
        replied(driver, server.url())
        calls = [call(server.url("/hang"), budget=20.0) for _ in range(3)]
        outcomes = stopped_while(driver, lambda: len(server.requests) == 4, *calls)
    assert_stopped(outcomes, 3)


def test_after_a_stop_nothing_is_sent(driver: Driver) -> None:
    with serving(always(OK)) as server:
        replied(driver, server.url())
        driver.stop()
        driver.stop()
        assert not_replied(driver, server.url()).reason == "stopped"
        assert len(server.requests) == 1


def test_a_closed_driver_is_stopped(driver: Driver) -> None:
    driver.close()
    assert not_replied(driver, "http://127.0.0.1:9/").reason == "stopped"


def test_stopping_at_any_moment_leaves_no_call_behind(make_driver: MakeDriver) -> None:
    """The moment moves through the life of many short calls."""
    with serving(always(OK)) as server:
        for number in range(30):
            driver = make_driver()
            outcomes: list[Reply | NoReply] = []
            made = threading.Event()

            def calls(driver: Driver = driver, outcomes: list[Reply | NoReply] = outcomes,
                      made: threading.Event = made, enough: int = number) -> None:
                while not outcomes or isinstance(outcomes[-1], Reply):
                    outcomes.append(driver.send(call(server.url(), budget=20.0)))
                    if len(outcomes) > enough:
                        made.set()

            thread = threading.Thread(target=calls)
            thread.start()
            assert made.wait(10)
            driver.stop()
            thread.join(SOON * 4)
            assert not thread.is_alive()
            last = outcomes[-1]
            assert isinstance(last, NoReply)
            assert last.reason == "stopped", last
