"""What the kinds that are about time look like at the client: slow bytes, late heads, and ends within a body.

Times are bounded from below by what was asked; how close they are, on a machine with nothing else to do, is for
tests/bench to say.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import httpx
import pytest

from flowprobe.core.distributions import Recorded, Uniform
from flowprobe.core.events import Injected
from flowprobe.core.evidence import fold
from flowprobe.core.faults.bandwidth import Bandwidth
from flowprobe.core.faults.body import Body, Truncate
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.endings import After
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind, describe, kind_name
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import When
from flowprobe.core.verdict import Blame, Verdict, judge_run
from flowprobe.core.verdict import Kind as VerdictKind
from tests.journals import SLOW, Journal, ended, exchange, replied, sent, started, step_ended
from tests.proxy.rig import BIG, BODY, Origin, Rig, fault, marks, new_trial, run_proxy, until
from tests.proxy.test_kinds_seen import Caller, caller
from tests.scenes import TRIAL

__all__ = ["caller"]


@dataclass
class Arrivals:
    """When the pieces of a reply came, from the moment on that it was asked for."""

    head: bytes = b""
    body: bytes = b""
    head_s: float = 0.0
    times: list[float] = field(default_factory=list)
    ended: str = ""

    @property
    def took_s(self) -> float:
        return self.times[-1] if self.times else self.head_s


def arrivals(rig: Rig, trial: str, path: str = "/v1/charges", *, body: bytes = b"") -> Arrivals:
    """One call on a plain socket, on the reverse edge: what comes, when, and how it ends."""
    found = Arrivals()
    with connected(rig) as connection:
        began = time.monotonic()
        connection.sendall(request(trial, path, body))
        received = b""
        try:
            while not _whole(received):
                piece = connection.recv(65536)
                if not piece:
                    found.ended = "closed"
                    break
                received += piece
                found.times.append(time.monotonic() - began)
                if not found.head_s and b"\r\n\r\n" in received:
                    found.head_s = found.times[-1]
        except ConnectionResetError:
            found.ended = "reset"
    found.head, _, found.body = received.partition(b"\r\n\r\n")
    return found


def _whole(received: bytes) -> bool:
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return False
    lengths = [line.partition(b":")[2] for line in head.lower().splitlines() if line.startswith(b"content-length:")]
    return len(body) >= int(lengths[0]) if lengths else body.endswith(b"0\r\n\r\n")


def receipt(rig: Rig, trial: str) -> Injected:
    until(lambda: rig.receipts(trial))
    (found,) = rig.receipts(trial)
    return found



def connected(rig: Rig) -> socket.socket:
    host, port = rig.ready.edges["payments"].removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def request(trial: str, path: str = "/v1/charges", body: bytes = b"") -> bytes:
    lines = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}",
             f"traceparent: {marks(trial)['traceparent']}", "", "")
    return "\r\n".join(lines).encode() + body


@contextlib.contextmanager
def plain_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:

        def run() -> None:
            connection, _ = listening.accept()
            with connection:
                serve(connection)

        served = pool.submit(run)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        served.result(timeout=20)


def feed(sent: list[int], connection: socket.socket) -> None:
    """Answer with 64 MB, as fast as they are taken."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 64000000\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(64):
            connection.sendall(b"x" * 1_000_000)
            sent.append(1_000_000)


def took(caller: Caller, path: str = "/v1/charges", **options: object) -> tuple[httpx.Response, float]:
    began = time.monotonic()
    reply = caller.call(path, **options)
    return reply, time.monotonic() - began


def the_receipt(caller: Caller) -> Injected:
    return receipt(caller.rig, caller.trial)


# --- latency --------------------------------------------------------------------------------------


@contextlib.contextmanager
def delayed(caller: Caller, at: str, *seconds: float) -> Iterator[None]:
    """Several delays on one call, in this order in the file; the id of each says which it is."""
    faults = [fault(Latency(each, at=at), edge=caller.edge, id=f"delay-{n}") for n, each in enumerate(seconds, 1)]
    with caller.rig.armed(caller.trial, *faults):
        yield


def verdict_under(*found: Injected) -> Verdict:
    """What a trial that held is judged to be, with these receipts on its only provider call."""
    told = [replace(each, exchange="x1", trial=TRIAL) for each in found]
    faults = [replace(SLOW, id=each.fault) for each in found]
    journal = Journal().runner(started("slow", *faults), sent("one"), replied(), step_ended("one"), ended())
    return judge_run(fold(journal.proxy(exchange(), *told).lines))[TRIAL]


@pytest.mark.parametrize("at", ["request", "headers"])
@pytest.mark.parametrize("seconds", [(0.3, 0.1), (0.1, 0.3), (0.2, 0.2)])
def test_delays_on_one_call_add_up_in_either_order(caller: Caller, at: str, seconds: tuple[float, ...]) -> None:
    with delayed(caller, at, *seconds):
        reply, whole = took(caller)
    own_cost = caller.rig.ready.own_cost_s
    found = caller.rig.receipts(caller.trial)
    assert reply.content == BODY
    assert whole > sum(seconds) - own_cost - 0.001
    assert [(each.fault, each.asked_s) for each in found] == [("delay-1", seconds[0]), ("delay-2", seconds[1])]
    for each in found:
        assert each.asked_s - 0.001 < each.realised_s < each.asked_s + 0.15
        assert 0 < each.slept_s <= each.realised_s + 0.001
    assert sum(each.realised_s - each.slept_s for each in found) < own_cost + 0.05  # which comes off the first alone


@pytest.mark.parametrize("seconds", [(0.3, 0.1), (0.1, 0.3), (0.2, 0.2)])
def test_delays_that_add_up_came_out_as_they_were_asked(rig: Rig, trial: str, seconds: tuple[float, ...]) -> None:
    faults = [fault(Latency(each), id=f"delay-{n}") for n, each in enumerate(seconds, 1)]
    with rig.armed(trial, *faults), rig.client() as client:
        assert client.post("/v1/charges", headers=marks(trial)).content == BODY
    assert verdict_under(*rig.receipts(trial)) == Verdict(VerdictKind.PASS, Blame.NONE, ())


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_added_comes_on_top_of_a_floor_in_either_order(rig: Rig, trial: str, turned: bool) -> None:
    added = fault(Latency(0.1, at="headers"), id="added")
    floor = fault(Latency(0.2, at_least=True), id="floor")
    with rig.armed(trial, *((floor, added) if turned else (added, floor))), rig.client() as client:
        began = time.monotonic()
        assert client.post("/v1/charges", headers=marks(trial)).content == BODY
        whole = time.monotonic() - began
    assert whole > 0.3 - rig.ready.own_cost_s - 0.001
    assert [each.fault for each in rig.receipts(trial)] == ["floor", "added"]


def test_a_slow_upload_uses_up_neither_of_two_delays(rig: Rig, trial: str) -> None:
    first, second = (fault(Latency(seconds), id=f"delay-{seconds}") for seconds in (0.1, 0.2))
    with rig.armed(trial, first, second), connected(rig) as connection:
        head, _, body = request(trial, body=b"u" * 100).partition(b"\r\n\r\n")
        connection.sendall(head + b"\r\n\r\n")
        here = time.monotonic() + 0.4
        until(lambda: time.monotonic() > here)
        connection.sendall(body)
        began = time.monotonic()
        assert connection.recv(10) == b"HTTP/1.1 2"
        assert time.monotonic() - began > 0.29 - rig.ready.own_cost_s
    assert [each.asked_s for each in rig.receipts(trial)] == [0.1, 0.2]
    assert all(each.slept_s > each.asked_s - rig.ready.own_cost_s - 0.02 for each in rig.receipts(trial))


def test_the_end_of_the_lease_ends_all_the_delays_of_a_call(caller: Caller) -> None:
    with ThreadPoolExecutor(1) as pool:
        with delayed(caller, "request", 0.05, 20, 20):
            call = pool.submit(caller.call)
            until(lambda: caller.rig.receipts(caller.trial))  # the first is over, so that the second holds the call now
        assert call.result(timeout=10).content == BODY
    found = caller.rig.receipts(caller.trial)
    assert [(each.fault, each.detail) for each in found] == [("delay-1", ""), ("delay-2", "the lease ended")]
    assert found[1].realised_s < 10


def test_a_caller_that_gives_up_during_the_second_delay_is_never_forwarded(caller: Caller) -> None:
    with delayed(caller, "request", 0.05, 20, 20):
        with pytest.raises(httpx.ReadTimeout):
            caller.call(timeout=1.0)
        until(lambda: len(caller.rig.receipts(caller.trial)) == 2)
    first, second = caller.rig.receipts(caller.trial)
    assert caller.asked() == 0
    assert (first.gave_up_s, second.fault) == (None, "delay-2")
    assert second.gave_up_s is not None
    assert 0.05 < second.gave_up_s < 19
    assert caller.rig.exchanges(caller.trial)[-1].error == "the caller gave up"


def test_latency_at_headers_asks_the_provider_at_once_and_holds_its_reply(caller: Caller) -> None:
    with caller.under(Latency(0.2, at="headers")):
        began = time.monotonic()
        with caller.client.stream("POST", caller.base + "/chunks", headers=marks(caller.trial)) as reply:
            head_s = time.monotonic() - began
            assert reply.read() == b"one,two,three"
    found = the_receipt(caller)
    assert head_s > 0.15
    assert (found.asked_s, found.detail) == (0.2, "")
    assert 0.19 < found.realised_s <= head_s + caller.rig.ready.own_cost_s


def test_latency_at_headers_holds_an_answer_of_our_own_as_well(caller: Caller) -> None:
    slow = fault(Latency(0.2, at="headers"), edge=caller.edge, id="slow")
    with caller.rig.armed(caller.trial, fault(Status(503), edge=caller.edge), slow):
        reply, seconds = took(caller)
    assert (reply.status_code, caller.asked()) == (503, 0)
    assert seconds > 0.15
    assert [each.kind for each in caller.rig.receipts(caller.trial)] == ["status", "latency"]


def test_a_caller_that_gives_up_on_a_late_reply_is_noted(caller: Caller) -> None:
    with caller.under(Latency(20, at="headers")):
        with pytest.raises(httpx.ReadTimeout):
            caller.call(timeout=1.5)
        found = the_receipt(caller)
    assert caller.asked() == 1
    assert found.gave_up_s is not None
    assert 0.2 < found.gave_up_s < 19


def test_at_least_waits_for_what_the_provider_did_not_take(caller: Caller) -> None:
    with caller.under(Latency(0.3, at_least=True)):
        reply, seconds = took(caller)
    found = the_receipt(caller)
    assert reply.content == BODY
    assert seconds > 0.25
    assert 0.29 < found.realised_s <= seconds + caller.rig.ready.own_cost_s
    assert found.slept_s < found.realised_s


def test_at_least_adds_nothing_to_a_provider_that_took_longer(caller: Caller) -> None:
    url = caller.base + "/gate"
    with caller.under(Latency(0.05, at_least=True)), ThreadPoolExecutor(1) as pool:
        call = pool.submit(caller.client.get, url, headers=marks(caller.trial))
        until(lambda: caller.asked("/gate"))
        past = time.monotonic() + 0.1
        until(lambda: time.monotonic() > past)
        caller.origin.gate.set()
        assert call.result().content == BODY
    found = the_receipt(caller)
    assert found.slept_s < 0.05 < 0.1 <= found.realised_s
    assert found.detail == "the provider took that long by itself"


@pytest.mark.parametrize("path", ["/v1/charges", "/chunks"])
def test_latency_at_chunks_lets_a_body_drip(caller: Caller, path: str) -> None:
    whole = BODY if path != "/chunks" else b"one,two,three"
    size = len(whole) // 5 + 1
    with caller.under(Latency(0.04, at="chunks", piece=size)):
        reply, seconds = took(caller, path)
        found = the_receipt(caller)
    assert reply.content == whole
    assert seconds > 5 * 0.04 * 0.9
    assert (found.asked_s, found.detail) == (0.04, "")
    assert found.realised_s > 0.04 * 0.9
    assert found.slept_s == pytest.approx(round(found.slept_s / found.realised_s) * found.realised_s)


def test_dripping_comes_in_pieces_of_the_size_that_was_asked(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Latency(0.03, at="chunks", piece=100))):
        found = arrivals(rig, trial)
    assert found.body == BODY
    assert 5 < len(found.times) <= 1 + -(-len(BODY) // 100)  # two that are late arrive as one
    assert found.took_s - found.head_s > 0.03 * (len(BODY) // 100) * 0.9


def test_dripping_reaches_a_caller_over_tls_piece_by_piece(rig: Rig, trial: str) -> None:
    assert rig.tls_origin
    sizes = []
    with (
        rig.armed(trial, fault(Latency(0.03, at="chunks", piece=100), edge="user")),
        rig.client("user") as client,
        client.stream("GET", rig.tls_origin.url + "/v1/charges", headers=marks(trial)) as reply,
    ):
        sizes = [len(piece) for piece in reply.iter_raw()]
    assert sizes == [100] * (len(BODY) // 100) + [len(BODY) % 100]


def test_a_spoilt_body_and_an_answer_of_our_own_drip_as_well(rig: Rig, trial: str) -> None:
    drip = fault(Latency(0.03, at="chunks", piece=100), id="drip")
    with rig.armed(trial, fault(Status(503, {}, "x" * 400), id="busy"), drip):
        answered = arrivals(rig, trial)
    with rig.armed(trial, fault(Body(Truncate(50, "right")), id="short"), drip):
        spoilt = arrivals(rig, trial)
    assert (answered.body, spoilt.body) == (b"x" * 400, BODY[: len(BODY) // 2])
    assert answered.took_s - answered.head_s > 3 * 0.03 * 0.9
    assert spoilt.took_s - spoilt.head_s > 4 * 0.03 * 0.9
    assert min(len(answered.times), len(spoilt.times)) > 2


def test_each_call_draws_its_own_delay_and_the_same_one_in_another_run(rig: Rig, trial: str) -> None:
    drawn = []
    for other in (trial, new_trial()):
        with rig.armed(other, fault(Latency(Uniform(0.001, 0.02)))), rig.client() as client:
            for _ in range(8):
                assert client.get("/v1/charges", headers=marks(other)).status_code == 200
        drawn.append([each.asked_s for each in rig.receipts(other)])
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) == 8
    assert all(0.001 <= asked <= 0.02 for asked in drawn[0])


def test_a_recording_is_played_call_by_call(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Latency(Recorded((0.003, 0.001, 0.002), sampled=False)))), rig.client() as client:
        for _ in range(4):
            client.get("/v1/charges", headers=marks(trial))
    assert [each.asked_s for each in rig.receipts(trial)] == [0.003, 0.001, 0.002, 0.003]


# --- bandwidth ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "rate"), [("/v1/charges", 5000), ("/big", 10_000_000)])
def test_bandwidth_down_slows_the_reply(caller: Caller, path: str, rate: float) -> None:
    with caller.under(Bandwidth(None, rate)):
        reply, seconds = took(caller, path)
        found = the_receipt(caller)
    assert reply.content == (BIG if path == "/big" else BODY)
    assert seconds > 0.95 * len(reply.content) / rate
    assert found.moved >= len(reply.content)
    assert found.asked_s == pytest.approx(found.moved / rate)
    assert found.realised_s >= 0.99 * found.asked_s
    assert found.detail.startswith(f"{found.moved} bytes down at ")


def test_bandwidth_down_slows_an_answer_of_our_own(caller: Caller) -> None:
    slow = fault(Bandwidth(5000, 5000), edge=caller.edge, id="slow")
    with caller.rig.armed(caller.trial, fault(Status(503, {}, "x" * 1000), edge=caller.edge), slow):
        reply, seconds = took(caller)
        until(lambda: len(caller.rig.receipts(caller.trial)) == 2)
    assert (reply.status_code, caller.asked()) == (503, 0)
    assert seconds > 0.19
    assert "up" not in caller.rig.receipts(caller.trial)[-1].detail


def test_bandwidth_up_slows_the_request(caller: Caller) -> None:
    with caller.under(Bandwidth(20_000, None)):
        for _ in range(2):  # by a connection that is opened for it, and by one that is there
            reply, seconds = took(caller, content=b"u" * 4000)
            assert reply.content == BODY
            assert seconds > 0.19
        until(lambda: len(caller.rig.receipts(caller.trial)) == 2)
    assert [call.body for call in caller.origin.calls] == [b"u" * 4000] * 2
    for found in caller.rig.receipts(caller.trial):
        assert found.moved >= 4000
        assert found.realised_s >= 0.99 * found.asked_s == pytest.approx(0.99 * found.moved / 20_000)
        assert "bytes up at " in found.detail


def test_bandwidth_both_ways_is_one_receipt(caller: Caller) -> None:
    with caller.under(Bandwidth(20_000, 10_000)):
        _, seconds = took(caller, content=b"u" * 2000)
        found = the_receipt(caller)
    assert seconds > 0.19
    assert found.moved > 2000 + len(BODY)
    assert "bytes up at" in found.detail
    assert "bytes down at" in found.detail


def test_a_call_after_a_slow_one_is_as_fast_as_ever(caller: Caller) -> None:
    with caller.under(Bandwidth(2000, 2000), When(first=1)):
        slow, fast = (took(caller)[1] for _ in range(2))
    assert slow > 0.5 > fast
    assert len(caller.rig.receipts(caller.trial)) == 1


def test_the_end_of_the_lease_lets_the_rest_of_a_slow_reply_go(caller: Caller) -> None:
    with caller.rig.armed(caller.trial, fault(Bandwidth(None, 1000), edge=caller.edge)):
        stream = caller.client.stream("GET", caller.base + "/big", headers=marks(caller.trial))
        reply = stream.__enter__()
    assert reply.read() == BIG  # would take an hour
    stream.__exit__(None, None, None)
    assert the_receipt(caller).detail.endswith("the lease ended")
    until(lambda: caller.rig.exchanges(caller.trial))
    assert caller.rig.exchanges(caller.trial)[-1].reply_bytes == len(BIG)


@pytest.mark.parametrize("path", ["/v1/charges", "/big"])
def test_a_caller_that_gives_up_on_slow_bytes_is_noted(caller: Caller, path: str) -> None:
    with caller.under(Bandwidth(None, 1000)):
        with caller.client.stream("GET", caller.base + path, headers=marks(caller.trial)) as reply:
            assert reply.status_code == 200
        found = the_receipt(caller)  # what it had not read when it closed the connection
        until(lambda: caller.rig.exchanges(caller.trial))
    assert found.gave_up_s is not None
    assert 0 < found.moved < len(BODY)
    assert caller.rig.exchanges(caller.trial)[-1].error


def test_a_slow_line_slows_the_provider_in_turn(tmp_path: Path, trial: str) -> None:
    sent: list[int] = []

    with (
        plain_server(partial(feed, sent)) as url, run_proxy(tmp_path, Origin(url)) as rig,
        rig.armed(trial, fault(Bandwidth(None, 200_000))), connected(rig) as connection,
    ):
        connection.sendall(request(trial))
        received = 0
        while received < 60_000:
            received += len(connection.recv(65536))
        assert sum(sent) < 20_000_000  # what fits into the buffers on the way


def test_a_late_reply_waits_at_the_provider(tmp_path: Path, trial: str) -> None:
    sent: list[int] = []

    with (
        plain_server(partial(feed, sent)) as url, run_proxy(tmp_path, Origin(url)) as rig,
        rig.armed(trial, fault(Latency(1, at="headers"))), connected(rig) as connection,
    ):
        connection.sendall(request(trial))
        assert connection.recv(10) == b"HTTP/1.1 2"
        assert sum(sent) < 20_000_000


def test_events_are_slow_as_well(rig: Rig, trial: str) -> None:
    with rig.armed(trial, fault(Bandwidth(None, 2000))), rig.client() as client:
        began = time.monotonic()
        with client.stream("GET", "/events", headers=marks(trial)) as reply:
            received = reply.iter_raw()
            assert next(received)
            assert time.monotonic() - began > 0.05
            rig.origin.gate.set()
            list(received)
        assert "bytes down at" in receipt(rig, trial).detail


# --- hang -----------------------------------------------------------------------------------------


def test_a_hang_at_headers_lets_the_provider_act_and_keeps_its_reply(caller: Caller) -> None:
    with caller.under(Hang(20, "headers")):
        with pytest.raises(httpx.ReadTimeout):
            caller.call(timeout=1.5)
        found = the_receipt(caller)
    assert caller.asked() == 1
    assert found.gave_up_s is not None
    assert (found.kind, found.detail) == ("hang", "the caller gave up")


def test_a_hang_at_headers_ends_at_its_ceiling(caller: Caller) -> None:
    with caller.under(Hang(0.2, "headers")), pytest.raises(httpx.RemoteProtocolError):
        caller.call()
    assert (the_receipt(caller).gave_up_s, the_receipt(caller).detail) == (None, "the ceiling was reached")
    assert caller.asked() == 1
    assert caller.rig.exchanges(caller.trial)[-1].upstream_status == 200


# --- ends within a body ---------------------------------------------------------------------------


ENDINGS = [Close(After(500)), Reset(After(500)), Close(After(200_000)), Reset(After(200_000))]


@pytest.mark.parametrize("kind", ENDINGS, ids=describe)
def test_a_cut_within_a_body_gives_exactly_so_many_bytes(caller: Caller, kind: Close | Reset) -> None:
    assert isinstance(kind.at, After)
    path, whole = ("/v1/charges", BODY) if kind.at.bytes < len(BODY) else ("/big", BIG)
    received = b""
    with (
        caller.under(kind),
        caller.client.stream("POST", caller.base + path, headers=marks(caller.trial)) as reply,
    ):
        assert (reply.status_code, reply.headers["content-length"]) == (200, str(len(whole)))
        pieces = reply.iter_raw()
        while len(received) < kind.at.bytes:
            received += next(pieces)
        with pytest.raises(caller.reset_errors if isinstance(kind, Reset) else httpx.RemoteProtocolError):
            next(pieces)
    assert received == whole[: kind.at.bytes]
    assert the_receipt(caller).kind == kind_name(kind)
    exchange = caller.rig.exchanges(caller.trial)[-1]
    assert (exchange.status, exchange.upstream_status, exchange.reply_bytes) == (200, 200, kind.at.bytes)
    assert f"after {kind.at.bytes} bytes" in exchange.error


@pytest.mark.parametrize(("kind", "ended"), [(Close(After(5)), "closed"), (Reset(After(5)), "reset")], ids=str)
@pytest.mark.parametrize("path", ["/v1/charges", "/chunks", "/events"])
def test_how_a_cut_looks_on_the_wire(rig: Rig, trial: str, kind: Kind, ended: str, path: str) -> None:
    with rig.armed(trial, fault(kind)):  # the gate stays shut: the rest of the events never comes
        found = arrivals(rig, trial, path)
    assert found.ended == ended
    assert found.body == {"/v1/charges": BODY[:5], "/chunks": b"4\r\none,\r\n1\r\nt\r\n",
                          "/events": b"5\r\ndata:\r\n"}[path]


@pytest.mark.parametrize(("kind", "ended"), [(Close("headers"), "closed"), (Reset("headers"), "reset")], ids=str)
def test_events_are_cut_after_their_head(rig: Rig, trial: str, kind: Kind, ended: str) -> None:
    with rig.armed(trial, fault(kind)):
        found = arrivals(rig, trial, "/events")
    assert (found.head[:15], found.body, found.ended) == (b"HTTP/1.1 200 OK", b"", ended)
    assert len(rig.receipts(trial)) == 1


@pytest.mark.parametrize("path", ["/v1/charges", "/chunks", "/empty", "/nothing"])
def test_a_reply_that_is_no_longer_stays_whole(caller: Caller, path: str) -> None:
    with caller.under(Close(After(len(BODY)))):
        whole = {"/v1/charges": BODY, "/chunks": b"one,two,three"}.get(path, b"")
        assert caller.call(path).content == whole
    assert caller.rig.receipts(caller.trial) == []


def test_a_body_can_be_spoilt_and_then_cut(rig: Rig, trial: str) -> None:
    spoilt = fault(Body(Truncate(50, "right")), id="spoilt")
    with rig.armed(trial, spoilt, fault(Reset(After(100)), id="cut")):
        found = arrivals(rig, trial)
    assert (found.body, found.ended) == (BODY[:100], "reset")
    assert [each.fault for each in rig.receipts(trial)] == ["spoilt", "cut"]


@pytest.mark.parametrize("path", ["/v1/charges", "/empty"])
def test_a_slow_reply_is_cut_when_its_bytes_are_through(rig: Rig, trial: str, path: str) -> None:
    cut = Reset("headers") if path == "/empty" else Reset(After(300))
    with rig.armed(trial, fault(Bandwidth(None, 2000), id="slow"), fault(cut, id="cut")):
        found = arrivals(rig, trial, path)
    assert (found.ended, found.body) == ("reset", BODY[:300] if path != "/empty" else b"")
    assert found.took_s > 0.95 * (len(found.head) + len(found.body)) / 2000
    assert sorted(each.fault for each in rig.receipts(trial)) == ["cut", "slow"]


# --- off ------------------------------------------------------------------------------------------


KINDS = [
    Latency(20, at="headers"), Latency(20, at_least=True), Latency(20, at="chunks", piece=100), Bandwidth(10, 10),
    Hang(20, "headers"), Close(After(10)), Reset(After(10)),
]


@pytest.mark.parametrize("kind", KINDS, ids=describe)
def test_at_probability_zero_nothing_happens(caller: Caller, kind: Kind) -> None:
    with caller.under(kind, When(probability=0.0)):
        assert caller.call().content == BODY
    assert caller.rig.receipts(caller.trial) == []


@pytest.mark.parametrize("kind", KINDS, ids=describe)
def test_after_removal_nothing_happens(caller: Caller, kind: Kind) -> None:
    with caller.under(kind):
        pass
    assert caller.call().content == BODY
    assert caller.rig.receipts(caller.trial) == []
    assert caller.rig.exchanges(caller.trial)[-1].status == 200


@pytest.mark.parametrize("kind", KINDS[:5], ids=describe)
def test_what_is_under_way_when_the_lease_ends_goes_on_at_once(caller: Caller, kind: Kind) -> None:
    with ThreadPoolExecutor(1) as pool:
        with caller.under(kind):
            call = pool.submit(caller.call)
            until(lambda: caller.asked() or isinstance(kind, Bandwidth))
        if isinstance(kind, Hang):  # whose reply may have been on its way still when the lease ended: then it passes
            with contextlib.suppress(httpx.RemoteProtocolError):
                assert call.result(timeout=10).content == BODY
        else:
            assert call.result(timeout=10).content == BODY
