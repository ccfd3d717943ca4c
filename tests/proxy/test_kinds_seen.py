"""Every kind as an HTTP client sees it, on a provider's reverse edge and on the user's forward edge."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from flowprobe.core.faults.body import Body, Truncate
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind, kind_name
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import When
from tests.proxy.rig import BODY, Rig, fault, marks, until

EDGES = ("payments", "user", "user over https")


class Caller:
    """One client on one edge, with the marks of one trial."""

    def __init__(self, rig: Rig, where: str, trial: str) -> None:
        self.rig, self.trial = rig, trial
        self.edge = where.partition(" ")[0]
        self.origin = rig.tls_origin if "https" in where else rig.origin
        assert self.origin
        self.base = "" if self.edge == "payments" else self.origin.url
        self.client = rig.client(self.edge)
        # The ssl module of Python 3.11 reports a reset as an early end.
        lenient = "https" in where and sys.version_info < (3, 12)
        self.reset_errors = (httpx.ReadError, httpx.RemoteProtocolError) if lenient else (httpx.ReadError,)

    def call(self, path: str = "/v1/charges", method: str = "POST", **options: object) -> httpx.Response:
        return self.client.request(method, self.base + path, headers=marks(self.trial), **options)

    def asked(self, path: str = "/v1/charges") -> int:
        return self.origin.asked(path)

    @contextlib.contextmanager
    def under(self, kind: Kind, when: When = When()) -> Iterator[None]:
        with self.rig.armed(self.trial, fault(kind, edge=self.edge, when=when)):
            yield

    def receipt(self) -> object:
        receipts = self.rig.receipts(self.trial)
        assert len(receipts) == 1, receipts
        assert receipts[0].edge == self.edge
        return receipts[0]


@pytest.fixture(params=EDGES)
def caller(request: pytest.FixtureRequest, rig: Rig, trial: str) -> Iterator[Caller]:
    assert rig.tls_origin
    rig.tls_origin.calls.clear()
    made = Caller(rig, request.param, trial)
    with made.client:
        yield made


def test_latency_holds_the_call_back_and_forwards_it(caller: Caller) -> None:
    with caller.under(Latency(0.2)):
        began = time.monotonic()
        assert caller.call().content == BODY
        took = time.monotonic() - began
    receipt = caller.receipt()
    # How exact it is, on a machine with nothing else to do, is for tests/bench/proxy_latency.py to say.
    assert took > 0.15
    assert receipt.asked_s == 0.2
    assert 0.1 < receipt.slept_s <= took
    assert 0.19 < receipt.realised_s <= took + caller.rig.ready.own_cost_s


def test_status_answers_in_the_providers_place(caller: Caller) -> None:
    with caller.under(Status(503, {"Retry-After": "2"}, {"error": {"type": "api_error"}})):
        reply = caller.call()
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert reply.json() == {"error": {"type": "api_error"}}
    assert reply.headers["content-type"] == "application/json"
    assert caller.asked() == 0
    exchange = caller.rig.exchanges(caller.trial)[-1]
    assert (exchange.status, exchange.upstream_status) == (503, None)
    assert caller.receipt().kind == "status"


def test_reset_at_request_never_reaches_the_provider(caller: Caller) -> None:
    with caller.under(Reset()), pytest.raises(caller.reset_errors):
        caller.call()
    assert caller.asked() == 0
    assert caller.receipt().kind == "reset"


def test_close_at_request_ends_without_an_answer(caller: Caller) -> None:
    with caller.under(Close()), pytest.raises(httpx.RemoteProtocolError):
        caller.call()
    assert caller.asked() == 0
    assert caller.receipt().kind == "close"


@pytest.mark.parametrize("path", ["/v1/charges", "/empty", "/chunks", "/big"])
@pytest.mark.parametrize("kind", [Reset("headers"), Close("headers")], ids=kind_name)
def test_a_cut_at_headers_gives_the_head_and_no_body(caller: Caller, kind: Kind, path: str) -> None:
    with (
        caller.under(kind),
        caller.client.stream("POST", caller.base + path, headers=marks(caller.trial)) as reply,
    ):
        assert reply.status_code == 200
        with pytest.raises(caller.reset_errors if isinstance(kind, Reset) else httpx.RemoteProtocolError):
            reply.read()
    assert caller.asked(path) == 1
    assert caller.receipt().kind == kind_name(kind)
    exchange = caller.rig.exchanges(caller.trial)[-1]
    assert (exchange.status, exchange.upstream_status) == (200, 200)
    assert "after the head" in exchange.error


def test_hang_answers_nothing_and_notes_when_the_caller_gave_up(caller: Caller) -> None:
    with caller.under(Hang(20)):
        with pytest.raises(httpx.ReadTimeout):
            caller.call(timeout=1.5)
        until(lambda: caller.rig.receipts(caller.trial))
    receipt = caller.receipt()
    assert caller.asked() == 0
    assert 0.2 < receipt.gave_up_s < 10
    assert receipt.detail == "the caller gave up"


def test_hang_ends_at_its_ceiling_without_an_answer(caller: Caller) -> None:
    with caller.under(Hang(0.2)), pytest.raises(httpx.RemoteProtocolError):
        caller.call()
    receipt = caller.receipt()
    assert (receipt.gave_up_s, receipt.detail) == (None, "the ceiling was reached")
    assert caller.asked() == 0


def test_body_empty_keeps_the_status(caller: Caller) -> None:
    with caller.under(Body("empty")):
        reply = caller.call()
    assert (reply.status_code, reply.content) == (200, b"")
    assert caller.asked() == 1
    assert caller.receipt().kind == "body"


def test_body_html_looks_like_a_page(caller: Caller) -> None:
    with caller.under(Body("html")):
        reply = caller.call()
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.text.startswith("<!DOCTYPE html>")
    assert (reply.status_code, caller.asked()) == (200, 1)


def test_truncate_with_the_right_length_is_a_short_reply(caller: Caller) -> None:
    with caller.under(Body(Truncate(50, "right"))):
        reply = caller.call()
    assert reply.content == BODY[: len(BODY) // 2]


@pytest.mark.parametrize("path", ["/v1/charges", "/chunks"])
def test_truncate_with_the_wrong_length_ends_early(caller: Caller, path: str) -> None:
    with caller.under(Body(Truncate(50))), pytest.raises(httpx.RemoteProtocolError):
        caller.call(path)
    assert caller.receipt().kind == "body"


@pytest.mark.parametrize("path", ["/nothing", "/empty"])
def test_a_body_that_is_not_there_leaves_no_receipt(caller: Caller, path: str) -> None:
    with caller.under(Body(Truncate(50))):
        reply = caller.call(path)
    assert reply.status_code in (200, 204)
    assert caller.rig.receipts(caller.trial) == []


@pytest.mark.parametrize("kind", [
    Latency(20), Status(503), Reset(), Close("headers"), Hang(20), Body("empty"),
], ids=kind_name)
def test_at_probability_zero_nothing_happens(caller: Caller, kind: Kind) -> None:
    with caller.under(kind, When(probability=0.0)):
        assert caller.call().content == BODY
    assert caller.rig.receipts(caller.trial) == []


@pytest.mark.parametrize("kind", [
    Latency(20), Status(503), Reset(), Close("headers"), Hang(20), Body("empty"),
], ids=kind_name)
def test_after_release_nothing_happens(caller: Caller, kind: Kind) -> None:
    with caller.under(kind):
        pass
    assert caller.call().content == BODY
    assert caller.rig.receipts(caller.trial) == []
    assert caller.rig.exchanges(caller.trial)[-1].status == 200
