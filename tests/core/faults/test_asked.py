"""What a request asks, read once and only when somebody looks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.faults.asked import READ_BYTES, Asked
from flowprobe.core.jsonpath import MISSING

FORM = [(b"Content-Type", b"application/x-www-form-urlencoded; charset=utf-8")]


def test_a_query_has_every_value_of_a_name() -> None:
    assert Asked("/v1/charges?expand=customer&expand=invoice&empty=&a%20b=%C3%A9").query == {
        "expand": ["customer", "invoice"], "empty": [""], "a b": ["é"]}
    assert Asked("/v1/charges").query == {}


def test_the_lines_of_a_header_are_joined_under_its_name_in_lower_case() -> None:
    asked = Asked("/", [(b"Accept", b"text/html"), (b"X-Plan", b"pro"), (b"ACCEPT", b"*/*")])
    assert asked.headers == {"accept": "text/html, */*", "x-plan": "pro"}


def test_a_form_is_read_where_it_says_that_it_is_one() -> None:
    body = b"amount=100&metadata%5Bplan%5D=pro&amount=200"
    assert Asked("/", FORM, body).form == {"amount": ["100", "200"], "metadata[plan]": ["pro"]}
    assert Asked("/", [], body).form is None


@pytest.mark.parametrize(("body", "found"), [
    (b'{"amount": 1}', {"amount": 1}), (b"null", None), (b"", MISSING), (b"<xml/>", MISSING),
    (b"[" * 500 + b"]" * 500, MISSING), ('"é"'.encode("utf-16"), "é"),
])
def test_json_is_read_whatever_the_type_says(body: bytes, found: object) -> None:
    assert Asked("/", [], body).json == found


def test_text_is_read_in_its_charset() -> None:
    header = [(b"Content-Type", b"text/plain; charset=latin-1")]
    assert Asked("/", header, b"\xe9").text == "é"
    assert Asked("/", [(b"Content-Type", b"text/plain; charset=nonsense")], b"abc").text == "abc"


@pytest.mark.parametrize(("asked", "readable"), [
    (Asked("/", [], b""), True),
    (Asked("/", [], b"x" * READ_BYTES), True),
    (Asked("/", [], b"x" * (READ_BYTES + 1)), False),
    (Asked("/", [], None), False),
    (Asked("/", [(b"Content-Encoding", b"gzip")], b"\x1f\x8b"), False),
    (Asked("/", [(b"Content-Encoding", b"identity")], b"x"), True),
])
def test_a_body_can_be_looked_at_when_it_is_here_and_plain(asked: Asked, readable: bool) -> None:
    assert asked.has_body is readable


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(), st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), max_size=5),
       st.none() | st.binary(max_size=200))
def test_whatever_comes_can_be_asked(path: str, headers: list[tuple[bytes, bytes]], body: bytes | None) -> None:
    asked = Asked(path, headers, body)
    assert isinstance(asked.text, str)
    assert isinstance(asked.query, dict)
    assert isinstance(asked.headers, dict)
    assert asked.form is None or isinstance(asked.form, dict)
    assert asked.json is MISSING or asked.has_body or body is not None
