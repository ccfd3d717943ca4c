"""What a request asks beyond its first line: read when a fault looks at it, and once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from flowprobe.core.parsed import decoded

__all__ = ["READ_BYTES", "Asked"]

READ_BYTES = 1 << 20
"""Bodies are read up to this length."""

_FORM = "application/x-www-form-urlencoded"
_CHARSET = re.compile(r"charset=\"?([\w.:-]+)", re.IGNORECASE)


class Asked:
    """`path` may hold a query; `headers` are the lines as they came; `body` is None where nobody can look at it."""

    def __init__(self, path: str = "", headers: Sequence[tuple[bytes, bytes]] = (), body: bytes | None = None) -> None:
        self._path = path
        self._lines = headers
        self._body = body

    @property
    def has_body(self) -> bool:
        """Whether the body can be read: it is here, whole, not too long, and in no content coding."""
        body = self._body
        return body is not None and len(body) <= READ_BYTES and self.headers.get("content-encoding") in (
            None, "identity")

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        """Every value of each name, in order."""
        return _gathered(self._path.partition("?")[2])

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """By the name in lower case; the lines of one name are joined, as RFC 9110 (5.3) allows."""
        found: dict[str, str] = {}
        for name, value in self._lines:
            key, text = name.decode("latin-1").lower(), value.decode("utf-8", "replace")
            found[key] = f"{found[key]}, {text}" if key in found else text
        return found

    @cached_property
    def text(self) -> str:
        charset = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return (self._body or b"").decode(charset[1] if charset else "utf-8", "replace")
        except LookupError:
            return (self._body or b"").decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The document, MISSING where the body is none."""
        return decoded(self._body or b"")[0]

    @cached_property
    def form(self) -> Mapping[str, list[str]] | None:
        """Every value of each field; None where the body is no form."""
        if not self.headers.get("content-type", "").lower().startswith(_FORM):
            return None
        return _gathered(self.text)


def _gathered(encoded: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found
