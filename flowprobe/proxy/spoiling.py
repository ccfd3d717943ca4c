"""Puts into a reply what became of it: a body without its content encoding comes in, and leaves encoded as before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mitmproxy.http import HTTPFlow, Response

from flowprobe.core.faults.actions import CutReply, Replace, Rewriting, Rewritten, Shorten
from flowprobe.core.faults.spoiling import Original, Pad, Spoiling, Spoilt, Unspoilt

__all__ = ["can_have_body", "padded", "rewrite", "spoil"]

_SPACES = b" " * 65536


def can_have_body(flow: HTTPFlow) -> bool:
    """Whether there is a body to spoil: one of a HEAD, a 204 or a 304 is none."""
    status = flow.response.status_code if flow.response else 0
    return flow.request.method.upper() != "HEAD" and status >= 200 and status not in (204, 304)


# --- the bytes on the wire ------------------------------------------------------------------------


def rewrite(reply: Response, action: Rewriting) -> bool:
    """Replace, shorten or withhold the body; False where there was nothing to do."""
    match action:
        case Shorten(honest=True) if "content-encoding" in reply.headers:
            return _shorten_decoded(reply, action)
        case Replace() | Shorten() | CutReply():
            changed = action.rewrite(reply.raw_content or b"")
    if changed is not None:
        _put(reply, changed, encoded=not isinstance(action, Replace))
    return changed is not None


def _shorten_decoded(reply: Response, action: Shorten) -> bool:
    """A body with the right length can be read: what is short must be what was encoded."""
    content = _decoded(reply)
    changed = action.rewrite(content) if content is not None else None
    if changed is None:
        return False
    _set_content(reply, changed.body)
    return True


def _put(reply: Response, changed: Rewritten, *, encoded: bool) -> None:
    reply.raw_content = changed.body
    reply.headers.pop("transfer-encoding", None)
    reply.headers["content-length"] = str(changed.length)
    if not encoded:
        reply.headers.pop("content-encoding", None)
    if changed.media_type is not None:
        reply.headers["content-type"] = changed.media_type
    if changed.ends_early:
        reply.headers["connection"] = "close"


# --- what they mean -------------------------------------------------------------------------------


def spoil(reply: Response, action: Spoiling) -> Spoilt | Unspoilt:
    """Do to a whole reply what the action says; what came of it, or why nothing did."""
    content = _decoded(reply)
    if content is None:
        return Unspoilt(f"the body is not in the encoding that it names ({reply.headers['content-encoding']})")
    outcome = action.spoil(Original(content, reply.headers.get("content-type", "")))
    if isinstance(outcome, Spoilt):
        _spoil(reply, outcome)
    return outcome


def _decoded(reply: Response) -> bytes | None:
    try:
        return reply.get_content(strict=True) or b""
    except ValueError:
        return None


def _spoil(reply: Response, spoilt: Spoilt) -> None:
    if spoilt.encoding is not None:
        reply.headers.pop("content-encoding", None)
    if spoilt.content is not None:
        _set_content(reply, spoilt.content)
    if spoilt.encoding is not None:
        reply.headers["content-encoding"] = spoilt.encoding
    if spoilt.media_type is not None:
        reply.headers["content-type"] = spoilt.media_type


def _set_content(reply: Response, content: bytes) -> None:
    """In the content encoding that the reply has; what validated the old bytes would be wrong of these."""
    reply.headers.pop("transfer-encoding", None)
    reply.content = content
    for name in ("etag", "content-md5", "digest", "content-digest", "repr-digest"):
        reply.headers.pop(name, None)


# --- while it streams -----------------------------------------------------------------------------


def padded(reply: Response, action: Pad, began: Callable[[int], None]) -> Callable[[bytes], Iterable[bytes]] | None:
    """A stream that lets the body through and adds what it lacks, piece by piece; None where the head says that it
    lacks nothing, or that its end is not the end of what is encoded. `began` is told how much is added, before it is.
    """
    length = reply.headers.get("content-length", "")
    if reply.headers.get("content-encoding", "identity") != "identity" or (
            length.isdigit() and not 0 < int(length) < action.size):
        return None
    if length:
        reply.headers["content-length"] = str(action.size)
    seen = 0

    def stream(chunk: bytes) -> Iterable[bytes]:
        nonlocal seen
        seen += len(chunk)
        missing = action.missing(seen) if not chunk and seen else 0
        if missing:
            began(missing)
        return _spaces(missing) if missing else [chunk] if chunk else []

    return stream


def _spaces(count: int) -> Iterator[bytes]:
    while count > 0:
        yield _SPACES[:count]
        count -= len(_SPACES)
