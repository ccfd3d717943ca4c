"""Against the vectors that AWS publishes: the Signature Version 4 test suite (`get-vanilla` and others)."""

import datetime
import sys
from typing import Any

import pytest

from flowprobe.auth.sigv4 import Keys, sigv4_signer
from flowprobe.core.auth import SigV4
from flowprobe.errors import InvalidInput
from tests.auth.calls import REFERENCE, a_call
from tests.scenes import HERE

KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AUTH = SigV4(REFERENCE, REFERENCE, "us-east-1", "service")
SCOPE = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"


@pytest.fixture(autouse=True)
def _then(monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth

    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: datetime.datetime(2015, 8, 30, 12, 36, 0))  # noqa: DTZ001


@pytest.mark.parametrize(("name", "call", "signed", "signature"), [
    ("get-vanilla", a_call("GET", "https://example.amazonaws.com/"), "host;x-amz-date",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("get-vanilla-query-order-key-case", a_call("GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1"), "host;x-amz-date",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    ("get-vanilla-empty-query-key", a_call("GET", "https://example.amazonaws.com/?Param1=value1"), "host;x-amz-date",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
    ("post-vanilla", a_call("POST", "https://example.amazonaws.com/"), "host;x-amz-date",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    ("post-x-www-form-urlencoded",
     a_call("POST", "https://example.amazonaws.com/", body=b"Param1=value1", media_type="application/x-www-form-urlencoded"),
     "content-type;host;x-amz-date", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
])
def test_the_published_signatures_come_out(name: str, call: Any, signed: str, signature: str) -> None:
    headers = sigv4_signer(AUTH, KEYS).sign(call).credentials
    assert headers["Authorization"] == f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders={signed}, Signature={signature}", name
    assert headers["X-Amz-Date"] == "20150830T123600Z"


def test_a_trace_context_is_not_signed_and_a_session_token_is() -> None:
    keys = Keys("AKIDEXAMPLE", "secret", "session-token-1")
    headers = sigv4_signer(AUTH, keys).sign(a_call(headers={"traceparent": "00-1", "baggage": "a=b"})).credentials
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token," in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "session-token-1"


def test_s3_signs_the_digest_of_the_body_too() -> None:
    headers = sigv4_signer(SigV4(REFERENCE, REFERENCE, "us-east-1", "s3"), KEYS).sign(a_call("PUT", body=b"x")).credentials
    assert "x-amz-content-sha256" in headers["Authorization"]


def test_without_botocore_the_way_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with pytest.raises(InvalidInput, match=r"pip install 'flowprobe\[aws\]'") as raised:
        sigv4_signer(AUTH, KEYS)
    assert raised.value.problems[0].place == str(HERE)


def test_keys_are_in_no_repr() -> None:
    assert "wJal" not in repr(KEYS)
