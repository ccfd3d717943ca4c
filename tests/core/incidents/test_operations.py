"""Which operation a call is of: ids collapse, and no secret and nobody's name is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.incidents.operations import MOST_NAMES, Operations, host_of, template_of


@pytest.mark.parametrize(("target", "template"), [
    ("/v1/charges?card=4242", "/v1/charges"), ("/v1/charges/ch_1a2B/refund", "/v1/charges/*/refund"),
    ("https://u:secret@api.example/v1/me#a", "/v1/me"), ("https://api.example?key=secret", "/"), ("/", "/"),
    ("/users/bob@example.com", "/users/*"), ("/users/bob%40example.com", "/users/*"), ("/people/J%C3%BCrgen", "/people/*"),
    ("/a;jsessionid=secret/b", "/a/b"), ("/calls/+49-30-1234", "/calls/*"), ("/accounts/DE89370400440532013000", "/accounts/*"),
    ("/v1/charges/{id}/:part/<name>", "/v1/charges/*/*/*"), ("/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIi", "/t/*"),
    ("/t/QWxhZGRpbjpvcGVuIHNlc2FtZQ", "/t/*"), ("/" + "a" * 65, "/*"), ("", ""), ("not a path", ""),
    ("/a" * 20, "/a" * 12 + "/**"), ("/v1/a:batch", "/v1/a:batch"), ("/days/2026-11-20", "/days/*"),
])
def test_a_path_is_told_by_its_template(target: str, template: str) -> None:
    assert template_of(target) == template


@pytest.mark.parametrize(("text", "host"), [
    ("https://u:secret@API.example:443/v1?key=secret", "api.example"), ("api.example:8443", "api.example:8443"),
    ("payments", "payments"), ("10.0.0.1:80", "10.0.0.1"), ("[::1]:8080", "[::1]:8080"), ("", ""), ("a\x1b[2J", ""), ("x" * 200, ""),
    ("u:secret@mail.example", "mail.example"),
])
def test_a_host_is_told_without_a_user(text: str, host: str) -> None:
    assert host_of(text) == host


def test_a_provider_is_called_as_its_host_is_known() -> None:
    operations = Operations({"api.payments.example": "payments", "10.2.0.7:8443": "mail"}, otherwise="fraud")
    said = [str(operations.recording(host, "post", "/v1/charges").operation) for host in (
        "api.payments.example", "api.payments.example:443", "10.2.0.7:8443", "other.example", "")]
    assert said == [f"{name} POST /v1/charges" for name in ("payments", "payments", "mail", "other.example", "fraud")]


def test_a_url_says_whom_it_calls() -> None:
    operations = Operations({"api.example": "payments"})
    found = [str(operations.recording("", "GET", f"https://{host}/v1/me").operation) for host in ("api.example", "mail.example")]
    assert found == ["payments GET /v1/me", "mail.example GET /v1/me"]


@pytest.mark.parametrize(("host", "said"), [("", "nothing says which provider was called"), ("a\nb", "this is no name of a host or of a provider")])
def test_a_call_of_nobody_is_refused(host: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        Operations({}).recording(host, "GET", "/")


def test_words_of_which_there_are_too_many_are_ids() -> None:
    operations = Operations({})
    names = [f"{one}{other}" for one in "abcdefgh" for other in "ijklmnop"]
    for name in names:
        operations.recording("p", "GET", f"/customers/{name}/orders").add(1.0, 0.1, "200")
    operations.recording("p", "GET", "/customers").add(1.0, 0.1, "200")
    found = {str(each.operation): len(each) for each in operations.recordings()}
    assert len(names) > MOST_NAMES
    assert found == {"p GET /customers/*/orders": len(names), "p GET /customers": 1}


def test_what_is_hostile_stays_small() -> None:
    operations = Operations({})
    for number in range(6_000):
        word = "".join(chr(97 + int(digit)) for digit in f"{number:04}")
        operations.recording(f"p{number % 30}", "GET", "/" + "/".join(word)).add(1.0, 0.1, "200")
    recordings = operations.recordings()
    assert sum(map(len, recordings)) == 6_000
    assert len(recordings) < 2_100


@given(st.text(), st.text(), st.text())
def test_any_text_is_an_operation_or_refused(host: str, method: str, target: str) -> None:
    try:
        found = Operations({}).recording(host, method, target).operation
    except ValueError:
        return
    assert found.provider.isprintable()
    assert "@" not in f"{found.provider}{found.path}"
    assert "?" not in found.path
