"""Where a redirect leads, and what may go along: RFC 9110 (15.4), and the Fetch standard where that leaves a choice.

What signs a call belongs to the origin that it was meant for. On the way to another one everything that the scenario
or the persona attached by provenance is dropped, and stays dropped; cookies go by the rules of the jar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import httpx

from flowprobe.core.wire import BODY, Body, Call
from flowprobe.http.flight import Ended

__all__ = ["MOST", "REDIRECTS", "Chain"]

MOST = 10
"""So many redirects are followed at most, whatever a call asks for."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ALWAYS_DROPPED = frozenset({"authorization", "cookie"})
_OF_THE_BODY = frozenset({"content-type", "content-encoding", "content-language", "content-location"})
_Met = tuple[str, str, tuple[tuple[bytes, bytes], ...]]


@dataclass(slots=True)
class Chain:
    """The redirects of one call so far: `urls` are those that were followed."""

    urls: tuple[str, ...]
    met: set[_Met]

    def meet(self, call: Call, cookies: list[tuple[bytes, bytes]]) -> None:
        """Raises `Ended` for a call that was made before: with other cookies it may be answered differently."""
        key = (call.method, call.url, tuple(cookies))
        if key in self.met:
            raise _cannot(f"The redirects go round in a circle: after {_counted(len(self.urls))} the same call comes "
                          "again.")
        self.met.add(key)

    def next(self, call: Call, status: int, location: str) -> Call:
        """The call that `location` asks for; raises `Ended` where it may not be followed."""
        allowed = min(call.redirects, MOST)
        if len(self.urls) >= allowed:
            raise _cannot(f"There are more redirects than the {allowed} that the step follows.")
        here, there = httpx.URL(call.url), _joined(call.url, location)
        if here.scheme == "https" and there.scheme == "http":
            raise _cannot(f"The redirect leads from https to {_origin(there)}, where everybody can read along.")
        self.urls = (*self.urls, str(there))
        moved = _rewritten(replace(call, url=str(there)), status)
        return _with_user(moved, here, there) if _origin(here) == _origin(there) else _stripped(moved, there)


def _joined(base: str, location: str) -> httpx.URL:
    """The absolute URL, without a fragment; a user that the product writes into it is not ours."""
    try:
        url = httpx.URL(base).join(location).copy_with(fragment=None, userinfo=b"")
    except (httpx.InvalidURL, ValueError):
        raise _cannot("The Location of the redirect cannot be understood.") from None
    if url.scheme not in ("http", "https") or not url.host or "%" in url.host:
        raise _cannot("The redirect leads to something that is not http:// or https://.")
    return url


def _origin(url: httpx.URL) -> str:
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    return f"{url.scheme}://{url.host}:{port}"


def _rewritten(call: Call, status: int) -> Call:
    """303 is answered by a GET, and so is, by custom, a POST that was moved; 307 and 308 repeat the call."""
    method = call.method.upper()
    if not ((status == 303 and method not in ("GET", "HEAD")) or (status in (301, 302) and method == "POST")):
        return call
    headers = {name: value for name, value in call.headers.items() if name.lower() not in _OF_THE_BODY}
    return replace(call, method="GET", headers=headers, body=Body())


def _with_user(call: Call, here: httpx.URL, there: httpx.URL) -> Call:
    """The same origin: a user in the URL of the call goes on."""
    return replace(call, url=str(there.copy_with(userinfo=here.userinfo))) if here.userinfo else call


def _stripped(call: Call, there: httpx.URL) -> Call:
    if BODY in call.sensitive and call.body.content:
        raise _cannot(f"The redirect asks to send the body, which holds a secret, to {_origin(there)}.")
    dropped = _ALWAYS_DROPPED | call.sensitive
    headers = {name: value for name, value in call.headers.items() if name.lower() not in dropped}
    return replace(call, headers=headers, credentials={}, cookies={})


def _counted(number: int) -> str:
    return "one redirect" if number == 1 else f"{number} redirects"


def _cannot(detail: str) -> Ended:
    return Ended("protocol", detail)
