"""From a `Call` to the request that leaves: the URL parsed once, the headers checked and complete."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import httpcore
import httpx

from flowprobe import __version__
from flowprobe.core.wire import Call
from flowprobe.http.flight import Ended

__all__ = ["Request", "build_request"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "proxy-authorization"})
_DEFAULTS = {
    "accept": (b"Accept", b"*/*"),
    "accept-encoding": (b"Accept-Encoding", b"identity"),
    "user-agent": (b"User-Agent", b"flowprobe/" + __version__.encode()),
}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_NO_TIMEOUTS: dict[str, object] = {"timeout": {}}  # the backend keeps the time
_Header = tuple[bytes, bytes]


class _Target(httpcore.URL):
    """Where a request goes; what it is asked for several times on each call is worked out once."""

    def __init__(self, url: httpx.URL) -> None:
        super().__init__(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        self._origin = super().origin

    @property
    def origin(self) -> httpcore.Origin:
        return self._origin


class _Ready(httpcore.Request):
    """A request of which every part has been checked here: httpcore looks at none of them once more."""

    def __init__(self, method: bytes, url: httpcore.URL, headers: list[_Header], content: bytes) -> None:
        self.method = method
        self.url = url
        self.headers = headers
        self.stream = (content,) if content else ()
        self.extensions = _NO_TIMEOUTS


@dataclass(frozen=True, slots=True)
class Request:
    """What leaves: the URL parsed, the headers as bytes, in order."""

    method: str
    url: httpx.URL
    headers: list[_Header]
    content: bytes
    target: httpcore.URL

    def to_core(self, cookies: list[_Header]) -> httpcore.Request:
        """The request as the pool takes it, with the cookies that belong to it."""
        headers = [*self.headers, *cookies] if cookies else self.headers
        return _Ready(self.method.encode("ascii"), self.target, headers, self.content)


def build_request(call: Call) -> Request:
    """The request of `call`; raises `Ended` (`invalid-url`) when it could not be sent as it is meant."""
    url, target = _url(call.url)
    method = _method(call.method)
    return Request(method, url, _headers(call, method, url), call.body.content, target)


@lru_cache(maxsize=512)
def _url(text: str) -> tuple[httpx.URL, httpcore.URL]:
    """The URL as it is looked at, and as it is sent."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, UnicodeError):
        raise _refused("The URL cannot be understood.") from None
    if url.scheme not in ("http", "https"):
        raise _refused("The URL does not start with http:// or https://.")
    if not url.host:
        raise _refused("The URL names no host.")
    if url.port is not None and not 0 < url.port < 65_536:
        raise _refused("The port of the URL is not between 1 and 65535.")
    return url, _Target(url)


@lru_cache(maxsize=64)
def _method(text: str) -> str:
    method = text.upper()
    if not _TOKEN.fullmatch(method) or method == "CONNECT":
        raise _refused("The method cannot be sent.")
    return method


def _headers(call: Call, method: str, url: httpx.URL) -> list[_Header]:
    headers: list[_Header] = [(b"Host", url.netloc)]
    names = {name.lower() for name in call.headers}
    for name, value in call.credentials.items():
        if (lower := name.lower()) not in names:
            names.add(lower)
            headers.append(_header(name, value))
    headers += [_header(name, value) for name, value in call.headers.items()]
    headers += [header for name, header in _DEFAULTS.items() if name not in names]
    if url.userinfo and "authorization" not in names:
        headers.append((b"Authorization", b"Basic " + b64encode(unquote_to_bytes(url.userinfo))))
    return headers + _body_headers(call, method, names)


def _body_headers(call: Call, method: str, names: set[str]) -> list[_Header]:
    headers = []
    if call.body.media_type and "content-type" not in names:
        headers.append(_header("Content-Type", call.body.media_type))
    if call.body.content or method in _WITH_BODY:
        headers.append((b"Content-Length", b"%d" % len(call.body.content)))
    return headers


def _header(name: str, value: str) -> _Header:
    sent = _name(name)
    if _CONTROL.search(value):
        raise _refused(f"The value of the header {name} holds a line break or another control character.")
    try:
        return sent, value.strip(" \t").encode("utf-8")
    except UnicodeError:
        raise _refused(f"The value of the header {name} cannot be encoded.") from None


@lru_cache(maxsize=512)
def _name(text: str) -> bytes:
    """The name of a header as it is sent. A journey has a few, and sends them again and again."""
    if not _TOKEN.fullmatch(text):
        raise _refused("The name of a header is not allowed in HTTP.")
    if text.lower() in _OURS:
        raise _refused(f"The header {text} belongs to the connection and cannot be set.")
    return text.encode("ascii")


def _refused(detail: str) -> Ended:
    return Ended("invalid-url", detail)
