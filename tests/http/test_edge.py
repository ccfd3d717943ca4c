"""The user edge: a forward proxy with credentials, and what it looks like when it is gone."""

from __future__ import annotations

import base64
import socket

import pytest

from tests.http.calls import not_replied, replied
from tests.http.conftest import MakeDriver
from tests.http.servers import OK, Authority, always, forward_proxy, replies, serving, with_tls

CREDENTIALS = b"Proxy-Authorization: Basic " + base64.b64encode(b"trial-1:s3cret")


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def edge(port: int) -> str:
    return f"http://trial-1:s3cret@127.0.0.1:{port}"


def test_plain_calls_keep_their_url_and_host(make_driver: MakeDriver) -> None:
    with serving(forward_proxy) as proxy:
        driver = make_driver(proxy=edge(proxy.port))
        assert replied(driver, "http://api.acme.example/v1/me?a=b").body == b"ok"
    assert proxy.requests[0].startswith(b"GET http://api.acme.example/v1/me?a=b HTTP/1.1\r\n")
    assert b"Host: api.acme.example\r\n" in proxy.requests[0]
    assert CREDENTIALS in proxy.requests[0]


def test_tls_goes_through_a_tunnel_and_the_stamps_are_the_call(
    make_driver: MakeDriver, our_authority: Authority
) -> None:
    product = with_tls(always(OK), our_authority.context("api.acme.example"))
    with serving(product) as target, serving(forward_proxy) as proxy:
        driver = make_driver(proxy=edge(proxy.port), ca=our_authority.ca)
        first = replied(driver, target.url("/v1/me", scheme="https", host="api.acme.example"))
        replied(driver, target.url("/v1/me", scheme="https", host="api.acme.example"))
        assert (target.connections, len(proxy.requests)) == (1, 1)
    assert CREDENTIALS in proxy.requests[0]
    assert b"Proxy-Authorization" not in target.requests[0]
    assert target.requests[0].startswith(b"GET /v1/me HTTP/1.1\r\n")
    assert first.sent <= first.first_byte <= first.ended


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_our_own_proxy_is_gone(make_driver: MakeDriver, scheme: str) -> None:
    port = free_port()
    outcome = not_replied(make_driver(proxy=edge(port)), f"{scheme}://api.acme.example/")
    assert outcome.reason == "proxy"
    assert outcome.detail == f"No connection to our own proxy (127.0.0.1:{port}): connection refused."


TUNNEL = {
    502: ("connect", "Our own proxy could not reach the target (502)."),
    504: ("connect", "Our own proxy could not reach the target (504)."),
    407: ("proxy", "Our own proxy refused the call (407)."),
    403: ("proxy", "Our own proxy refused the call (403)."),
}


@pytest.mark.parametrize(("status", "expected"), TUNNEL.items())
def test_a_refused_tunnel(make_driver: MakeDriver, status: int, expected: tuple[str, str]) -> None:
    with serving(replies(b"HTTP/1.1 %d s3cret\r\nContent-Length: 0\r\n\r\n" % status)) as proxy:
        outcome = not_replied(make_driver(proxy=edge(proxy.port)), "https://api.acme.example/")
    assert (outcome.reason, outcome.detail) == expected


def test_the_surroundings_do_not_bend_the_way(
    make_driver: MakeDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, nowhere)
    monkeypatch.setenv("NO_PROXY", "*")
    with serving(forward_proxy) as proxy, serving(always(OK)) as target:
        assert replied(make_driver(), target.url()).status == 200
        assert replied(make_driver(proxy=edge(proxy.port)), target.url()).status == 200
        assert (len(target.requests), len(proxy.requests)) == (1, 1)


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "socks5://u:s3cret@h:1", "127.0.0.1:1", "http://[::1"])
def test_what_is_no_proxy_is_refused_without_its_secrets(make_driver: MakeDriver, url: str) -> None:
    with pytest.raises(ValueError, match="the URL of the proxy") as refused:
        make_driver(proxy=url)
    assert "s3cret" not in str(refused.value)
