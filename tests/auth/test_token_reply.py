import json
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.auth.signer import SignInFailed
from flowprobe.auth.token_reply import read_reply, token_form


def a_body(**more: Any) -> bytes:
    return json.dumps({"access_token": "tok-1234", "token_type": "Bearer", **more}).encode()


def test_a_form_holds_what_is_said_and_no_more() -> None:
    form = token_form("password", {"username": "zoë", "password": "a&b=c", "scope": "", "client_id": "ci", "audience": "https://x"})
    assert parse_qs(form.decode()) == {"grant_type": ["password"], "username": ["zoë"], "password": ["a&b=c"], "client_id": ["ci"],
                                       "audience": ["https://x"]}


@pytest.mark.parametrize(("body", "lifetime", "refresh"), [
    (a_body(expires_in=3600), 3600.0, ""), (a_body(expires_in="60"), 60.0, ""), (a_body(), None, ""),
    (a_body(refresh_token="ref-1234"), None, "ref-1234"),
    (b"access_token=tok-1234&expires_in=5", 5.0, ""), (a_body(scope="less than was asked for"), None, ""),
])
def test_a_token_is_read(body: bytes, lifetime: float | None, refresh: str) -> None:
    granted = read_reply(200, body)
    assert (granted.token, granted.lifetime_s, granted.refresh_token) == ("tok-1234", lifetime, refresh)
    assert "1234" not in repr(granted)


@pytest.mark.parametrize(("status", "body", "said"), [
    (401, b'{"error": "invalid_client", "error_description": "no such client hunter2"}', r"it answered 401 \(invalid_client\)"),
    (400, b'{"error": "made_up"}', r"it answered 400 \(made_up\)"),
    (500, b"<html>hunter2</html>", "it answered 500"),
    (302, b"", "it answered 302"),
    (200, b"<html>hunter2</html>", "cannot be read as a token"), (200, b"[1]", "cannot be read as a token"), (200, b"", "cannot be read as a token"),
    (200, a_body(expires_in="soon"), "cannot be read as a token"), (200, b'{"access_token": 5}', "not text that a header can have"), (200, a_body(access_token="a\nb"), "not text"),
    (200, a_body(access_token=""), "not text that a header can have"), (200, a_body(access_token="  "), "not text"), (200, a_body(access_token=None), "not text"),
    (200, a_body(token_type="mac"), "of the type 'mac'"), (401, a_body(), "it answered 401"),
])
def test_what_is_no_token_is_said_without_the_endpoints_words(status: int, body: bytes, said: str) -> None:
    with pytest.raises(SignInFailed, match=said) as raised:
        read_reply(status, body)
    assert "hunter2" not in str(raised.value)


@given(st.integers(100, 599), st.one_of(st.binary(max_size=60), st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["access_token", "error", "expires_in", "scope", "token_type"]), inner),
).map(lambda value: json.dumps(value).encode())))
def test_whatever_the_endpoint_answers_is_a_token_or_a_failure(status: int, body: bytes) -> None:
    with suppress(SignInFailed):
        assert read_reply(status, body).token
