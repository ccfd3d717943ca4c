"""However slowly the product goes on, the budget of the call ends it."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from flowprobe.core.wire import Body
from flowprobe.http import Driver, Limits
from tests.http.calls import call, not_replied, replied
from tests.http.conftest import MakeDriver
from tests.http.servers import CHUNKED, OK, Play, deaf, dripping, replies, serving, silent, silent_after

BUDGET = 0.3
LATE = 5.0  # how far beyond the budget a busy machine may be

PLAYS = {
    "never answers": silent,
    "drips the head": dripping(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500),
    "drips informational heads": dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "drips the body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b"x" * 500),
    "drips chunks": dripping(CHUNKED + b"1\r\nx\r\n" * 200),
}


@pytest.mark.parametrize("play", PLAYS.values(), ids=PLAYS.keys())
def test_the_call_ends_at_its_budget(driver: Driver, play: Play) -> None:
    with serving(play) as server:
        began = time.monotonic()
        outcome = not_replied(driver, server.url(), budget=BUDGET)
        took = time.monotonic() - began
    assert outcome.reason == "timeout", outcome
    assert BUDGET <= took < BUDGET + LATE
    assert outcome.detail.startswith("The budget of 0.3 s was spent while")


def test_a_product_that_does_not_read_ends_at_the_budget(driver: Driver) -> None:
    with serving(deaf) as server:
        body = Body(b"x" * 30_000_000)
        outcome = not_replied(driver, server.url(), method="POST", body=body, budget=BUDGET)
    assert outcome.reason == "timeout"
    assert outcome.detail == "The budget of 0.3 s was spent while sending the request."


def test_a_tls_handshake_that_never_comes_ends_at_the_budget(driver: Driver) -> None:
    with serving(silent) as server:
        outcome = not_replied(driver, server.url(scheme="https"), budget=BUDGET)
    assert outcome.reason == "timeout"
    assert outcome.seconds < BUDGET + LATE


def test_the_status_that_came_in_time_is_told(driver: Driver) -> None:
    with serving(silent_after(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")) as server:
        assert not_replied(driver, server.url(), budget=0.5).status == 200


@pytest.mark.parametrize("budget", [0.0, -1.0])
def test_without_any_budget_nothing_is_sent(driver: Driver, budget: float) -> None:
    with serving(replies(OK)) as server:
        assert not_replied(driver, server.url(), budget=budget).reason == "timeout"
        assert server.connections == 0


def test_a_budget_without_end_is_allowed(driver: Driver) -> None:
    with serving(replies(OK)) as server:
        assert replied(driver, server.url(), budget=float("inf")).body == b"ok"


def test_a_name_that_is_not_answered_ends_at_the_budget(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20) and [])
    outcome = not_replied(driver, "http://slow.example.test/", budget=BUDGET)
    over.set()
    assert outcome.reason == "timeout"
    assert outcome.detail == "The budget of 0.3 s was spent while resolving slow.example.test."


def test_the_connect_budget_is_its_own(make_driver: MakeDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20) and [])
    outcome = make_driver(limits=Limits(connect=0.2)).send(call("http://slow.example.test/", budget=9.0))
    over.set()
    assert outcome.reason == "connect"
    assert outcome.seconds < 0.2 + LATE


def test_a_dead_address_does_not_eat_the_time_of_the_next(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))
    with serving(replies(OK)) as server:
        alive = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [dead, alive])
        assert replied(driver, "http://two.example.test/").status == 200
