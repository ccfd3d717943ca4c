import hashlib
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.auth.hmac_scheme import hmac_signer
from flowprobe.core.auth import SIGNED_PARTS, Hmac
from tests.auth.calls import REFERENCE, a_call


def signed(call: Any, **scheme: Any) -> dict[str, str]:
    scheme = {"sign": ("body",), "headers": {"X-S": "{signature}"}, **scheme}
    return dict(hmac_signer(Hmac(REFERENCE, **scheme), "It's a Secret to Everybody", clock=lambda: 1760000000.9).sign(call).credentials)


def test_githubs_published_example_comes_out() -> None:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"""
    headers = signed(a_call("POST", body=b"Hello, World!"), headers={"X-Hub-Signature-256": "sha256={signature}"})
    assert headers == {"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}


def test_every_part_stands_in_its_order() -> None:
    call = a_call("POST", "http://ACME.test:8080/a/é?b=1&a=", body=b"{}", media_type="application/json", headers={"X-One": " 1 "})
    sign = (*SIGNED_PARTS, "header:x-one", "header:Content-Type", "header:absent")
    message = "\n".join(("1760000000", "POST", "acme.test:8080", "/a/%C3%A9", "b=1&a=", "{}", hashlib.sha512(b"{}").hexdigest(), "key_1", "1",
                         "application/json", ""))
    expected = hmac.new(b"It's a Secret to Everybody", message.encode(), "sha512").hexdigest()
    assert signed(call, sign=sign, id="key_1", algorithm="sha512")["X-S"] == expected


def test_a_timestamped_scheme_in_one_header() -> None:
    """As Stripe signs its webhooks."""
    headers = signed(a_call("POST", body=b'{"a":1}'), sign=("timestamp", "body"), join=".", headers={"Stripe-Signature": "t={timestamp},v1={signature}"})
    expected = hmac.new(b"It's a Secret to Everybody", b'1760000000.{"a":1}', "sha256").hexdigest()
    assert headers == {"Stripe-Signature": f"t=1760000000,v1={expected}"}


def test_base64_is_said_for_digests_too() -> None:
    headers = signed(a_call(body=b""), encoding="base64", headers={"Digest": "SHA-256={body_digest}", "S": "{signature}"})
    assert headers["Digest"] == "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert len(headers["S"]) == 44


def test_an_id_that_looks_like_a_place_is_not_filled_again() -> None:
    assert signed(a_call(), id="{timestamp}", headers={"X-S": "{id} {signature}"})["X-S"].startswith("{timestamp} ")


@pytest.mark.parametrize("change", [
    {"method": "PUT"}, {"url": "http://acme.test/v1/seat"}, {"url": "http://acme.test/v1/seats?a=1"}, {"body": b"x"},
    {"headers": {"x-one": "2"}},
])
def test_whatever_is_signed_changes_the_signature(change: dict[str, Any]) -> None:
    sign = ("method", "path", "query", "body", "header:x-one")
    assert signed(a_call(**change), sign=sign)["X-S"] != signed(a_call(), sign=sign)["X-S"]


@given(st.binary(max_size=50))
def test_any_body_can_be_signed(body: bytes) -> None:
    assert signed(a_call(body=body))["X-S"] == hmac.new(b"It's a Secret to Everybody", body, "sha256").hexdigest()
