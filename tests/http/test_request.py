"""What leaves: checked, complete, and nothing that was not asked for. What comes back: as it came."""

from __future__ import annotations

import base64
import time

import pytest
import respx
from httpx import Response

from flowprobe.core.wire import Body
from flowprobe.http import Driver
from tests.http.calls import call, not_replied, replied
from tests.http.conftest import MakeDriver

URL = "http://api.acme.example/v1/me"


def sent_headers(driver: Driver, **parts: object) -> dict[str, str]:
    with respx.mock() as product:
        route = product.route().respond(200)
        replied(driver, str(parts.pop("url", URL)), **parts)
        return dict(route.calls.last.request.headers)


def test_the_headers_of_a_plain_call(driver: Driver) -> None:
    headers = sent_headers(driver, headers={"traceparent": "00-1", "Authorization": "Bearer b"})
    assert headers.pop("user-agent").startswith("flowprobe/")
    assert headers == {"host": "api.acme.example", "accept": "*/*", "accept-encoding": "identity",
                       "traceparent": "00-1", "authorization": "Bearer b"}


def test_headers_of_the_call_win(driver: Driver) -> None:
    headers = sent_headers(driver, method="POST", body=Body(b"{}", "application/json"),
                           headers={"ACCEPT": "text/html", "content-type": "text/x", "User-Agent": "me"})
    assert (headers["accept"], headers["content-type"]) == ("text/html", "text/x")
    assert headers["user-agent"] == "me"


def test_a_body_brings_its_type_and_length(driver: Driver) -> None:
    headers = sent_headers(driver, method="post", body=Body("ü".encode(), "text/plain"))
    assert (headers["content-type"], headers["content-length"]) == ("text/plain", "2")
    assert sent_headers(driver, method="PUT")["content-length"] == "0"
    assert "content-length" not in sent_headers(driver, method="DELETE")


def test_credentials_of_the_url_are_sent_unless_the_call_has_its_own(driver: Driver) -> None:
    url = "http://zo%C3%AB:p%40ss@api.acme.example/"
    assert base64.b64decode(sent_headers(driver, url=url)["authorization"][6:]).decode() == "zoë:p@ss"
    assert sent_headers(driver, url=url, headers={"Authorization": "Bearer b"})["authorization"] == "Bearer b"


BAD_HEADERS = [{"X": "a\r\nY: b"}, {"X": "a\nb"}, {"X": "a\x00"}, {"X\r\nY": "b"}, {"X Y": "b"}, {"": "b"},
               {"X:": "b"}, {"Zoë": "b"}, {"X": "\ud800"}, {"Host": "other"}, {"content-length": "0"},
               {"Transfer-Encoding": "chunked"}, {"Proxy-Authorization": "Basic x"}, {"Connection": "close"}]


@pytest.mark.parametrize("headers", BAD_HEADERS, ids=repr)
def test_a_header_that_may_not_be_sent(driver: Driver, headers: dict[str, str]) -> None:
    with respx.mock(assert_all_called=False) as product:
        product.route().respond(200)
        outcome = not_replied(driver, URL, headers=headers)
        assert not product.calls
    assert outcome.reason == "invalid-url"
    assert "header" in outcome.detail


@pytest.mark.parametrize("url", [
    "", "/v1/me", "api.acme.example/v1", "ftp://api.acme.example/", "http://", "http://:80/", "http://a:0/",
    "http://a:99999/", "http://a:x/", "http://[::1", "http://a/\r\nX: y", "http://a b/", "http://\ud800/",
    "file:///etc/passwd", "http://" + "a" * 300 + "é.example/", "http://a/" + "x" * 70_000,
], ids=lambda url: ascii(url[:25]))
def test_a_url_that_cannot_be_called(driver: Driver, url: str) -> None:
    assert not_replied(driver, url).reason in ("invalid-url", "connect")


@pytest.mark.parametrize("method", ["", "GE T", "GET\r\nX: y", "CONNECT", "Ü"])
def test_a_method_that_cannot_be_sent(driver: Driver, method: str) -> None:
    assert not_replied(driver, URL, method=method).reason == "invalid-url"


# --- what comes back ------------------------------------------------------------------------------


@pytest.mark.parametrize("location", ["http://[bad", "urn:ietf:wg:oauth:2.0:oob?code=1", "/next", "//", "é"])
@respx.mock
def test_a_redirect_is_a_reply_whatever_its_location(driver: Driver, location: str) -> None:
    respx.get(URL).respond(302, headers={"Location": location.encode()})  # type: ignore[dict-item]
    reply = replied(driver, URL)
    assert (reply.status, reply.header("Location")) == (302, location)


@respx.mock
def test_headers_keep_their_order_and_repetitions(driver: Driver) -> None:
    headers = [(b"X-B", b"1"), (b"X-A", b"2"), (b"x-b", b"\xe9"), (b"x-c", "é".encode())]
    respx.get(URL).mock(Response(204, headers=headers))
    assert replied(driver, URL).headers == (("x-b", "1"), ("x-a", "2"), ("x-b", "é"), ("x-c", "é"))


@respx.mock
def test_a_mocked_reply_has_stamps(make_driver: MakeDriver) -> None:
    respx.get(URL).respond(200, text="ok")
    ticks = iter(range(100))
    reply = replied(make_driver(clock=lambda: float(next(ticks))), URL)
    assert reply.sent <= reply.first_byte < reply.ended
    assert reply.http_version == "HTTP/1.1"


# --- cookies --------------------------------------------------------------------------------------


@respx.mock
def test_cookies_belong_to_a_persona_in_a_trial(driver: Driver) -> None:
    respx.get(URL, headers={"cookie": "seat=7"}).respond(200)
    respx.get(URL).respond(201, headers=[("Set-Cookie", "seat=7; Path=/v1")])  # type: ignore[arg-type]
    assert [replied(driver, URL).status for _ in range(2)] == [201, 200]
    assert replied(driver, URL, persona="other").status == 201
    assert replied(driver, URL, trial="other").status == 201


@respx.mock
def test_cookies_keep_to_their_host_and_to_https(driver: Driver) -> None:
    secure = "https://api.acme.example/v1/me"
    respx.get(secure).respond(200, headers={"Set-Cookie": "a=1; Secure"})
    respx.route().respond(200)
    replied(driver, secure)
    assert respx.calls.last.request.headers.get("cookie") is None
    for url, cookie in ((URL, None), ("https://other.example/", None), (secure, "a=1")):
        replied(driver, url)
        assert respx.calls.last.request.headers.get("cookie") == cookie


@respx.mock
def test_a_forgotten_trial_loses_its_cookies_and_nothing_else(driver: Driver) -> None:
    respx.get(URL, headers={"cookie": "a=1"}).respond(200)
    respx.get(URL).respond(201, headers={"Set-Cookie": "a=1"})
    for trial in ("t", "u"):
        replied(driver, URL, trial=trial)
    driver.forget("t")
    assert [replied(driver, URL, trial=trial).status for trial in ("t", "u")] == [201, 200]


@respx.mock
def test_a_cookie_of_the_call_goes_beside_those_of_the_jar(driver: Driver) -> None:
    respx.get(URL).respond(200, headers={"Set-Cookie": "a=1"})
    replied(driver, URL, cookies={"key": "k"})
    assert respx.calls.last.request.headers["cookie"] == "key=k"
    replied(driver, URL, cookies={"key": "k"})
    assert respx.calls.last.request.headers["cookie"] == "key=k; a=1"
    replied(driver, URL, cookies={"key": "k"}, headers={"Cookie": "b=2"})
    assert respx.calls.last.request.headers["cookie"] == "b=2"


@respx.mock
def test_an_explicit_cookie_wins(driver: Driver) -> None:
    respx.get(URL).respond(200, headers={"Set-Cookie": "a=1"})
    replied(driver, URL)
    replied(driver, URL, headers={"Cookie": "b=2"})
    assert respx.calls.last.request.headers["cookie"] == "b=2"


# --- secrets --------------------------------------------------------------------------------------


@respx.mock
def test_nothing_is_logged(driver: Driver, caplog: pytest.LogCaptureFixture) -> None:
    respx.get(url__startswith=URL).respond(200)
    with caplog.at_level("DEBUG"):
        replied(driver, URL + "?token=s3cret", headers={"Authorization": "Bearer s3cret"})
    assert "s3cret" not in caplog.text


def test_the_clock_is_the_machine(driver: Driver) -> None:
    before = time.monotonic()
    outcome = driver.send(call("http://127.0.0.1:1/"))
    assert before <= outcome.sent <= outcome.ended <= time.monotonic()
