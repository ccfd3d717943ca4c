"""Faults of connections, of HTTP/2 streams, of WebSockets and of webhooks, as they are seen on the wire."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import wsproto.events as ws

from flowprobe.core.events import HookFailed, Injected
from flowprobe.core.faults.body import Body, Truncate
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.h2 import H2, GoAway
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind, kind_name
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.faults.streams import CODES
from flowprobe.core.faults.tls import Slow, Tls
from flowprobe.core.faults.webhook import Webhook
from flowprobe.core.faults.websocket import Websocket
from flowprobe.core.scenario import Fault, Limit, Match, When
from flowprobe.proxy.process import EdgeSpec
from tests.proxy.rig import BODY, LATE_S, Origin, Rig, fault, marks, new_trial, plan, run_proxy, until
from tests.proxy.speakers import MAIL, Http2Caller, http2, secured, serve_echo, tunnel, websocket

HOOKS = "scanner.webhooks"
NEVER = When(probability=0.0)
CERTIFICATES = ("expired", "wrong_host", "unknown_ca")
linux = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux tells of refused connections")


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    with serve_echo() as url:
        yield url


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory, origin: Origin, echo: str) -> Iterator[Rig]:
    """A proxy before a product that FlowProbe started."""
    edges = (
        EdgeSpec("payments", "reverse", origin.url),
        EdgeSpec("live", "reverse", echo),
        EdgeSpec("mail", "forward", hosts={f"https://{MAIL}": origin.url}),
        EdgeSpec("other", "forward", hosts={"https://api.other.example": origin.url}),
        EdgeSpec(HOOKS, "reverse", origin.url),
    )
    with run_proxy(tmp_path_factory.mktemp("lines"), origin, edges=edges, owned=True) as rig:
        yield rig


@pytest.fixture
def rig(lines: Rig) -> Iterator[Rig]:
    lines.origin.calls.clear()
    lines.origin.gate.clear()
    yield lines
    lines.origin.gate.set()
    assert lines.proxy.alive
    assert lines.gaps == []


@contextlib.contextmanager
def alone(rig: Rig, trial: str, *faults: Fault, **options: float) -> Iterator[None]:
    """The only trial of the product: its faults, and nothing of it under way afterwards."""
    try:
        with rig.armed(trial, *faults, **options):
            yield
    finally:
        rig.proxy.drain(trial, timeout_s=5)


def address(rig: Rig, edge: str = "payments") -> tuple[str, int]:
    parts = urlsplit(rig.ready.edges[edge])
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def troubles(rig: Rig) -> list[HookFailed]:
    return [event for event in rig.events() if isinstance(event, HookFailed)]


def only(rig: Rig, trial: str) -> Injected:
    (receipt,) = rig.receipts(trial)
    return receipt


# --- refuse ---------------------------------------------------------------------------------------


def call_payments(rig: Rig) -> bytes:
    with rig.client() as client:
        return client.get("/v1/charges").content


def refusals(rig: Rig) -> int:
    """Try to connect once: 1 where that is refused."""
    sock = socket.socket()
    sock.settimeout(5)
    with sock:
        return int(sock.connect_ex(address(rig)) == 111)


@linux
def test_a_refused_connection_is_one_that_the_kernel_refuses(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Refuse())), rig.client() as client, pytest.raises(httpx.ConnectError, match="refused"):
        client.get("/v1/charges")
    receipt = only(rig, trial)
    assert (receipt.kind, receipt.edge, receipt.ordinal) == ("refuse", "payments", 1)
    assert receipt.detail == "refused: nobody listened"
    (exchange,) = rig.exchanges(trial)
    assert (exchange.method, exchange.status, exchange.error) == ("CONNECT", None, "refused by a fault")
    assert rig.origin.calls == []
    with rig.client() as client:
        assert client.get("/v1/charges", headers=marks(trial)).content == BODY  # the same port
    assert troubles(rig) == []


@linux
def test_every_client_that_tries_leaves_a_receipt(rig: Rig, trial: str) -> None:
    url = rig.ready.edges["payments"]
    with alone(rig, trial, fault(Refuse())):
        subprocess.run(["curl", "-s", "--noproxy", "*", url], check=False)
        if node := shutil.which("node"):
            subprocess.run([node, "-e", f"fetch('{url}').catch(() => 0)"], check=False)
        assert refusals(rig) == 1
        tried = 3 if node else 2
        until(lambda: len(rig.receipts(trial)) == tried)
    assert [receipt.ordinal for receipt in rig.receipts(trial)] == list(range(1, tried + 1))


@linux
def test_a_product_that_never_tried_leaves_no_receipt(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Refuse())):
        pass
    assert rig.receipts(trial) == []
    assert refusals(rig) == 0


@linux
def test_what_was_connected_before_is_closed(rig: Rig, trial: str) -> None:
    with rig.client() as client:
        client.get("/v1/charges")  # leaves a connection in the pool
        with alone(rig, trial, fault(Refuse())), pytest.raises(httpx.ConnectError):
            client.get("/v1/charges")
    assert len(rig.receipts(trial)) == 1


@linux
def test_a_call_that_was_under_way_is_answered_and_the_next_on_its_connection_is_reset(rig: Rig, trial: str) -> None:
    with socket.create_connection(address(rig), timeout=10) as sock:
        sock.sendall(b"GET /gate HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: rig.origin.asked("/gate"))
        with alone(rig, trial, fault(Refuse())):
            rig.origin.gate.set()
            got = b""
            while not got.endswith(BODY):
                got += sock.recv(65536)
            sock.sendall(b"GET /v1/charges HTTP/1.1\r\nHost: x\r\n\r\n")
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
    assert [receipt.detail for receipt in rig.receipts(trial)] == ["a connection from before was reset"]
    assert rig.origin.asked("/v1/charges") == 0


@linux
@pytest.mark.parametrize("end", ["release", "expiry", "ceiling", "limit", "no faults"])
def test_the_door_opens_again_however_the_fault_ends(rig: Rig, trial: str, end: str) -> None:
    limit = Limit(seconds=0.3) if end == "limit" else Limit()
    options = {"ceiling": {"ceiling_s": 0.5}}.get(end, {})
    lease = f"lease-{trial}"
    rig.proxy.apply(lease=lease, trial=trial, plan=plan(fault(Refuse(), limit=limit)), seed=1, steps={}, **options)
    assert refusals(rig) == 1
    if end == "no faults":
        rig.proxy.apply(lease=lease, trial=trial, plan=plan(), seed=1, steps={})
        assert refusals(rig) == 0
    if end == "release":
        rig.proxy.release(lease)
        assert refusals(rig) == 0
    if end == "expiry":
        rig.proxy._leases.pop(lease)  # nobody renews it any more
        until(lambda: refusals(rig) == 0, within=15)
    until(lambda: refusals(rig) == 0)
    rig.proxy.release(lease)
    rig.proxy.drain(trial, timeout_s=5)
    assert call_payments(rig) == BODY




@linux
def test_a_second_trial_opens_the_door(rig: Rig, trial: str) -> None:
    other = new_trial()
    with alone(rig, trial, fault(Refuse())):
        assert refusals(rig) == 1
        with rig.armed(other):
            assert refusals(rig) == 0
        rig.proxy.drain(other, timeout_s=5)
        until(lambda: refusals(rig) == 1)
    assert refusals(rig) == 0


@linux
def test_at_probability_zero_nobody_is_refused(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Refuse(), when=NEVER)):
        assert refusals(rig) == 0
    assert rig.receipts(trial) == []


def test_a_product_of_others_is_not_refused(tmp_path: Path, origin: Origin, trial: str) -> None:
    edges = (EdgeSpec("payments", "reverse", origin.url), EdgeSpec("mail", "forward", hosts={f"https://{MAIL}": origin.url}))
    with run_proxy(tmp_path, origin, edges=edges) as rig:
        with rig.armed(trial, fault(Refuse()), fault(Tls("handshake"), edge="mail", id="mail")):
            assert refusals(rig) == 0
            with rig.client("mail") as client:
                assert client.get(f"https://{MAIL}/v1/charges", headers=marks(trial)).content == BODY
        assert rig.receipts(trial) == []


def test_the_port_is_kept_while_nobody_listens(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Refuse())):
        others = [socket.create_server(("127.0.0.1", 0)) for _ in range(500)]
        assert address(rig)[1] not in {other.getsockname()[1] for other in others}
        for other in others:
            other.close()
    assert refusals(rig) == 0


def test_where_the_kernel_does_not_tell_a_connection_is_reset_at_once(
    tmp_path: Path, origin: Origin, trial: str,
) -> None:
    edges = (EdgeSpec("payments", "reverse", origin.url),)
    with run_proxy(tmp_path, origin, edges=edges, owned=True, fail_in="kernel") as rig:
        with alone(rig, trial, fault(Refuse())), rig.client() as client, pytest.raises(httpx.TransportError, match="reset"):
            client.get("/v1/charges")
        assert only(rig, trial).detail.startswith("reset as soon as it was there")
        assert call_payments(rig) == BODY


# --- tls ------------------------------------------------------------------------------------------


def call_mail(rig: Rig, host: str = MAIL, **options: object) -> httpx.Response:
    with rig.client("mail", **options) as client:
        return client.get(f"https://{host}/v1/charges")


@pytest.mark.parametrize(("how", "words"), [
    ("handshake", "handshake failure"), ("expired", "certificate has expired"), ("wrong_host", "Hostname mismatch"),
    ("unknown_ca", "unable to get (local )?issuer"),
])
def test_a_handshake_fails_for_its_reason(rig: Rig, trial: str, how: str, words: str) -> None:
    with alone(rig, trial, fault(Tls(how), edge="mail")):
        with pytest.raises(httpx.ConnectError, match=words):
            call_mail(rig)
        assert call_mail(rig, "api.other.example").content == BODY
    receipt = only(rig, trial)
    assert (receipt.kind, receipt.edge) == ("tls", "mail")
    assert ("fatal alert" if how == "handshake" else "the caller refused it") in receipt.detail
    first = rig.exchanges(trial)[0]
    assert (first.edge, first.method, first.host, first.status) == ("mail", "CONNECT", MAIL, None)
    assert call_mail(rig).content == BODY
    assert troubles(rig) == []


@pytest.mark.parametrize("how", CERTIFICATES)
def test_a_caller_that_believes_anybody_is_seen_to(rig: Rig, trial: str, how: str) -> None:
    with alone(rig, trial, fault(Tls(how), edge="mail")):
        sock = tunnel(rig.ready.edges["mail"])
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        with trusting.wrap_socket(sock, server_hostname=MAIL) as secure:
            secure.sendall(f"GET /v1/charges HTTP/1.1\r\nHost: {MAIL}\r\n\r\n".encode())
            assert secure.recv(65536).startswith(b"HTTP/1.1 200")
    assert only(rig, trial).detail == "the caller took it all the same"


def test_a_slow_handshake_stands_still_and_goes_on(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Tls(Slow(0.3)), edge="mail")):
        sock = tunnel(rig.ready.edges["mail"])
        began = time.monotonic()
        with secured(sock, str(rig.ready.ca_cert), alpn="http/1.1"):
            took = time.monotonic() - began
    assert took >= 0.3
    receipt = only(rig, trial)
    assert (receipt.asked_s, receipt.detail) == (0.3, "")
    assert 0.29 < receipt.realised_s <= took + 0.01


def test_a_slow_handshake_notes_who_gave_up(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Tls(Slow(20)), edge="mail")):
        with pytest.raises(httpx.ConnectTimeout):
            call_mail(rig, timeout=1.5)
        until(lambda: rig.receipts(trial))
    receipt = only(rig, trial)
    assert receipt.gave_up_s is not None
    assert receipt.detail == "the caller gave up"


def test_a_slow_handshake_ends_with_its_lease(rig: Rig, trial: str) -> None:
    sock = tunnel(rig.ready.edges["mail"])
    lease = f"lease-{trial}"
    rig.proxy.apply(lease=lease, trial=trial, plan=plan(fault(Tls(Slow(20)), edge="mail")), seed=1, steps={})
    sock.close()
    sock = tunnel(rig.ready.edges["mail"])
    context = ssl.create_default_context(cafile=rig.ready.ca_cert)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    half = context.wrap_bio(incoming, outgoing, server_hostname=MAIL)
    with contextlib.suppress(ssl.SSLWantReadError):
        half.do_handshake()
    sock.sendall(outgoing.read())
    began = time.monotonic()
    rig.proxy.release(lease)
    incoming.write(sock.recv(65536))
    assert time.monotonic() - began < 5
    sock.close()
    rig.proxy.drain(trial, timeout_s=5)


def test_a_connection_from_before_is_closed_first(rig: Rig, trial: str) -> None:
    with rig.client("mail") as client:
        client.get(f"https://{MAIL}/v1/charges")
        client.get("https://api.other.example/v1/charges")
        with alone(rig, trial, fault(Tls("expired"), edge="mail")):
            with pytest.raises(httpx.ConnectError):
                client.get(f"https://{MAIL}/v1/charges")
            assert client.get("https://api.other.example/v1/charges").content == BODY
    assert len(rig.receipts(trial)) == 1


def test_the_first_handshake_fails_and_the_second_does_not(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Tls("handshake"), edge="mail", when=When(first=1))):
        with pytest.raises(httpx.ConnectError):
            call_mail(rig)
        assert call_mail(rig).content == BODY
    assert len(rig.receipts(trial)) == 1


@pytest.mark.parametrize("how", ["handshake", *CERTIFICATES, Slow(20)], ids=str)
def test_no_handshake_suffers_at_probability_zero_or_after_release(rig: Rig, trial: str, how: str | Slow) -> None:
    with alone(rig, trial, fault(Tls(how), edge="mail", when=NEVER)):
        assert call_mail(rig).content == BODY
    with alone(rig, trial, fault(Tls(how), edge="mail")):
        pass
    assert call_mail(rig).content == BODY
    assert rig.receipts(trial) == []


# --- HTTP/2 ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def mail(rig: Rig) -> Iterator[Http2Caller]:
    with http2(rig.ready.edges["mail"], str(rig.ready.ca_cert)) as caller:
        yield caller


@pytest.mark.parametrize("code", ["REFUSED_STREAM", "CANCEL", "INTERNAL_ERROR", "ENHANCE_YOUR_CALM"])
def test_one_stream_is_reset_by_its_code_and_its_siblings_are_answered(rig: Rig, trial: str, code: str) -> None:
    only_charges = fault(H2(code), edge="mail", match=Match(path="/v1/charges"))
    with alone(rig, trial, only_charges), mail(rig) as caller:
        before = caller.ask("/gate")
        until(lambda: rig.origin.asked("/gate"))
        hit, after = caller.ask("/v1/charges"), caller.ask("/other")
        rig.origin.gate.set()
        one, two, three = caller.wait(before, hit, after)
    assert [stream.reset for stream in (one, two, three)] == [None, CODES[code], None]
    assert (one.body, three.body) == (BODY, BODY)
    assert only(rig, trial).kind == "h2"


def test_goaway_comes_after_the_call_that_was_asked_for(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(H2(GoAway(2)), edge="mail")), mail(rig) as caller:
        first = caller.ask()
        assert caller.wait(first)[0].body == BODY
        assert caller.goaway is None
        second = caller.ask()
        assert caller.wait(second)[0].body == BODY
        while caller.goaway is None:
            assert caller.step()
        assert caller.goaway == (0, second)
    receipt = only(rig, trial)
    assert (receipt.kind, receipt.ordinal) == ("h2", 2)


def test_what_is_open_at_a_goaway_is_still_answered(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(H2(GoAway(2)), edge="mail")), mail(rig) as caller:
        slow = caller.ask("/gate")
        until(lambda: rig.origin.asked("/gate"))
        quick = caller.ask()
        while caller.goaway is None:
            assert caller.step()
        assert caller.goaway == (0, quick)
        frames = raw_frames(caller)
        rig.origin.gate.set()
        assert BODY[:100] in next(data for kind, stream, data in frames if (kind, stream) == (0, slow))
    assert len(rig.receipts(trial)) == 1


def raw_frames(caller: Http2Caller) -> Iterator[tuple[int, int, bytes]]:
    """What comes after a GOAWAY, at which the library stops to read."""
    data = b""
    while True:
        while len(data) < 9 or len(data) < 9 + int.from_bytes(data[:3]):
            data += caller.sock.recv(65536)
        size = int.from_bytes(data[:3])
        yield data[3], int.from_bytes(data[5:9]), data[9 : 9 + size]
        data = data[9 + size :]


def test_what_begins_after_a_goaway_is_refused_unprocessed(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(H2(GoAway(1)), edge="mail")), mail(rig) as caller:
        caller.wait(caller.ask())
        late = caller.ask_all_the_same("/late-comer")
        kind, stream, data = next(frame for frame in raw_frames(caller) if frame[1] == late)
    assert (kind, stream, int.from_bytes(data)) == (3, late, CODES["REFUSED_STREAM"])
    assert rig.origin.asked("/late-comer") == 0


def test_curl_has_its_answer_before_a_goaway(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(H2(GoAway(1)), edge="mail")):
        done = subprocess.run(
            ["curl", "-s", "--http2", "--proxy", rig.ready.edges["mail"], "--cacert", str(rig.ready.ca_cert),
             "-w", "%{http_version} %{http_code}", f"https://{MAIL}/v1/charges"], capture_output=True, check=True,
        )
    assert done.stdout == BODY + b"2 200"
    assert only(rig, trial).kind == "h2"


@pytest.mark.parametrize("how", ["CANCEL", GoAway(1)], ids=str)
def test_over_http1_nothing_of_it_happens(rig: Rig, trial: str, how: str | GoAway) -> None:
    with alone(rig, trial, fault(H2(how), edge="mail")):
        assert call_mail(rig).content == BODY
    assert rig.receipts(trial) == []
    assert rig.exchanges(trial)[-1].protocol == "HTTP/1.1"


@pytest.mark.parametrize("how", ["CANCEL", GoAway(1)], ids=str)
def test_no_stream_suffers_at_probability_zero_or_after_release(rig: Rig, trial: str, how: str | GoAway) -> None:
    with mail(rig) as caller:
        with alone(rig, trial, fault(H2(how), edge="mail", when=NEVER)):
            assert caller.wait(caller.ask())[0].body == BODY
        with alone(rig, trial, fault(H2(how), edge="mail")):
            pass
        assert caller.wait(caller.ask())[0].body == BODY
        assert caller.goaway is None
    assert rig.receipts(trial) == []
    assert rig.exchanges(trial)[-1].protocol == "HTTP/2.0"


@pytest.mark.parametrize("kind", [
    Latency(0.2), Status(503), Hang(0.2), Close(), Reset(), Close("headers"), Reset("headers"), Body("empty"),
    Body(Truncate()),
], ids=lambda kind: f"{kind_name(kind)} {getattr(kind, 'at', '')}")
def test_each_kind_falls_on_one_stream_and_hurts_no_sibling(rig: Rig, trial: str, kind: Kind) -> None:
    only_charges = fault(kind, edge="mail", match=Match(path="/v1/charges"))
    with alone(rig, trial, only_charges), mail(rig) as caller:
        open_before = caller.ask("/gate")
        until(lambda: rig.origin.asked("/gate"))
        hit, sibling = caller.ask("/v1/charges"), caller.ask("/other")
        suffered, fine = caller.wait(hit, sibling)
        rig.origin.gate.set()
        (before,) = caller.wait(open_before)
    assert (fine.body, before.body) == (BODY, BODY)
    assert kind_name(kind) == only(rig, trial).kind
    match kind_name(kind):
        case "latency":
            assert suffered.body == BODY
        case "status":
            assert suffered.status == 503
        case "body" if kind == Body("empty"):
            assert (suffered.status, suffered.body) == (200, b"")
        case "body":
            assert (suffered.status, suffered.body, suffered.reset) == (200, BODY[: len(BODY) // 2], 2)
        case _ if kind in (Close("headers"), Reset("headers")):
            assert (suffered.status, suffered.body, suffered.reset) == (200, b"", 2)
        case _:
            assert (suffered.status, suffered.reset) == (0, 2)


def test_forty_streams_wait_for_a_slow_provider_side_by_side(rig: Rig, trial: str) -> None:
    with alone(rig, trial), mail(rig) as caller:
        began = time.monotonic()
        streams = caller.wait(*(caller.ask("/late") for _ in range(40)))
        took = time.monotonic() - began
    assert all(stream.body == BODY for stream in streams)
    assert took < 20 * LATE_S  # the exact bound, on a machine with nothing else to do, is tests/bench/proxy_streams.py's


# --- events ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("edge", ["payments", "mail"])
def test_events_pass_one_by_one_also_under_a_latency(rig: Rig, trial: str, edge: str) -> None:
    url = "/events" if edge == "payments" else f"https://{MAIL}/events"
    with alone(rig, trial, fault(Latency(0.2), edge=edge)), rig.client(edge) as client:
        began = time.monotonic()
        with client.stream("GET", url) as reply:
            pieces = reply.iter_text()
            assert next(pieces) == "data: first\n\n"
            assert time.monotonic() - began > 0.1  # less what the proxy itself costs
            rig.origin.gate.set()
            assert list(pieces) == []
    assert only(rig, trial).kind == "latency"


def test_events_pass_one_by_one_over_http2(rig: Rig, trial: str) -> None:
    with alone(rig, trial), mail(rig) as caller:
        stream = caller.ask("/events")
        while not caller.streams[stream].body:
            assert caller.step()
        assert caller.streams[stream].body == b"data: first\n\n"
        rig.origin.gate.set()
        caller.wait(stream)


# --- WebSockets -----------------------------------------------------------------------------------


@contextlib.contextmanager
def talk(rig: Rig, trial: str) -> Iterator[object]:
    with websocket(rig.ready.edges["live"], "/feed", marks(trial)) as side:
        yield side


def test_a_websocket_passes_and_its_end_is_recorded(rig: Rig, trial: str) -> None:
    with alone(rig, trial), talk(rig, trial) as side:
        assert isinstance(side.next(), ws.AcceptConnection)
        for text in ("one", "twelve"):
            side.say(text)
            assert side.next().data == text
        assert rig.exchanges(trial) == []
        side.send(ws.CloseConnection(1000))
        assert isinstance(side.next(), ws.CloseConnection)
        until(lambda: rig.exchanges(trial))
    (exchange,) = rig.exchanges(trial)
    assert (exchange.edge, exchange.status, exchange.upstream_status, exchange.error) == ("live", 101, 101, "")
    assert (exchange.request_bytes, exchange.reply_bytes) == (9, 9)


def test_latency_delays_the_upgrade(rig: Rig, trial: str) -> None:
    began = time.monotonic()
    with alone(rig, trial, fault(Latency(0.2), edge="live")), talk(rig, trial) as side:
        assert isinstance(side.next(), ws.AcceptConnection)
        assert time.monotonic() - began > 0.15
        side.say("one")
        assert side.next().data == "one"
    assert only(rig, trial).kind == "latency"


@pytest.mark.parametrize("kind", [Close(), Reset()], ids=kind_name)
def test_an_upgrade_can_be_ended(rig: Rig, trial: str, kind: Kind) -> None:
    with alone(rig, trial, fault(kind, edge="live")), talk(rig, trial) as side:
        if isinstance(kind, Reset):
            with pytest.raises(ConnectionResetError):
                side.next()
        else:
            assert side.next() is None
    assert only(rig, trial).kind == kind_name(kind)


def test_an_upgrade_can_be_answered_in_the_providers_place(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Status(503), edge="live")), talk(rig, trial) as side:
        assert side.next().status_code == 503


def test_every_message_comes_later_in_both_directions(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Websocket(latency=0.15), edge="live")), talk(rig, trial) as side:
        side.next()
        began = time.monotonic()
        side.say("one")
        assert side.next().data == "one"
        assert time.monotonic() - began >= 0.3
    assert [receipt.detail for receipt in rig.receipts(trial)] == ["message 1", "message 2"]
    assert all(receipt.realised_s >= 0.15 for receipt in rig.receipts(trial))


@pytest.mark.parametrize("kind", [Websocket(close=2), Websocket(reset=2)], ids=["close", "reset"])
def test_a_websocket_ends_after_so_many_messages(rig: Rig, trial: str, kind: Websocket) -> None:
    with alone(rig, trial, fault(kind, edge="live")), talk(rig, trial) as side:
        side.next()
        side.say("one")
        assert side.next().data == "one"
        side.say("two")
        if kind.reset:
            with pytest.raises(ConnectionResetError):
                side.next()
        else:
            assert side.next() is None
    assert only(rig, trial).kind == "websocket"
    (exchange,) = rig.exchanges(trial)
    assert exchange.status == 101
    assert "by a fault after 2 messages" in exchange.error


@pytest.mark.parametrize("kind", [Websocket(latency=20), Websocket(close=1)], ids=["latency", "close"])
def test_no_message_suffers_at_probability_zero_or_after_release(rig: Rig, trial: str, kind: Websocket) -> None:
    with alone(rig, trial, fault(kind, edge="live", when=NEVER)), talk(rig, trial) as side:
        side.next()
        side.say("one")
        assert side.next().data == "one"
    with alone(rig, trial, fault(kind, edge="live")):
        pass
    with talk(rig, trial) as side:
        side.next()
        side.say("one")
        assert side.next().data == "one"
    assert rig.receipts(trial) == []


# --- webhooks -------------------------------------------------------------------------------------


def hook(rig: Rig, trial: str, number: int = 1) -> int:
    """The provider tells the product something."""
    url = f"{rig.ready.edges[HOOKS]}/hooks/{number}"
    return httpx.post(url, json={"order": trial}, trust_env=False, timeout=10).status_code


def told(rig: Rig) -> list[str]:
    return [call.path for call in rig.origin.calls]


def test_a_late_webhook_keeps_nobody_waiting(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Webhook(delay=3, answer=202), edge=HOOKS)):
        began = time.monotonic()
        assert hook(rig, trial) == 202
        assert time.monotonic() - began < 3
        assert told(rig) == []
        until(lambda: rig.exchanges(trial))
        assert time.monotonic() - began >= 3
    assert told(rig) == ["/hooks/1"]
    assert rig.origin.calls[0].body == f'{{"order":"{trial}"}}'.encode()
    receipt = only(rig, trial)
    assert (receipt.kind, receipt.asked_s, receipt.detail) == ("webhook", 3, "")
    (exchange,) = rig.exchanges(trial)
    assert (exchange.status, exchange.upstream_status) == (202, 200)


def test_a_dropped_webhook_never_arrives_and_its_provider_does_not_know(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Webhook(drop=True), edge=HOOKS)):
        assert hook(rig, trial) == 200
    assert told(rig) == []
    assert only(rig, trial).detail == "never delivered; its provider was told 200"
    (exchange,) = rig.exchanges(trial)
    assert (exchange.status, exchange.upstream_status) == (200, None)


def test_a_webhook_arrives_as_often_as_was_asked(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Webhook(duplicate=3), edge=HOOKS)):
        assert hook(rig, trial) == 200
        until(lambda: len(rig.receipts(trial)) == 2)
    assert told(rig) == ["/hooks/1"] * 3
    assert len({call.body for call in rig.origin.calls}) == 1
    assert len(rig.exchanges(trial)) == 1


def test_webhooks_arrive_in_another_order(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Webhook(reorder=3), edge=HOOKS)):
        for number in (1, 2):
            hook(rig, trial, number)
        assert told(rig) == []
        hook(rig, trial, 3)
        until(lambda: len(rig.exchanges(trial)) == 3)
    assert told(rig) == ["/hooks/3", "/hooks/2", "/hooks/1"]
    assert len(rig.receipts(trial)) == 3


def test_a_webhook_that_found_nobody_to_change_places_with_is_no_proof(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Webhook(reorder=2), edge=HOOKS)):
        hook(rig, trial)
    assert told(rig) == ["/hooks/1"]
    assert rig.receipts(trial) == []
    (failed,) = (event for event in troubles(rig) if event.trial == trial)
    assert "turned none round: the lease ended" in failed.detail


def test_a_webhook_that_is_held_is_delivered_when_its_lease_ends(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Webhook(delay=20), edge=HOOKS)):
        hook(rig, trial)
        assert told(rig) == []
    assert told(rig) == ["/hooks/1"]
    assert only(rig, trial).detail == "the lease ended"


def test_latency_holds_up_the_provider_itself(rig: Rig, trial: str) -> None:
    with alone(rig, trial, fault(Latency(0.2), edge=HOOKS)):
        began = time.monotonic()
        assert hook(rig, trial) == 200
        assert time.monotonic() - began > 0.15
    assert only(rig, trial).kind == "latency"


@pytest.mark.parametrize("kind", [
    Webhook(delay=20), Webhook(drop=True), Webhook(duplicate=2), Webhook(reorder=2),
], ids=lambda kind: kind.describe())
def test_no_webhook_suffers_at_probability_zero_or_after_release(rig: Rig, trial: str, kind: Webhook) -> None:
    with alone(rig, trial, fault(kind, edge=HOOKS, when=NEVER)):
        hook(rig, trial, 1)
    with alone(rig, trial, fault(kind, edge=HOOKS)):
        pass
    hook(rig, trial, 2)
    assert told(rig) == ["/hooks/1", "/hooks/2"]
    assert rig.receipts(trial) == []
