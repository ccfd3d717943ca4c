"""What crosses the line between the core and whoever drives it: plain values, no library's types.

Times are seconds of the monotonic clock of the machine, stamped by the driver; the core never reads a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from flowprobe.core.plain import Plain, plain

__all__ = ["BODY", "Body", "Call", "NoReply", "NoReplyReason", "Outcome", "Reply"]

BODY = ":body"
"""Among the sensitive headers of a call: its body. No header can have this name."""


@plain
class Body(Plain):
    """What is sent: `content` as bytes, `media_type` for its Content-Type ('' for none)."""

    content: bytes = b""
    media_type: str = ""


@plain
class Call(Plain):
    """One HTTP request that we intend.

    `id` is the trace id of the call, 32 hex digits (W3C Trace Context): see `core.tracing`.
    `persona` names whose client (cookie jar, credentials) sends it; `budget` is its total deadline in seconds, that
    of every redirect included.

    `redirects` is how many redirects may be followed, at most 10. `credentials` are headers that sign the call:
    apart from `headers`, which win, so that it is known where they came from. `sensitive` names headers (lower case)
    whose value came from a secret, and `BODY` where the body holds one. None of these goes to another origin.
    `signed`: it bears the persona's credentials. A URL that a reply brought, of another origin, does not get them.
    `cookies` go beside those of the jar.
    """

    id: str
    trial: str
    step: str
    persona: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = Body()
    attempt: int = 1
    budget: float = 30.0
    signed: bool = True
    redirects: int = 0
    credentials: Mapping[str, str] = field(default_factory=dict)
    sensitive: frozenset[str] = frozenset()
    cookies: Mapping[str, str] = field(default_factory=dict)


@plain
class Reply(Plain):
    """What came back. Header names are lower case, in order, repeated ones kept.

    `sent` is when the first byte left, `ended` when the last byte was read: their difference is what `within`
    judges. `truncated` says that the body was longer than the cap and only its start is kept. `redirects` are the
    URLs that were followed to it, in order; `sent` is then that of the first call.
    """

    call: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    sent: float
    first_byte: float
    ended: float
    truncated: bool = False
    http_version: str = "HTTP/1.1"
    url: str = ""
    redirects: tuple[str, ...] = ()

    def header(self, name: str) -> str | None:
        """The first header of that name, case-insensitively."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key == wanted), None)

    @property
    def seconds(self) -> float:
        return self.ended - self.sent


NoReplyReason: TypeAlias = Literal[
    "connect",      # no connection: refused, unreachable, name not found, TLS failed
    "timeout",      # the total budget of the call was spent
    "closed",       # the connection ended before the reply was whole
    "protocol",     # what came back is not HTTP, or a redirect that cannot be followed
    "too-large",    # the reply is over a cap
    "stopped",      # we were asked to stop (Ctrl-C, halt)
    "proxy",        # our own proxy is gone
    "invalid-url",  # the call could not be made at all
    "refused",      # the environment does not allow the call
    "auth",         # the persona could not be signed in: the call never left
]


@plain
class NoReply(Plain):
    """Why nothing (whole) came back. `detail` is a sentence for people, without secrets. `redirects` are the URLs that
    were followed before: the calls up to the last of them did come back."""

    call: str
    reason: NoReplyReason
    detail: str
    sent: float
    ended: float
    status: int | None = None
    redirects: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        return self.ended - self.sent


Outcome: TypeAlias = Reply | NoReply
