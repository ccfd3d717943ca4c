"""One-off payments: charged exactly once for each key, given back once."""

from __future__ import annotations

from typing import Any

import pytest

PAYMENTS = ("payments-short-timeout", "payments-double-charge", "payments-trusts-200")


def error_code(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def pay(acme: Any, key: str = "k", amount: object = 500, **options: object) -> Any:
    body = {"amount": amount, "description": "a poster"}
    return acme.call("POST", "/v1/payments", json=body, headers={"Idempotency-Key": key}, **options)


def test_a_payment_is_a_charge_at_the_provider(acme: Any) -> None:
    reply = pay(acme)
    payment = reply.json()
    (charge,) = acme.charged_for(payment["id"])
    assert reply.status_code == 201
    assert payment == {"id": payment["id"], "state": "succeeded", "amount": 500, "currency": "EUR",
                       "description": "a poster", "charge": charge["id"]}
    assert (charge["amount"], charge["reference"]) == (500, payment["id"])
    assert acme.call("GET", reply.headers["location"]).json() == payment
    assert acme.call("GET", "/v1/payments").json() == {"items": [payment]}


def test_the_same_key_is_the_same_payment_and_another_key_another(acme: Any) -> None:
    first, again, other = pay(acme), pay(acme), pay(acme, "k2")
    assert (again.status_code, again.json()) == (201, first.json())
    assert other.json()["id"] != first.json()["id"]
    assert len(acme.payments.requests) == 2


def test_keys_of_two_users_are_two_keys(acme: Any, tokens: dict[str, str]) -> None:
    assert pay(acme).json()["id"] != pay(acme, token=tokens["billing"]).json()["id"]


def test_a_key_with_another_body_is_refused(acme: Any) -> None:
    pay(acme)
    assert error_code(pay(acme, amount=501)) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(("fault", "times"), [("lost reply", 1), ("503", 1), ("reset", 1), ("truncated JSON", 1)])
def test_one_fault_of_the_provider_is_one_charge_and_unseen(acme: Any, fault: str, times: int) -> None:
    acme.payments.suffer(fault, times=times)
    reply = pay(acme)
    assert (reply.status_code, len(acme.charged_for(reply.json()["id"]))) == (201, 1)


@pytest.mark.parametrize("fault", ["lost reply", "503", "reset", "hang", "HTML 200", "truncated JSON"])
def test_what_the_provider_did_not_confirm_is_pending_until_the_key_comes_again(acme: Any, fault: str) -> None:
    acme.payments.suffer(fault)
    first = pay(acme)
    assert (first.status_code, first.json()["state"], first.json()["charge"]) == (202, "pending", None)
    acme.payments.suffer("none")
    again = pay(acme)
    assert (again.status_code, again.json()["state"]) == (201, "succeeded")
    assert again.json()["id"] == first.json()["id"]
    assert len(acme.charged_for(first.json()["id"])) == 1


def test_a_key_in_use_is_a_conflict(acme: Any) -> None:
    acme.payments.suffer("+500 ms before")
    call = ("POST", "/v1/payments", {"json": {"amount": 1}, "headers": {"Idempotency-Key": "k"}})
    first, second = acme.at_once(call, (*call[:2], dict(call[2])))
    assert first.status_code == 201
    assert error_code(second) == (409, "in_progress")


def test_a_blind_retry_charges_twice(start: Any) -> None:
    acme = start("payments-double-charge")
    acme.payments.suffer("lost reply", times=1)
    payment = pay(acme).json()
    assert payment["state"] == "succeeded"
    assert len(acme.charged_for(payment["id"])) == 2


@pytest.mark.parametrize(("fault", "expected"), [("503", (502, "payments_unavailable")), ("hang", (504, "payments_timeout"))])
def test_a_weak_product_refuses_what_is_not_confirmed_and_forgets_it(start: Any, fault: str, expected: Any) -> None:
    acme = start(*PAYMENTS)
    acme.payments.suffer(fault)
    assert error_code(pay(acme)) == expected
    assert acme.call("GET", "/v1/payments").json() == {"items": []}


def test_a_crash_leaves_the_payment_pending(start: Any) -> None:
    acme = start("payments-trusts-200")
    acme.payments.suffer("HTML 200")
    assert pay(acme).status_code == 500
    assert [item["state"] for item in acme.call("GET", "/v1/payments").json()["items"]] == ["pending"]


@pytest.mark.parametrize("on", [(), PAYMENTS])
def test_a_refund_gives_back_the_charge_and_can_be_asked_for_again(start: Any, on: tuple[str, ...]) -> None:
    acme = start(*on)
    payment = pay(acme).json()
    for _ in range(2):
        reply = acme.call("POST", f"/v1/payments/{payment['id']}/refund")
        assert (reply.status_code, reply.json()["state"]) == (200, "refunded")
    assert [charge["refunded"] for charge in acme.charged_for(payment["id"])] == [True]


def test_what_was_charged_without_our_knowing_is_given_back_too(acme: Any) -> None:
    acme.payments.suffer("lost reply")
    payment = pay(acme).json()
    acme.payments.suffer("none")
    assert acme.call("POST", f"/v1/payments/{payment['id']}/refund").json()["state"] == "refunded"
    assert [charge["refunded"] for charge in acme.charged_for(payment["id"])] == [True]


@pytest.mark.parametrize(
    ("on", "fault", "status"), [((), "503", 202), ((), "hang", 202), (PAYMENTS, "503", 502), (PAYMENTS, "hang", 504)])
def test_a_refund_follows_the_rules_of_paying(start: Any, on: tuple[str, ...], fault: str, status: int) -> None:
    acme = start(*on)
    path = f"/v1/payments/{pay(acme).json()['id']}"
    acme.payments.suffer(fault)
    assert acme.call("POST", path + "/refund").status_code == status
    assert acme.call("GET", path).json()["state"] == ("refunding" if status == 202 else "succeeded")
    acme.payments.suffer("none")
    assert acme.call("POST", path + "/refund").json()["state"] == "refunded"


@pytest.mark.parametrize("card", ["expired", "missing"])
def test_without_a_valid_card_nothing_is_paid(acme: Any, tokens: dict[str, str], card: str) -> None:
    acme.call("PUT", "/test/accounts/acc_eu_pro", token=tokens["operator"], json={"card": card})
    assert error_code(pay(acme)) == (402, f"card_{card}")
    assert acme.payments.requests == []


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, "invalid_amount"), ({"amount": 0}, "invalid_amount"), ({"amount": True}, "invalid_amount"),
     ({"amount": 1.5}, "invalid_amount"), ({"amount": 1_000_001}, "invalid_amount"),
     ({"amount": 1, "description": 7}, "invalid_description"), ({"amount": 1, "currency": "USD"}, "invalid_currency")],
)
def test_a_payment_that_makes_no_sense_is_refused(acme: Any, body: dict[str, object], code: str) -> None:
    reply = acme.call("POST", "/v1/payments", json=body, headers={"Idempotency-Key": "k"})
    assert error_code(reply) == (422, code)


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "k" * 201}])
def test_a_payment_needs_a_key(acme: Any, headers: dict[str, str]) -> None:
    reply = acme.call("POST", "/v1/payments", json={"amount": 1}, headers=headers)
    assert error_code(reply) == (422, "missing_idempotency_key")


def test_a_payment_of_another_account_is_forbidden(acme: Any, tokens: dict[str, str]) -> None:
    path = f"/v1/payments/{pay(acme).json()['id']}"
    for method, suffix in (("GET", ""), ("POST", "/refund")):
        assert error_code(acme.call(method, path + suffix, token=tokens["admin_us"])) == (403, "forbidden")


def test_trace_headers_go_to_payments(acme: Any) -> None:
    acme.call("POST", "/v1/payments", json={"amount": 1}, headers={"Idempotency-Key": "k", "baggage": "trial=1"})
    assert acme.payments.requests[0].headers["baggage"] == "trial=1"
