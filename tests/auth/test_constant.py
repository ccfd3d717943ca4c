import base64
from typing import Literal

import pytest

from flowprobe.auth.constant import api_key, authorization, basic_value
from flowprobe.core.auth import ApiKey
from flowprobe.core.wire import Call
from tests.auth.calls import REFERENCE, a_call


def with_key(place: Literal["header", "query", "cookie"], call: Call) -> Call:
    return api_key(ApiKey(place, "X-Key", REFERENCE), "k 1/&").sign(call)


def test_a_bearer_token_stands_in_its_header() -> None:
    assert authorization("Bearer tok").sign(a_call(headers={"a": "b"})).credentials == {"authorization": "Bearer tok"}


def test_what_a_step_says_of_itself_stands() -> None:
    assert authorization("Bearer tok").sign(a_call(headers={"Authorization": "mine"})).credentials == {}


def test_user_and_password_are_those_of_rfc_7617() -> None:
    assert basic_value("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert base64.b64decode(basic_value("zoë", "pä:ß")[6:]).decode() == "zoë:pä:ß"


@pytest.mark.parametrize(("url", "sent"), [
    ("http://acme.test/a", "http://acme.test/a?X-Key=k%201%2F%26"),
    ("http://acme.test/a?b=%20", "http://acme.test/a?b=%20&X-Key=k%201%2F%26"),
    ("http://acme.test/a?X-Key=mine", "http://acme.test/a?X-Key=mine"),
])
def test_a_key_in_the_query_is_added_once(url: str, sent: str) -> None:
    assert with_key("query", a_call(url=url)).url == sent


def test_a_key_may_be_a_header_or_a_cookie() -> None:
    assert with_key("header", a_call()).credentials == {"X-Key": "k 1/&"}
    assert with_key("cookie", a_call()).cookies == {"X-Key": "k 1/&"}
