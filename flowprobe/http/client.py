"""The one place where connections come from: httpcore's, which httpx's client stands on.

Nothing of the surroundings reaches it: no proxy variables, no netrc, no redirects, no certificate variables. It is
used without httpx's client on top, for three reasons: the pool must be given our network backend; a reply must stay
what it is (httpx builds the next request of a redirect even when it is told not to follow it, and fails on a
Location that it cannot parse); and the client is a third of the processor time of a call.
"""

from __future__ import annotations

import logging
from typing import Protocol

import httpcore
import httpx

from flowprobe.http.connections import Connections
from flowprobe.http.limits import Limits
from flowprobe.http.network import DeadlineBackend
from flowprobe.http.trust import bare_context

__all__ = ["Pool", "make_pool", "proxy_of"]

# At INFO and DEBUG these libraries write whole URLs and headers, secrets included.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Pool(Protocol):
    """What the driver needs of one."""

    def handle_request(self, request: httpcore.Request) -> httpcore.Response: ...
    def close(self) -> None: ...


def make_pool(
    *, backend: DeadlineBackend, limits: Limits, proxy: httpcore.Proxy | None, http2: bool = False
) -> Pool:
    """The connections of one persona in one trial; whom TLS believes is `backend`'s to say."""
    pool = httpcore.ConnectionPool(
        ssl_context=bare_context(),  # the backend brings the real one when TLS is needed
        proxy=proxy,
        http2=http2,
        max_connections=None,
        max_keepalive_connections=8,
        keepalive_expiry=limits.idle,
        network_backend=backend,
    )
    return pool if http2 else Connections(pool.create_connection)


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
