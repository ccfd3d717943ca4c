"""The stand-ins, called without the product."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from flowprobe.demo.providers.mail import build_mail
from flowprobe.demo.providers.payments import build_payments
from flowprobe.demo.providers.scanner import EICAR, build_scanner
from flowprobe.demo.providers.search import build_search
from flowprobe.demo.signatures import SIGNATURE, is_signed

Call = Callable[..., httpx.Response]
SEAT = {"amount": 1200, "currency": "EUR", "reference": "inv_1", "metadata": {"invitee": "a@b.test"}}


def caller(runner: asyncio.Runner, provider: Starlette) -> Call:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(provider), base_url="http://provider")
    return lambda *arguments, **options: runner.run(client.request(*arguments, **options))


@pytest.fixture
def payments(runner: asyncio.Runner) -> Call:
    return caller(runner, build_payments())


@pytest.fixture
def search(runner: asyncio.Runner) -> Call:
    return caller(runner, build_search())


def listed(payments: Call, **query: str) -> list[Any]:
    return list(payments("GET", "/v1/charges", params=query).json()["data"])


def test_a_charge_is_in_the_books(payments: Call) -> None:
    reply = payments("POST", "/v1/charges", json=SEAT)
    assert (reply.status_code, reply.json()["status"]) == (201, "succeeded")
    assert listed(payments, reference="inv_1") == [reply.json()]
    assert listed(payments, invitee="a@b.test") == [reply.json()]
    assert listed(payments, reference="inv_2") == []


def test_the_same_key_is_one_charge(payments: Call) -> None:
    first, again = (
        payments("POST", "/v1/charges", json=SEAT, headers={"Idempotency-Key": "k"}) for _ in range(2)
    )
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len(listed(payments)) == 1


def test_without_a_key_every_request_is_a_charge(payments: Call) -> None:
    for _ in range(2):
        payments("POST", "/v1/charges", json=SEAT)
    assert len(listed(payments, reference="inv_1")) == 2


def test_a_key_with_other_parameters_is_refused(payments: Call) -> None:
    payments("POST", "/v1/charges", json=SEAT, headers={"Idempotency-Key": "k"})
    reply = payments("POST", "/v1/charges", json={**SEAT, "amount": 1}, headers={"Idempotency-Key": "k"})
    assert (reply.status_code, reply.json()["error"]["type"]) == (409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"", 400), (b"[]", 400), (b"{}", 422), (b'{"amount": 0, "currency": "EUR", "reference": "r"}', 422)],
)
def test_what_is_no_charge_is_refused(payments: Call, content: bytes, status: int) -> None:
    assert payments("POST", "/v1/charges", content=content).status_code == status
    assert listed(payments) == []


def test_a_refused_request_leaves_its_key_free(payments: Call) -> None:
    key = {"Idempotency-Key": "k"}
    assert payments("POST", "/v1/charges", json={}, headers=key).status_code == 422
    assert payments("POST", "/v1/charges", json=SEAT, headers=key).status_code == 201


def test_a_refund_gives_back_what_is_left_of_a_reference(payments: Call) -> None:
    for _ in range(2):
        payments("POST", "/v1/charges", json=SEAT)
    refunds = [
        payments("POST", "/v1/refunds", json={"reference": "inv_1"}).json()["amount"] for _ in range(2)
    ]
    assert refunds == [2400, 0]
    assert all(charge["refunded"] for charge in listed(payments))


def test_replies_of_payments_have_an_id_of_their_own(payments: Call) -> None:
    first, second = (payments("GET", "/health").headers["request-id"] for _ in range(2))
    assert first != second


def test_the_index_finds_documents(search: Call) -> None:
    found = search("GET", "/indexes/teams/search", params={"q": "invoice 2026-07"}).json()
    assert [hit["id"] for hit in found["hits"]] == ["doc_07"]
    assert found["estimatedTotalHits"] == 1


def test_another_index_does_not_exist(search: Call) -> None:
    assert search("GET", "/indexes/cats/search", params={"q": "x"}).status_code == 404


def test_the_index_is_healthy(search: Call) -> None:
    assert search("GET", "/health").json() == {"status": "available"}


MAIL = {"to": "a@b.test", "subject": "Hello", "text": "There is a seat."}


@pytest.fixture
def mail(runner: asyncio.Runner) -> Call:
    return caller(runner, build_mail())


def test_a_mail_is_in_the_outbox(mail: Call) -> None:
    reply = mail("POST", "/send", json=MAIL)
    mail("POST", "/send", json={**MAIL, "to": "c@d.test"})
    assert (reply.status_code, reply.json()["status"]) == (202, "accepted")
    assert mail("GET", "/messages", params={"to": "a@b.test"}).json() == {"items": [{"id": reply.json()["id"], **MAIL}]}
    assert len(mail("GET", "/messages").json()["items"]) == 2


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"to": "nobody", "subject": "s", "text": "t"}'])
def test_what_is_no_mail_is_refused(mail: Call, content: bytes) -> None:
    assert mail("POST", "/send", content=content).status_code == 422
    assert mail("GET", "/messages").json() == {"items": []}


class Receiver(httpx.AsyncBaseTransport):
    """Who is called back: answers with the next of its statuses, and breaks where there is none."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if not self.statuses:
            raise httpx.ConnectError("refused")
        return httpx.Response(self.statuses.pop(0))


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def scanner(runner: asyncio.Runner, receiver: Receiver) -> Call:
    return caller(runner, build_scanner("secret", transport=receiver))


def scan(content: bytes = b"hello") -> dict[str, str]:
    return {"file": "file_1", "callback": "http://acme/", "content": base64.b64encode(content).decode()}


@pytest.mark.parametrize(("content", "verdict"), [(b"hello", "clean"), (b"", "clean"), (EICAR + b"\n", "infected")])
def test_a_scan_is_taken_at_once_and_told_by_a_signed_webhook(
    runner: asyncio.Runner, scanner: Call, receiver: Receiver, content: bytes, verdict: str
) -> None:
    receiver.statuses = [204]
    assert scanner("POST", "/scan", json=scan(content)).status_code == 202
    assert scanner("GET", "/scans/file_1").json() == {"file": "file_1", "verdict": None}
    runner.run(asyncio.sleep(1))
    (webhook,) = receiver.requests
    assert str(webhook.url) == "http://acme/hooks/scan"
    assert json.loads(webhook.content) == {"file": "file_1", "verdict": verdict}
    assert is_signed("secret", webhook.content, webhook.headers[SIGNATURE], time.time())
    assert scanner("GET", "/scans/file_1").json()["verdict"] == verdict


def test_a_webhook_bears_the_trace_headers_of_its_order(runner: asyncio.Runner, scanner: Call, receiver: Receiver) -> None:
    receiver.statuses = [503, 204]
    scanner("POST", "/scan", json=scan(), headers={"traceparent": "00-1-2-01", "baggage": "a=1", "x-other": "no"})
    runner.run(asyncio.sleep(1))
    assert [(webhook.headers["traceparent"], webhook.headers["baggage"], "x-other" in webhook.headers)
            for webhook in receiver.requests] == [("00-1-2-01", "a=1", False)] * 2


@pytest.mark.parametrize(
    ("statuses", "webhooks"), [([204], 1), ([400], 1), ([503, 500, 204], 3), ([502, 200], 2), ([], 6), ([503] * 9, 6)])
def test_a_webhook_is_sent_until_it_is_taken_or_refused(
    runner: asyncio.Runner, scanner: Call, receiver: Receiver, statuses: list[int], webhooks: int
) -> None:
    receiver.statuses = statuses
    scanner("POST", "/scan", json=scan())
    runner.run(asyncio.sleep(10))
    assert len(receiver.requests) == webhooks


def test_every_order_is_a_scan_and_a_webhook(runner: asyncio.Runner, scanner: Call, receiver: Receiver) -> None:
    receiver.statuses = [204, 204]
    for _ in range(2):
        scanner("POST", "/scan", json=scan())
    runner.run(asyncio.sleep(1))
    assert len(receiver.requests) == 2


@pytest.mark.parametrize(
    "body", [None, [], {}, {"file": "f", "callback": "acme", "content": ""}, {**scan(), "content": "no base64"}])
def test_what_is_no_scan_is_refused(scanner: Call, body: object) -> None:
    assert scanner("POST", "/scan", json=body).status_code == 422


def test_a_file_that_was_never_scanned_is_not_found(scanner: Call) -> None:
    assert scanner("GET", "/scans/file_2").status_code == 404


def test_mail_and_scanner_are_healthy(mail: Call, scanner: Call) -> None:
    assert mail("GET", "/health").json() == scanner("GET", "/health").json() == {"status": "ok"}


def test_charges_can_be_found_by_payment(payments: Call) -> None:
    payments("POST", "/v1/charges", json={**SEAT, "metadata": {"payment": "pay_1"}})
    assert len(listed(payments, payment="pay_1")) == 1
    assert listed(payments, payment="pay_2") == listed(payments, payment="pay_1", reference="x") == []
