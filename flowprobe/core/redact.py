"""Redaction by value: a secret that was resolved leaves no sink, in whatever usual form it stands there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

__all__ = ["REDACTED", "Redactor"]

REDACTED = "«redacted»"
_SHORTEST = 4
"""A shorter secret would blank out half of every report; `register` refuses it."""


class Redactor:
    """Knows every secret of the run. `redact` looks for each with `in` first: that is cheap, replacing is not."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        for secret in secrets:
            self.register(secret)

    def register(self, secret: str) -> None:
        """Remember a value. Raises ValueError for one that is too short to be told from ordinary text."""
        if len(secret) < _SHORTEST:
            raise ValueError(f"a secret of fewer than {_SHORTEST} characters cannot be redacted")
        forms = {*self._forms, *_forms(secret)}
        self._forms = tuple(sorted(forms, key=len, reverse=True))

    def redact(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, REDACTED)
        return text

    __call__ = redact


def _forms(secret: str) -> set[str]:
    """As it is, URL-encoded, JSON-escaped, hexadecimal, and base64 in its three alignments, in both alphabets."""
    raw = secret.encode()
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1],
             json.dumps(secret, ensure_ascii=False)[1:-1], raw.hex()}
    for lead in range(3):
        inner = _base64_core(raw, lead)
        if len(inner) >= _SHORTEST:
            forms |= {inner, inner.replace("+", "-").replace("/", "_")}
    return {form for form in forms if len(form) >= _SHORTEST}


def _base64_core(raw: bytes, lead: int) -> str:
    """The characters of base64 that depend on the secret alone when `lead` bytes stand before it."""
    encoded = base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")
    start = (0, 2, 3)[lead]
    end = len(encoded) - (1 if (lead + len(raw)) % 3 else 0)
    return encoded[start:end]
