"""Redirects are followed only where a step says so, and nothing that signs a call goes to another origin."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.wire import BODY, Body, NoReply, Reply
from flowprobe.http import Driver
from flowprobe.http.flight import Ended
from flowprobe.http.redirects import Chain
from tests.http.calls import call, not_replied, replied
from tests.http.conftest import MakeDriver
from tests.http.servers import OK, Authority, Play, Server, dripping, serving, silent, with_tls
from tests.http.test_stop import SOON, stopped_while

SIGNED = {"headers": {"X-Key": "k1", "X-Plain": "p", "Cookie": "own=1"}, "credentials": {"authorization": "Bearer s3cret"},
          "sensitive": frozenset({"x-key"})}


def moved(location: str, status: int = 302, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Moved", f"Location: {location}", "Content-Length: 0", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def routes(answers: dict[str, bytes]) -> Play:
    """A reply for each path, for as long as the connection lasts."""

    def play(connection: socket.socket, server: Server) -> None:
        while request := server.read_request(connection):
            connection.sendall(answers[request.split(b" ")[1].decode()])

    return play


@contextmanager
def two(make: Callable[[Server], dict[str, bytes]], other: dict[str, bytes] | None = None) -> Iterator[tuple[Server, Server]]:
    """The product, whose answers may name the other one."""
    with serving(routes(other or {"/next": OK, "/back": OK})) as second, serving(routes(make(second))) as first:
        yield first, second


def head(request: bytes) -> dict[str, str]:
    lines = request.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


# --- following ------------------------------------------------------------------------------------


@pytest.mark.parametrize("location", ["/next", "next", "?a=b", "//127.0.0.1:{port}/next", "http://127.0.0.1:{port}/next",
                                      "/next#part"])
def test_a_redirect_is_followed_where_the_step_says_so(driver: Driver, location: str) -> None:
    with serving(lambda c, s: routes({"/": moved(location.format(port=s.port)), "/next": OK, "/?a=b": OK})(c, s)) as server:
        reply = replied(driver, server.url(), redirects=1)
    path = "/?a=b" if location == "?a=b" else "/next"
    assert (reply.status, reply.url, reply.redirects) == (200, server.url(path), (server.url(path),))


def test_without_a_word_none_is_followed(driver: Driver) -> None:
    with serving(routes({"/": moved("/next")})) as server:
        reply = replied(driver, server.url())
        assert (reply.status, reply.url, reply.redirects, len(server.requests)) == (302, server.url(), (), 1)


@pytest.mark.parametrize("status", [300, 304, 305, 306])
def test_other_statuses_are_no_redirects(driver: Driver, status: int) -> None:
    with serving(routes({"/": moved("/next", status)})) as server:
        assert replied(driver, server.url(), redirects=5).status == status


def test_a_redirect_without_a_location_is_the_reply(driver: Driver) -> None:
    with serving(routes({"/": b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"})) as server:
        assert replied(driver, server.url(), redirects=5).status == 302


METHODS = [("POST", 301, "GET"), ("POST", 302, "GET"), ("POST", 303, "GET"), ("PUT", 303, "GET"), ("DELETE", 303, "GET"),
           ("HEAD", 303, "HEAD"), ("GET", 303, "GET"), ("PUT", 301, "PUT"), ("PATCH", 302, "PATCH"),
           ("POST", 307, "POST"), ("POST", 308, "POST"), ("PUT", 308, "PUT"), ("HEAD", 302, "HEAD")]


@pytest.mark.parametrize(("method", "status", "then"), METHODS)
def test_the_method_after_a_redirect(driver: Driver, method: str, status: int, then: str) -> None:
    empty = b"HTTP/1.1 204 No Content\r\n\r\n"
    with serving(routes({"/": moved("/next", status), "/next": empty})) as server:
        body = Body(b"{}", "application/json") if method not in ("GET", "HEAD") else Body()
        replied(driver, server.url(), method=method, body=body, redirects=1,
                headers={"Content-Type": "application/json"} if body.content else {})
        second = server.requests[1]
    assert second.startswith(f"{then} /next ".encode())
    assert second.endswith(b"{}") == (then == method and bool(body.content))
    assert ("content-type" in head(second)) == second.endswith(b"{}")
    assert ("content-length" in head(second)) == second.endswith(b"{}")


def test_the_stamps_and_the_deadline_are_those_of_the_whole_chain(driver: Driver) -> None:
    def slow(connection: socket.socket, server: Server) -> None:
        server.read_request(connection)
        server.drip(connection, moved("/next"), every=0.003)
        routes({"/next": OK})(connection, server)

    with serving(slow) as server:
        began = time.monotonic()
        reply = replied(driver, server.url(), redirects=1)
        assert began <= reply.sent < reply.first_byte <= reply.ended
        assert reply.first_byte - reply.sent > 0.1  # the first hop took at least that long
        outcome = not_replied(driver, server.url(), redirects=1, budget=0.1, persona="other")
    assert outcome.reason == "timeout"


def test_a_chain_that_hangs_in_its_second_call_ends_at_the_budget(driver: Driver) -> None:
    with serving(dripping(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000)) as slow, \
            serving(routes({"/": moved(slow.url("/next"))})) as server:
        began = time.monotonic()
        outcome = not_replied(driver, server.url(), redirects=1, budget=0.4)
        assert 0.4 <= time.monotonic() - began < 5.4
    assert (outcome.reason, outcome.status, outcome.redirects) == ("timeout", None, (slow.url("/next"),))


def test_a_stop_ends_a_chain(driver: Driver) -> None:
    with serving(silent) as slow, serving(routes({"/": moved(slow.url("/next"))})) as server:
        one = call(server.url(), redirects=1, budget=20.0)
        ((outcome, seconds),) = stopped_while(driver, slow.reached.is_set, one)
    assert isinstance(outcome, NoReply)
    assert (outcome.reason, seconds < SOON) == ("stopped", True)


# --- what goes along ------------------------------------------------------------------------------


def test_the_same_origin_keeps_what_signs_the_call(driver: Driver) -> None:
    with serving(routes({"/": moved("/next"), "/next": OK})) as server:
        replied(driver, server.url(), redirects=1, **SIGNED)
        first, second = map(head, server.requests)
    assert first == second
    assert (second["authorization"], second["x-key"], second["cookie"]) == ("Bearer s3cret", "k1", "own=1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_another_origin_gets_nothing_that_signs_the_call(driver: Driver, status: int) -> None:
    with two(lambda other: {"/": moved(other.url("/next"), status)}) as (first, second):
        replied(driver, first.url(), redirects=1, method="POST", body=Body(b"{}", "application/json"), **SIGNED)
        assert head(first.requests[0])["authorization"] == "Bearer s3cret"
        seen = head(second.requests[0])
    assert not {"authorization", "x-key", "cookie"} & seen.keys()
    assert seen["x-plain"] == "p"


def test_what_was_dropped_does_not_come_back(driver: Driver) -> None:
    with serving(routes({"/next": OK})) as first:
        answers = {"/": moved(first.url("/next"))}
        with serving(routes(answers)) as second, serving(routes({"/": moved(second.url("/"))})) as start:
            replied(driver, start.url(), redirects=2, **SIGNED)
    assert not {"authorization", "x-key", "cookie"} & head(first.requests[0]).keys()


def test_even_an_authorization_that_is_written_into_the_step_stays(driver: Driver) -> None:
    with two(lambda other: {"/": moved(other.url("/next"))}) as (first, second):
        replied(driver, first.url(), redirects=1, headers={"AUTHORIZATION": "Basic eA==", "COOKIE": "a=1"})
        assert not {"authorization", "cookie"} & head(second.requests[0]).keys()


def test_cookies_go_by_the_rules_of_the_jar(driver: Driver) -> None:
    with respx.mock as product:
        product.get("https://a.acme.example/").respond(302, headers=[("Location", "https://b.acme.example/"),
            ("Set-Cookie", "host=1"), ("Set-Cookie", "all=2; Domain=acme.example")])
        last = product.get("https://b.acme.example/").respond(200)
        replied(driver, "https://a.acme.example/", redirects=1)
        assert last.calls.last.request.headers["cookie"] == "all=2"


@pytest.mark.parametrize("status", [307, 308])
def test_a_body_with_a_secret_does_not_go_to_another_origin(driver: Driver, status: int) -> None:
    with two(lambda other: {"/": moved(other.url("/next"), status)}) as (first, second):
        outcome = not_replied(driver, first.url(), redirects=1, method="POST", body=Body(b"s3cret"),
                              sensitive=frozenset({BODY}))
        assert second.requests == []
    assert outcome.reason == "protocol"
    assert outcome.detail == f"The redirect asks to send the body, which holds a secret, to {second.url('')}."


def test_a_user_in_the_location_signs_nothing(driver: Driver) -> None:
    with serving(lambda c, s: routes({"/": moved(f"http://u:p@127.0.0.1:{s.port}/next"), "/next": OK})(c, s)) as server:
        replied(driver, server.url(), redirects=1)
        assert "authorization" not in head(server.requests[1])


def test_the_user_of_the_calls_own_url_stays_with_its_origin(driver: Driver) -> None:
    with two(lambda other: {"/": moved("/same"), "/same": moved(other.url("/next"))}) as (first, second):
        replied(driver, first.url("/", host="u:p@127.0.0.1"), redirects=2)
        assert head(first.requests[1])["authorization"] == "Basic dTpw"
        assert "authorization" not in head(second.requests[0])


# --- what is not followed -------------------------------------------------------------------------


def test_too_many(driver: Driver) -> None:
    answers = {f"/{n}": moved(f"/{n + 1}") for n in range(30)}
    with serving(routes(answers)) as server:
        outcome = not_replied(driver, server.url("/0"), redirects=3)
        assert (outcome.reason, outcome.status, len(server.requests)) == ("protocol", 302, 4)
        assert outcome.detail == "There are more redirects than the 3 that the step follows."
        assert outcome.redirects == tuple(server.url(f"/{n}") for n in (1, 2, 3))
        assert not_replied(driver, server.url("/0"), redirects=1000).detail.startswith("There are more redirects than the 10")


def test_a_circle(driver: Driver) -> None:
    with serving(routes({"/": moved("/b"), "/b": moved("/")})) as server:
        outcome = not_replied(driver, server.url(), redirects=10)
        assert len(server.requests) == 2
    assert (outcome.reason, outcome.detail) == (
        "protocol", "The redirects go round in a circle: after 2 redirects the same call comes again.")


def test_a_way_back_with_a_new_cookie_is_no_circle(driver: Driver) -> None:
    def play(connection: socket.socket, server: Server) -> None:
        while request := server.read_request(connection):
            connection.sendall(OK if b"seen=1" in request else moved("/", 302, "Set-Cookie: seen=1"))

    with serving(play) as server:
        assert replied(driver, server.url(), redirects=2).redirects == (server.url(),)


def test_https_is_not_left(make_driver: MakeDriver, our_authority: Authority) -> None:
    play = with_tls(routes({"/": moved("http://127.0.0.1:1/next")}), our_authority.context("127.0.0.1"))
    with serving(play) as server:
        outcome = not_replied(make_driver(ca=our_authority.ca), server.url(scheme="https"), redirects=1)
    assert (outcome.reason, outcome.detail) == (
        "protocol", "The redirect leads from https to http://127.0.0.1:1, where everybody can read along.")


def test_http_may_lead_to_https(make_driver: MakeDriver, our_authority: Authority) -> None:
    secure = with_tls(routes({"/next": OK}), our_authority.context("127.0.0.1"))
    with serving(secure) as second, serving(routes({"/": moved(second.url("/next", scheme="https"))})) as first:
        reply = replied(make_driver(ca=our_authority.ca), first.url(), redirects=1)
    assert reply.url.startswith("https://")
    assert reply.sent < reply.first_byte


@pytest.mark.parametrize("location", ["urn:ietf:wg:oauth:2.0:oob?code=s3cret", "ftp://a/", "javascript:alert(1)",
                                      "http://[bad", "http://a:99999/", "http://", "http://a b/", "\x7f"])
def test_a_location_that_leads_nowhere(driver: Driver, location: str) -> None:
    with serving(routes({"/": moved(location)})) as server:
        outcome = not_replied(driver, server.url(), redirects=1, budget=2.0)
    assert outcome.reason in ("protocol", "invalid-url"), outcome
    assert "s3cret" not in outcome.detail


@pytest.mark.parametrize("location", ["", " ", "é", "//", "///x", "..", "%zz", "/" + "x" * 60_000])
def test_a_strange_location_raises_nothing(driver: Driver, location: str) -> None:
    with serving(lambda c, s: _strange(c, s, location)) as server:
        assert isinstance(driver.send(call(server.url(), redirects=2, budget=2.0)), Reply | NoReply)


def _strange(connection: socket.socket, server: Server, location: str) -> None:
    while server.read_request(connection):
        connection.sendall(moved("LOC").replace(b"LOC", location.encode()))


# --- the environment's word -----------------------------------------------------------------------


def test_every_call_of_a_chain_has_to_be_permitted(make_driver: MakeDriver) -> None:
    asked: list[tuple[str, str]] = []

    def permit(method: str, url: str) -> str:
        asked.append((method, url))
        return "The environment has no such target." if url.endswith("/next") else ""

    with serving(routes({"/": moved("/next", 303)})) as server:
        outcome = not_replied(make_driver(permit=permit), server.url(), method="post", redirects=1)
        assert len(server.requests) == 1
    assert asked == [("POST", server.url()), ("GET", server.url("/next"))]
    assert (outcome.reason, outcome.detail) == ("refused", "The environment has no such target.")
    assert outcome.redirects == (server.url("/next"),)


def test_the_first_call_has_to_be_permitted_too(make_driver: MakeDriver) -> None:
    with serving(routes({"/": OK})) as server:
        outcome = not_replied(make_driver(permit=lambda *_: "No."), server.url())
        assert server.connections == 0
    assert (outcome.reason, outcome.redirects) == ("refused", ())


def test_a_place_that_nobody_listens_at_is_told_with_the_redirects(driver: Driver) -> None:
    with serving(routes({"/": moved("http://127.0.0.1:1/next")})) as server:
        outcome = not_replied(driver, server.url(), redirects=1)
    assert (outcome.reason, outcome.redirects, outcome.status) == ("connect", ("http://127.0.0.1:1/next",), None)


def test_the_caps_are_those_of_the_whole_chain(driver: Driver) -> None:
    body = b"x" * 9_000_000
    heavy = b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with serving(routes({"/": heavy, "/next": heavy})) as server:
        assert not_replied(driver, server.url(), redirects=5, budget=20.0).reason == "too-large"


# --- any chain ------------------------------------------------------------------------------------

PLACES = st.tuples(st.sampled_from(["https", "http"]), st.sampled_from(["a.example", "b.example", "A.example"]),
                   st.sampled_from(["", ":80", ":443", ":8443"]), st.sampled_from(["/", "/x", "/x?y=z"]))
HOPS = st.lists(st.tuples(PLACES.map(lambda parts: f"{parts[0]}://{parts[1]}{parts[2]}{parts[3]}") | st.sampled_from(["/r", "r", "?q"]),
                          st.sampled_from([301, 302, 303, 307, 308])), max_size=6)


def origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}[parts.scheme]


@given(hops=HOPS)
def test_what_signs_a_call_is_only_ever_at_its_own_origin(hops: list[tuple[str, int]]) -> None:
    now = call("https://a.example/", redirects=10, **SIGNED)
    chain, home = Chain((), set()), True
    for location, status in hops:
        before = origin(now.url)
        try:
            now = chain.next(now, status, location)
        except Ended:
            assert before[0] == "https"
            assert location.startswith("http://")
            return
        home = home and origin(now.url) == origin("https://a.example/")
        assert bool(now.credentials) == home
        assert ({"X-Key", "Cookie"} <= now.headers.keys()) == home
        assert "X-Plain" in now.headers
        assert chain.urls[-1] == now.url
