"""The one place where an httpx client is made, and the transport under it.

Nothing of the surroundings reaches a client: no proxy variables, no netrc, no redirects, no certificate
variables. The transport is ours, over httpcore's public pool, for two reasons: the pool must be given our
network backend, and a reply must stay what it is (httpx builds the next request of a redirect even when it
is told not to follow it, and fails on a Location that it cannot parse).
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import httpcore
import httpx

from flowprobe.http.flight import Ended
from flowprobe.http.limits import Limits
from flowprobe.http.network import DeadlineBackend
from flowprobe.http.trust import bare_context

__all__ = ["make_client", "proxy_of"]

# At INFO and DEBUG these libraries write whole URLs and headers, secrets included.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def make_client(*, backend: DeadlineBackend, limits: Limits, proxy: httpcore.Proxy | None) -> httpx.Client:
    """A client with its own cookie jar and connections; it verifies TLS, always, through `backend`."""
    transport = _Transport(backend=backend, limits=limits, proxy=proxy)
    return httpx.Client(transport=transport, trust_env=False, follow_redirects=False)


def proxy_of(url: str) -> httpcore.Proxy:
    """The forward proxy behind `http://user:password@host:port`; raises `ValueError`, without the URL."""
    try:
        parsed = httpx.Proxy(url)
    except (httpx.InvalidURL, ValueError):
        raise ValueError("the URL of the proxy cannot be understood") from None
    if parsed.url.scheme != "http" or not parsed.url.host:
        raise ValueError("the URL of the proxy must be http://host:port")
    return httpcore.Proxy(
        httpcore.URL(scheme=b"http", host=parsed.url.raw_host, port=parsed.url.port, target=b"/"),
        auth=parsed.raw_auth,
    )


class _PlainResponse(httpx.Response):
    """A reply that is never the start of a redirect."""

    @property
    def has_redirect_location(self) -> bool:
        return False


class _Stream(httpx.SyncByteStream):
    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()


class _Transport(httpx.BaseTransport):
    def __init__(self, *, backend: DeadlineBackend, limits: Limits, proxy: httpcore.Proxy | None) -> None:
        self._max_headers = limits.headers
        self._pool = httpcore.ConnectionPool(
            ssl_context=bare_context(),  # the backend brings the real one when TLS is needed
            proxy=proxy,
            max_connections=None,
            max_keepalive_connections=8,
            keepalive_expiry=limits.idle,
            network_backend=backend,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        assert isinstance(request.stream, httpx.SyncByteStream)
        reply = self._pool.handle_request(
            httpcore.Request(
                request.method, target, headers=request.headers.raw, content=request.stream,
                extensions=request.extensions,
            )
        )
        assert isinstance(reply.stream, Iterable)
        stream = _Stream(reply.stream)
        if len(reply.headers) > self._max_headers:
            stream.close()
            raise Ended("too-large", f"The reply has more than {self._max_headers} headers.")
        return _PlainResponse(reply.status, headers=reply.headers, stream=stream, extensions=reply.extensions)

    def close(self) -> None:
        self._pool.close()
