"""A reply as it is judged: its text and its JSON, decoded once and only when somebody asks."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from flowprobe.core.jsonpath import MISSING
from flowprobe.core.redact import cut_short
from flowprobe.core.wire import Reply

__all__ = ["MAX_DEPTH", "Parsed", "decoded"]

MAX_DEPTH = 200
"""How many levels of a reply's JSON are read: what walks it does so by recursion."""
_SEEN_TEXT = 60


class Parsed:
    """A reply, with `text` and `json` (MISSING where the body is none; `json_error` then says why)."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    @cached_property
    def text(self) -> str:
        return self.reply.body.decode("utf-8", "replace")

    @cached_property
    def _decoded(self) -> tuple[Any, str]:
        return decoded(self.reply.body, truncated=self.reply.truncated)

    @property
    def json(self) -> Any:
        return self._decoded[0]

    @property
    def json_error(self) -> str:
        return self._decoded[1]

    def describe_absence(self, kind: str) -> str:
        """What was there instead of a captured value."""
        if kind == "json" and self.json is MISSING:
            return self.json_error
        return "nothing there"


def decoded(body: bytes, *, truncated: bool = False) -> tuple[Any, str]:
    """A body's JSON and '', or MISSING and why there is none."""
    if not body.strip():
        return MISSING, "an empty body"
    if truncated:
        return MISSING, "a body over the limit"
    try:
        found = _decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError):
        return MISSING, f"a body that is not JSON: {_start(body.decode('utf-8', 'replace'))}"
    if _may_be_deep(body) and _is_deep(found):
        return MISSING, f"JSON of more than {MAX_DEPTH} levels"
    return found, ""


def _may_be_deep(body: bytes) -> bool:
    """Cheaper to ask than `_is_deep`."""
    return body.count(b"[") + body.count(b"{") > MAX_DEPTH


def _is_deep(document: Any) -> bool:
    """Whether something lies deeper than whoever walks the document by recursion can go."""
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [item for found in level if isinstance(found, dict | list)
                 for item in (found.values() if isinstance(found, dict) else found)]
        if not level:
            return False
    return True


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int | str:
    """Numbers of thousands of digits stay text: Python refuses to convert them."""
    return digits if len(digits) > 4000 else int(digits)


_decode = json.JSONDecoder(parse_constant=_refuse, parse_int=_integer).decode
"""Kept: `json.loads` makes a decoder for each call that names a `parse_...`."""


def _start(text: str) -> str:
    return repr(cut_short(" ".join(text.split()), _SEEN_TEXT))
