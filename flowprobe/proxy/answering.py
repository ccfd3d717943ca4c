"""Replies that a fault makes itself, and those of this trial that one may give again."""

from __future__ import annotations

from dataclasses import dataclass, field

from mitmproxy.http import HTTPFlow, Request, Response

from flowprobe.core.faults.actions import Answer
from flowprobe.core.faults.answers import Limited, Redirect

__all__ = ["Earlier", "answer", "url_of"]

_KEPT = 256
_KEPT_BYTES = 1 << 20
_GOOD = range(200, 300)
_BODILESS = (*range(100, 200), 204, 304)


def answer(action: Answer | Limited | Redirect, request: Request, now: float) -> Response:
    """The reply of an action to a request; `now` in seconds since the epoch."""
    match action:
        case Answer(status, headers, body):
            reply = _made(status, headers, body)
        case Limited(status, _, body):
            reply = _made(status, action.told(now), body)
        case Redirect(status):
            reply = _made(status, (("Location", action.location(request.path)),), b"")
    return _without_body(reply, request)


def _made(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> Response:
    reply = Response.make(status, body)
    for name, value in headers:
        reply.headers[name] = value
    return reply


def _without_body(reply: Response, request: Request) -> Response:
    """mitmproxy would write a body where none may be, and the caller take it for the next reply (RFC 9110, 6.4.1)."""
    if request.method.upper() == "HEAD" or reply.status_code in _BODILESS:
        reply.raw_content = b""
    if reply.status_code in _BODILESS:
        reply.headers.pop("content-length", None)
    return reply


def url_of(flow: HTTPFlow) -> str:
    """What two calls have in common that ask for the same thing."""
    request = flow.request
    return f"{request.method} {request.scheme}://{request.host}:{request.port}{request.path}"


@dataclass(slots=True)
class Earlier:
    """The first good reply that each URL had while a lease held: as many and as large as can be kept."""

    replies: dict[str, Response] = field(default_factory=dict)

    def keep(self, flow: HTTPFlow) -> None:
        """Note the provider's own reply to this call, if it is the first of its URL."""
        reply, url = flow.response, url_of(flow)
        if reply is None or reply.stream or reply.status_code not in _GOOD or url in self.replies:
            return
        if len(self.replies) < _KEPT and len(reply.raw_content or b"") <= _KEPT_BYTES:
            self.replies[url] = reply.copy()

    def has(self, flow: HTTPFlow) -> bool:
        """Whether this call's URL had a reply before."""
        return url_of(flow) in self.replies

    def of(self, flow: HTTPFlow) -> Response | None:
        """The reply that this call's URL had before, as one that can be sent again."""
        found = self.replies.get(url_of(flow))
        return found.copy() if found else None
