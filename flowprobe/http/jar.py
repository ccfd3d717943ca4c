"""The cookies of one persona in one trial: httpx's jar, asked only once there is a cookie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import httpx

__all__ = ["Jar"]

_Headers = Sequence[tuple[bytes, bytes]]


class Jar:
    """Empty until a reply sets a cookie: until then it costs nothing."""

    def __init__(self) -> None:
        self._cookies: httpx.Cookies | None = None

    def header(self, method: str, url: httpx.URL, headers: _Headers,
               beside: Mapping[str, str] | None = None) -> list[tuple[bytes, bytes]]:
        """The `Cookie` header for a request, if there is one; what the request says itself stands. `beside` are
        cookies that are sent as well."""
        if (self._cookies is None and not beside) or any(name.lower() == b"cookie" for name, _ in headers):
            return []
        kept = self._kept(method, url) if self._cookies is not None else []
        values = [*(f"{name}={value}".encode("latin-1", "replace") for name, value in (beside or {}).items()), *kept]
        return [(b"Cookie", b"; ".join(values))] if values else []

    def _kept(self, method: str, url: httpx.URL) -> list[bytes]:
        assert self._cookies is not None
        request = httpx.Request(method, url)
        self._cookies.set_cookie_header(request)
        return [value.encode("latin-1") for value in request.headers.get_list("cookie")]

    def take(self, method: str, url: httpx.URL, status: int, headers: _Headers) -> None:
        """Keep what a reply sets."""
        if not any(name.lower() == b"set-cookie" for name, _ in headers):
            return
        if self._cookies is None:
            self._cookies = httpx.Cookies()
        response = httpx.Response(status, headers=list(headers), request=httpx.Request(method, url))
        self._cookies.extract_cookies(response)
