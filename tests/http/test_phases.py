"""A connection, part by part: which part fails is told, and what the others took."""

from __future__ import annotations

import email.utils
import socket
import ssl
import time

import pytest

from flowprobe.core.phases import Phases
from flowprobe.http import Driver
from flowprobe.http.phases import phase_of, time_apart
from flowprobe.http.trust import EVERYDAY, Trust
from tests.http.calls import call, not_replied
from tests.http.servers import OK, Authority, always, replies, serving, silent, with_tls


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "x")

    monkeypatch.setattr(socket, "getaddrinfo", fail)


def looked(url: str, *, budget: float = 5.0, tls: Trust = EVERYDAY, asks: bool = True) -> Phases:
    return time_apart(call(url, budget=budget), tls=tls, asks=asks)


def test_a_reply_has_the_time_of_each_phase_that_it_took() -> None:
    with serving(always(OK)) as server:
        seen = looked(server.url())
    assert (seen.host, seen.status, seen.failed) == (f"127.0.0.1:{server.port}", 200, "")
    assert None not in (seen.dns_s, seen.tcp_s, seen.first_byte_s)
    assert seen.tls_s is None


@pytest.mark.parametrize("status", [b"401 No", b"503 Down"])
def test_any_reply_is_an_answer(status: bytes) -> None:
    with serving(always(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")) as server:
        assert not looked(server.url()).failed


def test_without_a_request_it_ends_with_the_line() -> None:
    with serving(always(OK)) as server:
        seen = looked(server.url(), asks=False)
        assert (seen.failed, seen.status, seen.first_byte_s) == ("", None, None)
        assert not server.requests


@pytest.mark.usefixtures("nameless")
def test_a_name_that_is_not_there_fails_before_anything_else() -> None:
    seen = looked("http://nowhere.invalid:81/")
    assert (seen.failed, seen.tcp_s, seen.detail) == ("dns", None, "The name nowhere.invalid could not be resolved.")
    assert seen.host == "nowhere.invalid:81"


def test_a_host_that_says_no_is_there() -> None:
    seen = looked(f"http://127.0.0.1:{closed_port()}/")
    assert (seen.failed, seen.refused, seen.detail) == ("tcp", True, "Connection refused.")


def test_one_that_takes_the_call_and_says_nothing_fails_at_the_first_byte() -> None:
    with serving(silent) as server:
        seen = looked(server.url(), budget=0.3)
    assert (seen.failed, seen.refused) == ("first byte", False)
    assert seen.detail == "The budget of 0.3 s was spent while waiting for the reply."


def test_one_that_hangs_up_fails_at_the_first_byte() -> None:
    with serving(replies(b"")) as server:
        assert looked(server.url(), budget=2).failed == "first byte"


@pytest.mark.parametrize(("name", "days", "said"), [
    ("127.0.0.1", -1, "certificate has expired"), ("other.example", 1, "mismatch")])
def test_a_certificate_that_is_not_believed_fails_in_tls(our_authority: Authority, name: str, days: int, said: str) -> None:
    context = our_authority.context("127.0.0.1")
    context.load_cert_chain(*our_authority.pair(name, days=days))
    with serving(with_tls(always(OK), context)) as server:
        seen = looked(server.url(scheme="https"), tls=Trust(ca=our_authority.ca))
    assert seen.failed == "tls"
    assert said in seen.detail
    assert seen.tls_s is not None


def test_tls_that_holds_is_timed_apart(our_authority: Authority) -> None:
    with serving(with_tls(always(OK), our_authority.context("127.0.0.1"))) as server:
        seen = looked(server.url(scheme="https"), tls=Trust(ca=our_authority.ca))
    assert (seen.failed, seen.status) == ("", 200)
    assert seen.tls_s is not None


@pytest.mark.parametrize("off", [-300.0, 0.0, 4000.0])
def test_the_date_of_a_reply_says_how_far_our_clock_is_off(off: float) -> None:
    date = email.utils.formatdate(time.time() - off, usegmt=True).encode()
    with serving(always(b"HTTP/1.1 204 No\r\nDate: " + date + b"\r\n\r\n")) as server:
        ahead = looked(server.url()).ahead_s
    assert ahead == pytest.approx(off, abs=3)


def test_a_date_that_is_none_says_nothing() -> None:
    with serving(always(b"HTTP/1.1 204 No\r\nDate: yesterday\r\n\r\n")) as server:
        assert looked(server.url()).ahead_s is None


# --- what a driver says of the same ---------------------------------------------------------------


def test_the_sentence_of_a_call_that_was_refused_tells_its_phase(driver: Driver) -> None:
    assert phase_of(not_replied(driver, f"http://127.0.0.1:{closed_port()}/").detail) == ("tcp", True)


@pytest.mark.usefixtures("nameless")
def test_the_sentence_of_a_name_that_is_not_there_tells_its_phase(driver: Driver) -> None:
    assert phase_of(not_replied(driver, "http://nowhere.invalid/").detail) == ("dns", False)


def test_the_sentence_of_a_certificate_tells_its_phase(driver: Driver, our_authority: Authority) -> None:
    with serving(with_tls(always(OK), our_authority.context("127.0.0.1"))) as server:
        assert phase_of(not_replied(driver, server.url(scheme="https")).detail) == ("tls", False)


def test_the_sentence_of_silence_tells_its_phase(driver: Driver) -> None:
    with serving(silent) as server:
        assert phase_of(not_replied(driver, server.url(), budget=0.3).detail) == ("first byte", False)


@pytest.mark.parametrize("detail", [
    "The target refused the TLS connection: unknown ca; it does not take the client certificate of the persona.",
    "Our own proxy refused the call (407).", "No connection to our own proxy (127.0.0.1:1): connection refused.",
    "The connection ended before the reply was whole.", "What came back is not HTTP.", ""])
def test_what_is_ours_or_the_products_word_is_no_phase(detail: str) -> None:
    assert phase_of(detail) == ("", False)


def test_a_client_certificate_that_is_asked_for_is_an_answer(our_authority: Authority, other_authority: Authority) -> None:
    context = our_authority.context("127.0.0.1")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(other_authority.ca)
    with serving(with_tls(always(OK), context)) as server:
        seen = looked(server.url(scheme="https"), tls=Trust(ca=our_authority.ca))
    assert seen.failed == ""
    assert "client certificate" in seen.detail
