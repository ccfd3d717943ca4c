"""Odd accounts: what a test may ask for, and each weakness that needs one, as the table of docs/reference/demo.md says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from flowprobe.demo.weaknesses import WEAKNESSES

REFERENCE = (Path(__file__).parents[2] / "docs/reference/demo.md").read_text("utf-8")
ODD = tuple(w.name for w in WEAKNESSES if not w.name.startswith(("payments-", "search-", "scanner-")))
MONTH = "2027-01"


def rows() -> list[list[str]]:
    section = REFERENCE.partition("### An odd account, while a provider misbehaves\n")[2]
    lines = re.findall(r"^\|.*\|$", section, re.MULTILINE)[2:]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines]


ROWS = [pytest.param(*row, id=f"{row[0]} {row[1]}") for row in rows()]
FAULTED = [pytest.param(*row[:5], id=f"{row[0]} {row[1]}") for row in rows() if row[2] != "none"]


def put(acme: Any, token: str, state: dict[str, object]) -> httpx.Response:
    reply: httpx.Response = acme.call("PUT", "/test/accounts/acc_eu_pro", token=token, json=state)
    return reply


def suffer(acme: Any, fault: str) -> None:
    """A fault is `provider: what`, and perhaps how often."""
    if fault != "none":
        provider, _, rest = fault.partition(": ")
        what, _, times = rest.partition(" × ")
        known = httpx.Response(int(what)) if what.isdecimal() else what
        getattr(acme, provider).suffer(known, times=int(times or 1000))


def renew(acme: Any) -> httpx.Response:
    reply: httpx.Response = acme.call("POST", "/v1/renewals", json={"month": MONTH, "reference": "r"})
    return reply


def charges(acme: Any) -> int:
    return sum(charge["amount"] > 0 for charge in acme.charged_to("acc_eu_pro"))


def invite(acme: Any) -> str:
    timed, count = acme.invite(), len(acme.charged())
    return f"{timed.reply.status_code}, {count} {'charge' if count == 1 else 'charges'}"


def renewal(acme: Any) -> str:
    reply = renew(acme)
    if reply.status_code == 500:
        return f"500, and {'a' if charges(acme) else 'no'} charge"
    return f"{reply.status_code} {reply.json()['state']}"


def total(acme: Any) -> str:
    body = renew(acme).json()
    return f"{body['total']} {body['currency']}"


def retry(acme: Any) -> str:
    return str(renew(acme).json()["retry_on"])


def settled(acme: Any) -> str:
    reply = acme.call("POST", f"/v1/renewals/{renew(acme).json()['id']}/settle")
    return f"{reply.status_code}, {reply.json()['amount']}"


def subject(acme: Any) -> str:
    return f"{len(renew(acme).json()['receipt']['subject'])} characters"


def search(acme: Any) -> str:
    timed = acme.find()
    if timed.reply.status_code == 500:
        return f"500 with{'' if 'Traceback' in timed.reply.text else 'out'} a stack trace"
    return f"{timed.reply.status_code} {timed.reply.json()['source']}, {round(timed.seconds * 1000)} ms"


def term(acme: Any) -> str:
    reply = acme.call("GET", "/v1/accounts/acc_eu_pro")
    return f"{reply.status_code}, ends {reply.json()['term_ends']}" if reply.status_code == 200 else "500"


LOOKS: dict[str, Callable[[Any], str]] = {
    look.__name__: look for look in (invite, renewal, total, retry, settled, subject, search, term)}


@pytest.fixture
def seen(start: Any, tokens: dict[str, str]) -> Callable[..., str]:
    """What a look sees of a product with these switches, once the account is in that state and the fault is on."""
    def seen(look: str, *switches: str, account: str = "{}", fault: str = "none") -> str:
        acme = start(*switches, providers=True)
        assert put(acme, tokens["operator"], json.loads(account)).status_code == 200
        suffer(acme, fault)
        return LOOKS[look](acme)

    return seen


@pytest.mark.parametrize(("switch", "account", "fault", "look", "weak", "healthy"), ROWS)
def test_an_odd_account_comes_out_as_the_reference_says(
    seen: Any, switch: str, account: str, fault: str, look: str, weak: str, healthy: str
) -> None:
    assert weak != healthy
    assert seen(look, switch, account=account, fault=fault) == weak
    assert seen(look, account=account, fault=fault) == healthy
    others = [name for name in ODD if name != switch]
    assert seen(look, *others, account=account, fault=fault) in (healthy, *same_fault(account, fault, look))


def same_fault(account: str, fault: str, look: str) -> list[str]:
    """Two weaknesses may need the same account: what another one makes of it is in its own row."""
    return [row[4] for row in rows() if row[3] == look and json.loads(row[1]).items() <= json.loads(account).items()
            and row[2] in (fault, "none")]


@pytest.mark.parametrize(("switch", "fault", "look"), [(row[0], row[2], row[3]) for row in rows()])
def test_in_an_ordinary_account_the_switch_changes_nothing(seen: Any, switch: str, fault: str, look: str) -> None:
    assert seen(look, switch, fault=fault) == seen(look, fault=fault)


@pytest.mark.parametrize(("switch", "account", "fault", "look", "weak"), FAULTED)
def test_without_the_fault_the_switch_changes_nothing(
    seen: Any, switch: str, account: str, fault: str, look: str, weak: str
) -> None:
    assert fault != "none"
    assert seen(look, switch, account=account) == seen(look, account=account) != weak


def test_every_switch_that_needs_an_odd_account_has_a_row() -> None:
    assert {row[0] for row in rows()} == set(ODD)


@pytest.mark.parametrize(("state", "code"), [
    ({"status": "gone"}, "invalid_status"),
    ({"currency": "USD"}, "invalid_currency"),
    ({"credit": -1}, "invalid_credit"),
    ({"credit": True}, "invalid_credit"),
    ({"coupon": "FREE"}, "invalid_coupon"),
    ({"billing_day": 0}, "invalid_billing_day"),
    ({"billing_day": 32}, "invalid_billing_day"),
    ({"opened_on": "2025-02-29"}, "invalid_opened_on"),
    ({"opened_on": "1999-12-31"}, "invalid_opened_on"),
    ({"opened_on": None}, "invalid_opened_on"),
    ({"contact": "office"}, "invalid_contact"),
    ({"contact": None}, "invalid_contact"),
    ({"phone": "911"}, "invalid_phone"),
    ({"receipts": 1}, "invalid_receipts"),
    ({"documents": 100_001}, "invalid_documents"),
    ({"status": "suspended", "credit": 1}, "impossible_state"),
    ({"status": "trial", "coupon": "TEN"}, "impossible_state"),
])
def test_terms_that_cannot_be_are_refused_whole(
    acme: Any, tokens: dict[str, str], state: dict[str, object], code: str
) -> None:
    reply = put(acme, tokens["operator"], {"seats": 9, **state})
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, code)
    assert acme.bill()["seats"] == 3


def test_a_refusal_of_a_state_says_why(acme: Any, tokens: dict[str, str]) -> None:
    reply = put(acme, tokens["operator"], {"status": "suspended", "credit": 1})
    assert "who owes money, and credit is above 0" in reply.json()["error"]["message"]


def test_terms_that_are_left_out_are_those_of_an_ordinary_account(acme: Any, tokens: dict[str, str]) -> None:
    ordinary = acme.call("GET", "/v1/accounts/acc_eu_pro").json()
    odd = {"seats": 3, "status": "trial", "currency": "JPY", "credit": 1, "billing_day": 31, "phone": None,
           "opened_on": "2024-02-29", "contact": "a@b", "receipts": False, "documents": 100_000}
    now = put(acme, tokens["operator"], odd).json()
    assert now == {name: value for name, value in {**ordinary, **odd}.items() if name != "term_ends"}
    assert acme.call("GET", "/v1/accounts/acc_eu_pro").json()["term_ends"] == "2025-02-28"
    put(acme, tokens["operator"], {})
    assert acme.call("GET", "/v1/accounts/acc_eu_pro").json() == ordinary


def test_a_suspended_account_may_look_and_not_invite(acme: Any, tokens: dict[str, str]) -> None:
    put(acme, tokens["operator"], {"status": "suspended"})
    reply = acme.invite().reply
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "account_suspended")
    assert acme.find().reply.status_code == 200


def test_a_coupon_is_for_one_seat(acme: Any, tokens: dict[str, str]) -> None:
    put(acme, tokens["operator"], {"coupon": "TEN"})
    acme.invite("first@example.test")
    acme.invite("second@example.test")
    assert [charge["amount"] for charge in acme.bill()["charges"]] == [1080, 1200]


@pytest.mark.parametrize("state", [{"seats": 0}, {"seats": 0, "card": "expired"}, {"credit": 3600}])
def test_a_renewal_that_costs_nothing_is_paid_without_payments(
    acme: Any, tokens: dict[str, str], state: dict[str, object]
) -> None:
    put(acme, tokens["operator"], state)
    assert (renew(acme).status_code, acme.payments.requests) == (201, [])


def test_a_missing_card_is_declined_without_payments(acme: Any, tokens: dict[str, str]) -> None:
    put(acme, tokens["operator"], {"card": "missing"})
    reply = renew(acme)
    assert (reply.status_code, reply.json()["state"], acme.payments.requests) == (402, "declined", [])


@pytest.mark.parametrize("fault", ["503", "reset", "lost reply", "hang", "HTML 200", "truncated JSON"])
def test_a_renewal_that_is_not_confirmed_is_settled_once(acme: Any, fault: str) -> None:
    acme.payments.suffer(fault, times=1)
    first = renew(acme)
    again = acme.call("POST", f"/v1/renewals/{first.json()['id']}/settle")
    assert (first.status_code, again.status_code, again.json()["state"]) == (202, 200, "paid")
    assert len(acme.charged_to("acc_eu_pro")) == 1


def test_a_renewal_waits_for_payments_for_600_ms(acme: Any) -> None:
    acme.payments.suffer("hang")
    timed = acme.timed("POST", "/v1/renewals", json={"month": MONTH})
    assert (timed.reply.status_code, round(timed.seconds, 2)) == (202, 0.6)


@pytest.mark.parametrize("fault", ["none", "lost reply", "truncated JSON"])
def test_taking_a_renewal_back_refunds_what_may_have_been_charged(acme: Any, fault: str) -> None:
    acme.payments.suffer(fault, times=1)
    renewal_id = renew(acme).json()["id"]
    assert acme.call("DELETE", f"/v1/renewals/{renewal_id}").status_code == 204
    assert [charge["refunded"] for charge in acme.charged_to("acc_eu_pro")] == [True]
    assert acme.call("GET", f"/v1/renewals/{renewal_id}").status_code == 404


@pytest.mark.parametrize(("fault", "state", "mails"), [
    ("none", "sent", 1), ("lost reply × 1", "sent", 1), ("503 × 1", "sent", 1), ("503", "queued", 0),
    ("lost reply", "queued", 1)])
def test_a_notice_is_mailed_once_or_waits(start: Any, fault: str, state: str, mails: int) -> None:
    acme = start(providers=True)
    suffer(acme, f"mail: {fault}")
    assert renew(acme).json()["receipt"]["state"] == state
    assert len(acme.mailed()) == mails


def test_an_account_that_wants_no_receipts_gets_none(start: Any, tokens: dict[str, str]) -> None:
    acme = start(providers=True)
    put(acme, tokens["operator"], {"receipts": False})
    assert (renew(acme).json()["receipt"], acme.mail.requests) == (None, [])


@pytest.mark.parametrize("month", [None, "", "2027-13", "2027-1", "1999-12", 202701])
def test_a_renewal_is_for_a_month(acme: Any, month: object) -> None:
    reply = acme.call("POST", "/v1/renewals", json={"month": month})
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "invalid_month")


def test_the_same_key_renews_once(acme: Any) -> None:
    first, second = (acme.call("POST", "/v1/renewals", json={"month": MONTH}, headers={"Idempotency-Key": "k"}).json()
                     for _ in range(2))
    assert first == second
    assert len(acme.charged_to("acc_eu_pro")) == 1


@pytest.mark.parametrize(("wait", "calls"), [("2", 1), ("Wed, 21 Oct 2099 07:28:00 GMT", 1), ("0", 2)])
def test_who_asks_to_wait_is_not_called_again_at_once(start: Any, wait: str, calls: int) -> None:
    acme = start(providers=True)
    busy = httpx.Response(429, headers={"Retry-After": wait})
    for provider in (acme.payments, acme.mail, acme.scanner):
        provider.suffer(busy)
    assert acme.invite().reply.status_code == 202
    acme.upload()
    assert (len(acme.payments.requests), len(acme.scanner.requests)) == (calls, calls)
    acme.mail.requests.clear()
    assert renew(acme).json()["receipt"]["state"] == "queued"
    assert len(acme.mail.requests) == calls
