"""Which calls a `match` means, and what of it a call does not fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.faults.asked import Asked
from flowprobe.core.faults.fault import Match
from flowprobe.core.faults.matching import Seen, compiled, text_fits

JSON_TYPE = (b"Content-Type", b"application/json")
FORM_TYPE = (b"Content-Type", b"application/x-www-form-urlencoded")


def seen(path: str = "/v1/charges", *, method: str = "POST", step: str = "pay",
         headers: tuple[tuple[bytes, bytes], ...] = (), body: bytes | None = b"") -> Seen:
    return Seen("payments", method, path, step, Asked(path, headers, body))


def unfit(match: Match, call: Seen) -> str:
    return compiled(match)(call)


CHARGE = seen("/v1/charges?limit=150&expand=a&expand=b", headers=(JSON_TYPE, (b"X-Plan", b"pro")),
              body=b'{"amount": 1500, "currency": "eur", "items": [{"sku": "a"}, {"sku": "b"}]}')
PAID = seen(headers=(FORM_TYPE,), body=b"amount=1500&currency=eur&metadata%5Bplan%5D=pro")


@pytest.mark.parametrize(("match", "call", "expected"), [
    (Match(), CHARGE, ""),
    (Match(method=("GET", "PUT")), CHARGE, "method"),
    (Match(method=("GET", "POST")), CHARGE, ""),
    (Match(path="/v1/refunds"), CHARGE, "path"),
    (Match(path="/v1/*"), CHARGE, ""),
    (Match(step=("bill", "pay")), CHARGE, ""),
    (Match(step=("bill",)), CHARGE, "step"),
    (Match(step=("pay",)), seen(step=""), "step-unknown"),
    (Match(query={"limit": "150"}), CHARGE, ""),
    (Match(query={"limit": {"$gt": 100}}), CHARGE, ""),
    (Match(query={"limit": {"$gt": 200}}), CHARGE, "query"),
    (Match(query={"expand": "b"}), CHARGE, ""),
    (Match(query={"expand": "c"}), CHARGE, "query"),
    (Match(query={"cursor": {"$absent": True}}), CHARGE, ""),
    (Match(query={"limit": {"$absent": True}}), CHARGE, "query"),
    (Match(headers={"x-PLAN": {"$in": ["pro", "team"]}}), CHARGE, ""),
    (Match(headers={"X-Plan": "free"}), CHARGE, "headers"),
    (Match(headers={"X-Other": {"$absent": False}}), CHARGE, "headers"),
    (Match(has_json=True, json={"amount": {"$gt": 1000}, "currency": "eur"}), CHARGE, ""),
    (Match(has_json=True, json={"$.items[*].sku": {"$contains": "b"}}), CHARGE, ""),
    (Match(has_json=True, json={"$.items[0].sku": {"$matches": "^b"}}), CHARGE, "json"),
    (Match(has_json=True, json={"coupon": {"$absent": True}}), CHARGE, ""),
    (Match(has_json=True, json={"amount": "1500"}), CHARGE, "json"),
    (Match(has_json=True, json={"coupon": {"$absent": True}}), seen(body=b""), "json"),
    (Match(has_json=True, json=None), seen(body=b"null"), ""),
    (Match(form={"amount": {"$gt": 1000}, "metadata[plan]": "pro"}), PAID, ""),
    (Match(form={"amount": {"$lt": 1000}}), PAID, "form"),
    (Match(form={"amount": {"$absent": True}}), CHARGE, "form"),
    (Match(text={"$contains": "currency"}), PAID, ""),
    (Match(text="amount"), PAID, "text"),
    (Match(text={"$contains": "x"}), seen(body=None), "body-unread"),
    (Match(form={"a": "b"}), seen(headers=((b"content-encoding", b"br"),)), "body-unread"),
    (Match(has_json=True, json={}, method=("GET",)), seen(body=None), "method"),
])
def test_the_first_part_that_a_call_does_not_fit_is_named(match: Match, call: Seen, expected: str) -> None:
    assert unfit(match, call) == expected


class Sealed(Asked):
    """A request at which nobody may look."""

    @property
    def query(self) -> Any:
        raise AssertionError("looked at the query")

    headers = form = json = text = has_body = query


def test_nothing_is_read_that_nobody_asks_for() -> None:
    call = Seen("payments", "POST", "/v1/charges", "pay", Sealed())
    dear = Match(("GET",), query={"a": "b"}, headers={"a": "b"}, has_json=True, text="x")
    assert unfit(dear, call) == "method"
    assert unfit(Match(("POST",), "/v1/**", step=("pay",)), call) == ""
    with pytest.raises(AssertionError, match="looked"):
        unfit(Match(query={"a": "b"}), call)


@pytest.mark.parametrize(("shape", "value", "holds"), [
    ({"$gt": 3}, "4", True), ({"$gt": 3}, "2", False), ({"$gt": 3}, "four", False), ({"$type": "number"}, "4.5", True),
    ({"$type": "string"}, "4", True), ({"$matches": "^4", "$gt": 3}, "4", True), ({"$equals": 4}, "4", True),
    ({"$equals": "4"}, "4", True), ("4", "4", True), ("4", "4.0", False), ({"$gt": 3}, "04", False),
    ({"$length": 2}, "44", True),
])
def test_a_text_that_reads_as_a_number_is_held_against_matchers_as_both(shape: Any, value: str, holds: bool) -> None:
    assert text_fits(shape, [value]) is holds


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(), st.lists(st.text(), max_size=3))
def test_a_literal_fits_what_is_the_same(text: str, values: list[str]) -> None:
    assert text_fits(text, values) is (text in values)
