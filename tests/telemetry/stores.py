"""Stores as a reader meets them: replies by URL, in place of a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flowprobe.core.wire import NoReply, Outcome, Reply

TRACE = "00000001000000010123456789abcdef"
OTHER = "00000002000000010123456789abcdef"
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e'\";--\n\x00"
GARBAGE = (b"<html><title>Jaeger UI</title></html>", b"[]", b"null", b"{", b"\xff\xfe", b'"data"', b"[" * 200_000)


class Store:
    """Answers with what it was given, and remembers what it was asked."""

    def __init__(self, replies: Mapping[str, Outcome], otherwise: Outcome) -> None:
        self._replies, self._otherwise = replies, otherwise
        self.asked: list[str] = []

    def __call__(self, url: str) -> Outcome:
        self.asked.append(url)
        return self._replies.get(url, self._otherwise)


def reply(body: bytes | Any = b"", status: int = 200, *, truncated: bool = False) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply("", status, (), content, 0, 0, 0, truncated=truncated)


def no_reply(detail: str = "There was no connection.") -> NoReply:
    return NoReply("", "connect", detail, 0, 0)


def always(outcome: Outcome) -> Store:
    return Store({}, outcome)
