"""The stand-ins, called without the product."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from flowprobe.demo.providers.payments import build_payments
from flowprobe.demo.providers.search import build_search

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
