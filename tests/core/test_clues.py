"""Which customer a call is for, wherever the provider puts it."""

from __future__ import annotations

from hashlib import sha256

import pytest

from flowprobe.core.clues import Customer, ExclusiveWindow, digest, seen_customers, wanted_customers

VALUE = "acct_1032D82eZvKYlo2C"


@pytest.mark.parametrize(("clue", "headers", "path", "host"), [
    (Customer("header", "f", "Stripe-Account"), {"stripe-account": VALUE}, "/v1/charges", "api.example"),
    (Customer("header", "f", "Authorization"), {"authorization": f"Bearer {VALUE}"}, "/", "api.example"),
    (Customer("header", "f", "Authorization"), {"authorization": VALUE}, "/", "api.example"),
    (Customer("query", "f", "account"), {}, f"/v1/charges?a=1&account={VALUE}", "api.example"),
    (Customer("path", "f"), {}, f"/2010-04-01/Accounts/{VALUE}/Messages.json?x=1", "api.example"),
    (Customer("host", "f"), {}, "/", f"{VALUE.lower()}.shops.example"),
])
def test_a_customer_is_seen_where_the_environment_says(clue: Customer, headers: dict[str, str], path: str,
                                                       host: str) -> None:
    wanted = VALUE.lower() if clue.place == "host" else VALUE
    seen = seen_customers([clue, ExclusiveWindow(1.0)], header=lambda name: headers.get(name, ""), path=path, host=host)
    assert digest(wanted) in seen
    assert digest("acct_another") not in seen


def test_without_the_header_nobody_is_seen() -> None:
    clue = Customer("header", "f", "Stripe-Account")
    assert seen_customers([clue], header=lambda _: "", path="/", host="h") == frozenset()


def test_a_trial_acts_as_the_customers_that_its_personas_name() -> None:
    clues = [Customer("header", "stripe", "Stripe-Account"), Customer("path", "sid"), ExclusiveWindow(1.0)]
    personas = [{"stripe": VALUE, "sid": 42, "plan": "pro"}, {"stripe": ""}, {"stripe": ["a"]}]
    assert wanted_customers(clues, personas) == {digest(VALUE), digest("42")}


def test_a_secret_may_be_named_by_its_digest() -> None:
    assert digest(f"sha256:{sha256(b'sk_live_1').hexdigest().upper()}") == digest("sk_live_1")
