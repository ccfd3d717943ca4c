"""HTTP/2, where it is asked for and offered: the same promises as with HTTP/1.1."""

from __future__ import annotations

import gzip
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import h2.errors
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowprobe.core.wire import Body, NoReply, Reply
from flowprobe.http import Driver, Limits
from tests.http.calls import call, not_replied, replied
from tests.http.conftest import MakeDriver
from tests.http.http2_servers import Answer, Http2, http2, http2_context
from tests.http.servers import OK, Authority, Server, always, forward_proxy, serving, with_tls
from tests.http.test_caps import ROOT
from tests.http.test_stop import stopped_while

Product = Callable[[Answer], AbstractContextManager[Server]]
LATE = 5.0


@pytest.fixture
def product(our_authority: Authority) -> Product:
    @contextmanager
    def made(answer: Answer) -> Iterator[Server]:
        with serving(with_tls(http2(answer), http2_context(our_authority))) as server:
            yield server

    return made


@pytest.fixture
def driver(make_driver: MakeDriver, our_authority: Authority) -> Driver:
    return make_driver(ca=our_authority.ca, http2=True)


def url(server: Server, path: str = "/") -> str:
    return server.url(path, scheme="https")


def ok(peer: Http2, stream: int) -> None:
    peer.reply(stream)


def hang(peer: Http2, _: int) -> None:
    peer.server.reached.set()


# --- as it should be ------------------------------------------------------------------------------


def test_http2_is_spoken_where_the_product_takes_it(driver: Driver, product: Product) -> None:
    with product(lambda peer, stream: peer.reply(stream, b"hello", ("x-a", "1"), ("x-a", "2"))) as server:
        reply = replied(driver, url(server), method="POST", body=Body(b"{}", "application/json"),
                        headers={"X-Key": "k"}, credentials={"Authorization": "Bearer t"})
    assert (reply.http_version, reply.status, reply.body) == ("HTTP/2", 200, b"hello")
    assert reply.headers == (("x-a", "1"), ("x-a", "2"))
    assert reply.sent <= reply.first_byte <= reply.ended
    for part in (b"(':method', 'POST')", b"('x-key', 'k')", b"('authorization', 'Bearer t')", b"('content-length', '2')"):
        assert part in server.requests[0]


def test_it_is_not_offered_where_nobody_asked(make_driver: MakeDriver, our_authority: Authority) -> None:
    play = with_tls(always(OK), http2_context(our_authority))
    with serving(play) as server:
        assert replied(make_driver(ca=our_authority.ca), url(server)).http_version == "HTTP/1.1"


@pytest.mark.parametrize("protocols", [("http/1.1",), ("spdy",)])
def test_a_product_that_does_not_take_it_is_called_with_http_1(
    driver: Driver, our_authority: Authority, protocols: tuple[str, ...]
) -> None:
    with serving(with_tls(always(OK), http2_context(our_authority, protocols=protocols))) as server:
        assert [replied(driver, url(server)).http_version for _ in range(3)] == ["HTTP/1.1"] * 3
        assert server.connections == 1


def test_without_tls_it_is_http_1(driver: Driver) -> None:
    with serving(always(OK)) as server:
        assert replied(driver, server.url()).http_version == "HTTP/1.1"


def test_a_connection_is_used_again(driver: Driver, product: Product) -> None:
    with product(ok) as server:
        assert [replied(driver, url(server)).body for _ in range(20)] == [b"ok"] * 20
        assert server.connections == 1


def test_a_large_body_both_ways(driver: Driver, product: Product) -> None:
    def echo(peer: Http2, stream: int) -> None:
        peer.head(stream, ("x-length", str(len(peer.bodies[stream]))))
        for _ in range(30):
            peer.state.send_data(stream, b"y" * 16_000)
        peer.state.end_stream(stream)
        peer.flush()

    with product(echo) as server:
        reply = replied(driver, url(server), method="POST", body=Body(b"x" * 3_000_000))
    assert (reply.header("x-length"), len(reply.body)) == ("3000000", 480_000)


def test_an_unrequested_coding_is_undone(driver: Driver, product: Product) -> None:
    with product(lambda peer, stream: peer.reply(stream, gzip.compress(b"plain"), ("content-encoding", "gzip"))) as server:
        assert replied(driver, url(server)).body == b"plain"


def test_redirects_and_cookies(driver: Driver, product: Product) -> None:
    def play(peer: Http2, stream: int) -> None:
        if peer.heads[-1][":path"] == "/":
            peer.reply(stream, b"", ("location", "/next"), ("set-cookie", "a=1"), status="302")
        else:
            peer.reply(stream, peer.heads[-1].get("cookie", "").encode())

    with product(play) as server:
        reply = replied(driver, url(server), redirects=1)
        assert (reply.body, reply.redirects, server.connections) == (b"a=1", (url(server, "/next"),), 1)


def test_informational_heads_and_trailers_are_passed_over(driver: Driver, product: Product) -> None:
    def play(peer: Http2, stream: int) -> None:
        peer.head(stream, status="103")
        peer.head(stream)
        peer.state.send_data(stream, b"ok")
        peer.state.send_headers(stream, [("x-trailer", "t")], end_stream=True)
        peer.flush()

    with product(play) as server:
        reply = replied(driver, url(server))
    assert (reply.status, reply.body, reply.header("x-trailer")) == (200, b"ok", None)


def test_the_edge_lets_it_through(make_driver: MakeDriver, our_authority: Authority) -> None:
    context = http2_context(our_authority, "api.acme.example")
    with serving(with_tls(http2(ok), context)) as target, serving(forward_proxy) as proxy:
        driver = make_driver(proxy=f"http://u:p@127.0.0.1:{proxy.port}", ca=our_authority.ca, http2=True)
        reply = replied(driver, target.url(scheme="https", host="api.acme.example"))
    assert (reply.http_version, reply.body) == ("HTTP/2", b"ok")


# --- calls at once --------------------------------------------------------------------------------


def test_the_deadline_of_one_call_does_not_break_another(driver: Driver, product: Product) -> None:
    over = threading.Event()
    outcomes: list[Reply | NoReply] = []

    def play(peer: Http2, stream: int) -> None:
        path = peer.heads[-1][":path"]
        if path == "/hang":
            return hang(peer, stream)
        peer.head(stream)
        peer.state.send_data(stream, b"slow")
        peer.flush()
        if path == "/slowly":
            assert over.wait(20)
        peer.state.send_data(stream, b"ly", end_stream=True)
        return peer.flush()

    def hanging(address: str) -> None:
        outcomes.append(driver.send(call(address, budget=1.0)))
        over.set()

    with product(play) as server:
        replied(driver, url(server))
        thread = threading.Thread(target=hanging, args=(url(server, "/hang"),))
        thread.start()
        assert server.reached.wait(10)
        assert replied(driver, url(server, "/slowly"), budget=20.0).body == b"slowly"
        thread.join(10)
    assert isinstance(outcomes[0], NoReply)
    assert outcomes[0].reason == "timeout"


def test_many_calls_at_once(driver: Driver, product: Product) -> None:
    outcomes: list[Reply | NoReply] = []
    with product(lambda peer, stream: peer.reply(stream, peer.heads[-1][":path"].encode())) as server:
        def some(number: int) -> None:
            for index in range(10):
                outcome = driver.send(call(url(server, f"/{number}-{index}")))
                outcomes.append(outcome)
                assert isinstance(outcome, Reply)
                assert outcome.body == f"/{number}-{index}".encode()

        threads = [threading.Thread(target=some, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert server.connections <= 8
    assert len(outcomes) == 80


# --- deadlines and stops --------------------------------------------------------------------------


def drip_body(peer: Http2, stream: int) -> None:
    peer.head(stream)
    while not peer.server.closing.wait(0.02):
        peer.state.send_data(stream, b"x")
        peer.flush()


def drip_head(peer: Http2, stream: int) -> None:
    """A head in pieces of one byte: HEADERS, and then CONTINUATION after CONTINUATION."""
    peer.raw(1, b"\x88", stream=stream)
    while not peer.server.closing.wait(0.02):
        peer.raw(9, b"\x88", stream=stream)


def drip_pings(peer: Http2, _: int) -> None:
    while not peer.server.closing.wait(0.02):
        peer.raw(6, b"12345678")


def drip_informational(peer: Http2, stream: int) -> None:
    while not peer.server.closing.wait(0.02):
        peer.head(stream, status="103")


@pytest.mark.parametrize("answer", [hang, drip_body, drip_pings, drip_informational])
def test_the_call_ends_at_its_budget(driver: Driver, product: Product, answer: Answer) -> None:
    with product(answer) as server:
        began = time.monotonic()
        outcome = not_replied(driver, url(server), budget=0.4)
        took = time.monotonic() - began
    assert outcome.reason == "timeout", outcome
    assert 0.4 <= took < 0.4 + LATE


def test_a_head_that_drips_ends_at_the_budget_or_before(driver: Driver, product: Product) -> None:
    with product(drip_head) as server:
        outcome = not_replied(driver, url(server), budget=0.4)
    assert outcome.reason in ("timeout", "protocol")
    assert outcome.seconds < 0.4 + LATE


def test_a_product_that_takes_no_more_of_the_body_ends_at_the_budget(driver: Driver, our_authority: Authority) -> None:
    def deaf(connection: object, server: Server) -> None:
        connection.recv(65536)  # type: ignore[attr-defined]
        Http2(connection, server, None).raw(4, b"")  # type: ignore[arg-type]  # SETTINGS, and no window ever
        server.until_gone(connection)  # type: ignore[arg-type]

    with serving(with_tls(deaf, http2_context(our_authority))) as server:
        outcome = not_replied(driver, url(server), method="POST", body=Body(b"x" * 3_000_000), budget=0.4)
    assert outcome.reason == "timeout"
    assert outcome.seconds < 0.4 + LATE


@pytest.mark.parametrize("answer", [hang, drip_body])
def test_a_stop_ends_a_stream(driver: Driver, product: Product, answer: Answer) -> None:
    with product(answer) as server:
        one = call(url(server), budget=20.0)
        ((outcome, seconds),) = stopped_while(driver, lambda: bool(server.requests), one)
    assert isinstance(outcome, NoReply)
    assert outcome.reason == "stopped"
    assert seconds < LATE


def test_after_a_time_out_the_next_call_has_a_connection_of_its_own(driver: Driver, product: Product) -> None:
    with product(lambda peer, stream: hang(peer, stream) if peer.heads[-1][":path"] == "/hang" else ok(peer, stream)) as server:
        assert not_replied(driver, url(server, "/hang"), budget=0.2).reason == "timeout"
        assert replied(driver, url(server)).body == b"ok"
        assert server.connections == 2


# --- endings --------------------------------------------------------------------------------------


def reset(code: h2.errors.ErrorCodes, *, after_head: bool = False) -> Answer:
    def play(peer: Http2, stream: int) -> None:
        if after_head:
            peer.head(stream)
        peer.state.reset_stream(stream, code)
        peer.flush()

    return play


def goaway(code: h2.errors.ErrorCodes) -> Answer:
    def play(peer: Http2, stream: int) -> None:
        peer.state.close_connection(code, last_stream_id=stream)
        peer.flush()

    return play


RESETS = {
    "RST_STREAM": (reset(h2.errors.ErrorCodes.INTERNAL_ERROR), "The product reset the stream (INTERNAL_ERROR) before the reply was whole."),
    "RST_STREAM after the head": (reset(h2.errors.ErrorCodes.CANCEL, after_head=True), "The product reset the stream (CANCEL) before the reply was whole."),
    "GOAWAY": (goaway(h2.errors.ErrorCodes.ENHANCE_YOUR_CALM), "The product ended the connection (GOAWAY, ENHANCE_YOUR_CALM) before the reply was whole."),
}


@pytest.mark.parametrize(("answer", "detail"), RESETS.values(), ids=RESETS.keys())
def test_a_stream_or_a_connection_that_is_ended(driver: Driver, product: Product, answer: Answer, detail: str) -> None:
    with product(answer) as server:
        outcome = not_replied(driver, url(server))
    assert (outcome.reason, outcome.detail) == ("closed", detail)


def test_a_goaway_after_a_reply_costs_nobody_anything(driver: Driver, product: Product) -> None:
    def play(peer: Http2, stream: int) -> None:  # in the same bytes: the next call could be quicker than a second write
        peer.state.send_headers(stream, [(":status", "200")], end_stream=True)
        peer.state.close_connection(last_stream_id=stream)
        peer.flush()

    with product(play) as server:
        assert [replied(driver, url(server)).status for _ in range(3)] == [200] * 3
        assert server.connections == 3


def test_a_call_that_a_goaway_leaves_out_is_not_sent_again(driver: Driver, product: Product) -> None:
    def play(peer: Http2, stream: int) -> None:
        if stream == 1:
            peer.reply(stream)
        else:
            peer.state.close_connection(last_stream_id=1)
            peer.flush()

    with product(play) as server:
        replied(driver, url(server))
        outcome = not_replied(driver, url(server))
        assert (server.connections, len(server.requests)) == (1, 2)
    assert (outcome.reason, outcome.detail) == (
        "closed", "The product ended the connection (GOAWAY) and had not taken the call.")


def test_a_connection_that_was_closed_while_idle_is_not_used(driver: Driver, product: Product) -> None:
    def play(peer: Http2, stream: int) -> None:
        peer.reply(stream)
        peer.connection.setblocking(False)  # it says goodbye, and hears no answer to it
        with suppress(ssl.SSLError):
            peer.connection.unwrap()  # type: ignore[attr-defined]
        peer.server.reached.set()

    with product(play) as server:
        for _ in range(2):
            assert replied(driver, url(server)).status == 200
            assert server.reached.wait(10)
            server.reached.clear()
        assert server.connections == 2


def test_a_connection_that_ends_in_the_middle_is_closed(driver: Driver, product: Product) -> None:
    def play(peer: Http2, stream: int) -> None:
        peer.head(stream)
        raise OSError

    with product(play) as server:
        outcome = not_replied(driver, url(server))
    assert (outcome.reason, outcome.status) == ("closed", 200)


GARBAGE = {
    "a status that is no number": lambda peer, stream: peer.head(stream, status="abc", end=True),
    "an unknown header index": lambda peer, stream: peer.raw(1, b"\xff\xff\xff\x7f", flags=5, stream=stream),
    "data before the head": lambda peer, stream: peer.raw(0, b"x", stream=stream),
    "a wrong length": lambda peer, stream: peer.reply(stream, b"ok", ("content-length", "5")),
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_not_http2(driver: Driver, product: Product, answer: Answer) -> None:
    with product(answer) as server:
        outcome = not_replied(driver, url(server))
    assert (outcome.reason, outcome.detail) == ("protocol", "What came back is not HTTP/2.")


FRAMES = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 255), st.sampled_from([0, 1, 2, 3]), st.binary(max_size=40)),
                  max_size=6)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=FRAMES, rest=st.binary(max_size=30), head=st.booleans())
def test_whatever_comes_back_nothing_is_raised(
    driver: Driver, product: Product, frames: list[tuple[int, int, int, bytes]], rest: bytes, head: bool
) -> None:
    def play(peer: Http2, stream: int) -> None:
        if head:
            peer.head(stream)
        for kind, flags, on, payload in frames:
            peer.raw(kind, payload, flags=flags, stream=on)
        peer.connection.sendall(rest)
        raise OSError

    with product(play) as server:
        outcome = driver.send(call(url(server), budget=3.0))
        assert isinstance(outcome, Reply | NoReply)
        assert not (isinstance(outcome, NoReply) and outcome.reason == "timeout"), outcome


# --- caps -----------------------------------------------------------------------------------------


def ten_thousand_headers(peer: Http2, stream: int) -> None:
    peer.head(stream, *((f"x-{n}", "v") for n in range(10_000)), end=True)


def many_headers(peer: Http2, stream: int) -> None:
    peer.head(stream, *(("a", "b") for _ in range(1_500)), end=True)


def one_long_header(peer: Http2, stream: int) -> None:
    peer.head(stream, ("x", "v" * 110_000), end=True)


def header_bomb(peer: Http2, stream: int) -> None:
    """A header of 4000 bytes, put into the table once and named a thousand times by one byte each."""
    literal = b"\x40\x01x\x7f\xa1\x1e" + b"v" * 4000
    peer.raw(1, b"\x88" + literal + b"\xbe" * 10_000, flags=5, stream=stream)


def endless_headers(peer: Http2, stream: int) -> None:
    peer.raw(1, b"\x88", stream=stream)
    while not peer.server.closing.is_set():
        peer.raw(9, b"\x00\x01a\x01b" * 1000, stream=stream)


def endless_informational(peer: Http2, stream: int) -> None:
    while not peer.server.closing.is_set():
        peer.raw(1, b"\x08\x03103", flags=4, stream=stream)


def endless_pings(peer: Http2, _: int) -> None:
    while not peer.server.closing.is_set():
        peer.connection.sendall((b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + b"12345678") * 100)


def endless_words(peer: Http2, _: int) -> None:
    """Taken for a frame, its start announces millions of bytes."""
    while not peer.server.closing.is_set():
        peer.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 1000)


HEADS = [endless_words, ten_thousand_headers, many_headers, one_long_header, header_bomb, endless_headers, endless_informational, endless_pings]


@pytest.mark.parametrize("answer", HEADS, ids=lambda answer: answer.__name__)
def test_a_head_that_is_too_large(driver: Driver, product: Product, answer: Answer) -> None:
    with product(answer) as server:
        outcome = not_replied(driver, url(server), budget=20.0)
    assert outcome.reason in ("too-large", "protocol"), outcome
    assert outcome.seconds < 15.0


def endless_body(peer: Http2, stream: int) -> None:
    peer.head(stream)
    while not peer.server.closing.is_set():
        if peer.state.local_flow_control_window(stream) < 16_000:
            for event in peer.state.receive_data(peer.connection.recv(65536)):
                del event
        else:
            peer.state.send_data(stream, b"x" * 16_000)
        peer.flush()


def empty_frames(peer: Http2, stream: int) -> None:
    peer.head(stream)
    while not peer.server.closing.is_set():
        peer.connection.sendall((b"\x00\x00\x00\x00\x00" + stream.to_bytes(4, "big")) * 1000)


@pytest.mark.parametrize("answer", [endless_body, empty_frames], ids=lambda answer: answer.__name__)
def test_an_endless_body(make_driver: MakeDriver, our_authority: Authority, product: Product, answer: Answer) -> None:
    driver = make_driver(ca=our_authority.ca, http2=True, limits=Limits(wire=2_000_000))
    with product(answer) as server:
        outcome = not_replied(driver, url(server), budget=20.0)
    assert (outcome.reason, outcome.detail) == ("too-large", "The reply is longer than 2000000 bytes on the wire.")


def test_a_bomb(driver: Driver, product: Product) -> None:
    bomb = gzip.compress(b"\0" * 15_000_000, 9)
    with product(lambda peer, stream: peer.reply(stream, bomb[:16_000], ("content-encoding", "gzip"))) as server:
        assert not_replied(driver, url(server)).reason == "too-large"


# --- the price ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("asked", "there"), [(False, False), (True, True)])
def test_h2_is_imported_where_it_is_asked_for(asked: bool, there: bool) -> None:
    code = f"""
import sys
from flowprobe.http import Driver
from tests.http.calls import replied
replied(Driver(http2={asked}), sys.argv[1])
print(any(name == "h2" or name.startswith("h2.") for name in sys.modules))
"""
    with serving(always(OK)) as server:
        done = subprocess.run([sys.executable, "-c", code, server.url()], cwd=ROOT, capture_output=True, text=True,
                              timeout=60, check=False)
    assert done.stdout.strip() == str(there), done.stderr
