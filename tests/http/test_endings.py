"""How a connection can fail, and what each way is called."""

from __future__ import annotations

import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowprobe.core.wire import Body, NoReply, Reply
from flowprobe.http import Driver
from tests.http.calls import call, not_replied, replied
from tests.http.conftest import MakeDriver
from tests.http.servers import (
    CHUNKED,
    OK,
    Authority,
    Play,
    Server,
    always,
    replies,
    resetting,
    serving,
    with_tls,
)

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"

CLOSED = {
    "before a byte": replies(b""),
    "in the status line": replies(b"HTTP/1.1 2"),
    "in the head": replies(b"HTTP/1.1 200 OK\r\nX: "),
    "in the body": replies(HALF),
    "in a chunk": replies(CHUNKED + b"10\r\nhalf"),
    "between chunks": replies(CHUNKED + b"4\r\nhalf\r\n"),
    "reset before a byte": resetting(b""),
    "reset in the head": resetting(b"HTTP/1.1 200 OK\r\n"),
    "reset in the body": resetting(HALF),
}


@pytest.mark.parametrize("play", CLOSED.values(), ids=CLOSED.keys())
def test_a_connection_that_ends_early_is_closed(driver: Driver, play: Play) -> None:
    with serving(play) as server:
        outcome = not_replied(driver, server.url())
    assert outcome.reason == "closed", outcome
    assert "before the reply was whole" in outcome.detail


GARBAGE = {
    "words": b"hello, this is not HTTP\r\n\r\n",
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a bad header": b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a bad chunk": CHUNKED + b"zz\r\nab\r\n",
    "an unknown framing": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
}


@pytest.mark.parametrize("reply", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_not_http(driver: Driver, reply: bytes) -> None:
    with serving(always(reply)) as server:
        outcome = not_replied(driver, server.url())
    assert (outcome.reason, outcome.detail) == ("protocol", "What came back is not HTTP.")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from([b"", b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", HALF, CHUNKED, OK,
                              b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00",
                              b"HTTP/1.1 302 Found\r\nLocation: ", b"HTTP/1.1 200 OK\r\nSet-Cookie: "]),
       rest=st.binary(max_size=60), end=st.sampled_from([b"", b"\r\n\r\n", b"\r\n0\r\n\r\n"]))
def test_whatever_comes_back_nothing_is_raised(
    make_driver: MakeDriver, start: bytes, rest: bytes, end: bytes
) -> None:
    with serving(replies(start + rest + end)) as server:
        driver = make_driver()
        for _ in range(2):  # the second one may meet a cookie
            outcome = driver.send(call(server.url(), budget=3.0))
            assert isinstance(outcome, Reply | NoReply)
            assert not (isinstance(outcome, NoReply) and outcome.reason == "timeout"), outcome


# --- no connection --------------------------------------------------------------------------------


def test_a_refused_connection_names_the_place(driver: Driver) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        outcome = not_replied(driver, f"http://127.0.0.1:{port}/secret-path?token=s3cret")
    assert (outcome.reason, outcome.status) == ("connect", None)
    assert outcome.detail == f"No connection to the target (127.0.0.1:{port}): connection refused."


@pytest.mark.parametrize("failure", [socket.gaierror(-2, "x"), UnicodeError("x")], ids=["unknown", "no name"])
def test_a_name_that_does_not_exist(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    outcome = not_replied(driver, "http://nowhere.example.test/")
    assert outcome.reason == "connect"
    assert outcome.detail == "The name nowhere.example.test of the target could not be resolved."


def test_a_name_without_addresses(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    assert not_replied(driver, "http://nowhere.example.test/").reason == "connect"


# --- TLS ------------------------------------------------------------------------------------------


def test_a_certificate_of_our_authority_is_believed(
    make_driver: MakeDriver, our_authority: Authority
) -> None:
    with serving(with_tls(always(OK), our_authority.context("127.0.0.1"))) as server:
        driver = make_driver(ca=our_authority.ca)
        assert replied(driver, server.url(scheme="https")).body == b"ok"
        assert replied(driver, server.url(scheme="https")).body == b"ok"
        assert server.connections == 1


def test_a_certificate_of_another_authority_is_refused(
    make_driver: MakeDriver, our_authority: Authority, other_authority: Authority
) -> None:
    with serving(with_tls(always(OK), other_authority.context("127.0.0.1"))) as server:
        outcome = not_replied(make_driver(ca=our_authority.ca), server.url(scheme="https"))
        assert server.requests == []
    assert outcome.reason == "connect"
    assert outcome.detail.startswith("The TLS certificate was refused: ")


def test_a_certificate_for_another_host_is_refused(make_driver: MakeDriver, our_authority: Authority) -> None:
    with serving(with_tls(always(OK), our_authority.context("other.example.test"))) as server:
        outcome = not_replied(make_driver(ca=our_authority.ca), server.url(scheme="https"))
        assert server.requests == []
    assert "IP address mismatch" in outcome.detail


def test_the_variables_of_openssl_have_no_effect(
    make_driver: MakeDriver, other_authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(other_authority.ca))
    monkeypatch.setenv("SSL_CERT_DIR", str(other_authority.ca.parent))
    with serving(with_tls(always(OK), other_authority.context("127.0.0.1"))) as server:
        assert not_replied(make_driver(), server.url(scheme="https")).reason == "connect"


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["closed", "http"])
def test_a_handshake_that_fails_is_no_connection(driver: Driver, answer: bytes) -> None:
    def hears_hello(connection: socket.socket, _: Server) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with serving(hears_hello) as server:
        outcome = not_replied(driver, server.url(scheme="https"))
    assert outcome.reason == "connect"
    assert outcome.detail.startswith("The TLS handshake failed: ")


def test_tls_that_ends_in_the_middle_of_the_body_is_closed(
    make_driver: MakeDriver, our_authority: Authority
) -> None:
    with serving(with_tls(replies(HALF), our_authority.context("127.0.0.1"))) as server:
        assert not_replied(make_driver(ca=our_authority.ca), server.url(scheme="https")).reason == "closed"


# --- connections that are kept ---------------------------------------------------------------------


def test_a_connection_is_used_again(driver: Driver) -> None:
    with serving(always(OK)) as server:
        for _ in range(5):
            replied(driver, server.url())
        assert server.connections == 1


def test_a_connection_that_was_closed_while_idle_is_not_used(driver: Driver) -> None:
    def once(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        connection.sendall(OK)
        connection.shutdown(socket.SHUT_RDWR)
        server.reached.set()

    with serving(once) as server:
        for _ in range(3):
            assert replied(driver, server.url()).status == 200
            assert server.reached.wait(5)
            server.reached.clear()
        assert server.connections == 3


def test_a_no_reply_tells_that_the_connection_was_used_before(driver: Driver) -> None:
    with serving(replies(OK, b"HTTP/1.1 200")) as server:
        replied(driver, server.url())
        assert not_replied(driver, server.url()).detail.endswith("that an earlier call had used.")


def test_an_early_reply_to_a_body_that_is_not_read_is_a_reply(driver: Driver) -> None:
    def refuse(connection: socket.socket, _: Server) -> None:
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    with serving(refuse) as server:
        assert replied(driver, server.url(), method="POST", body=Body(b"x" * 5_000_000)).status == 413
