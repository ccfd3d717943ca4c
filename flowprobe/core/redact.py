"""Redaction by value: a secret that was resolved leaves no sink, in whatever usual form it stands there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from html import escape
from urllib.parse import quote, quote_plus

__all__ = ["CUT", "REDACTED", "Redactor"]

REDACTED = "«redacted»"
CUT = "…"
"""What stands at the end of a text that was cut short; whoever cuts one has to put it there."""
_BLOCK = 8
_COVERS = 2 * _BLOCK - 1
_ERRORS = "surrogatepass"
_SHORTEST = 4
"""A shorter secret would blank out half of every report; `register` refuses it."""


class Redactor:
    """Knows every secret of the run.

    Most texts hold none of them, and every line of a journal is looked through. A form of fifteen bytes or more
    covers, wherever it stands, one block of eight that begins at a multiple of eight: so the blocks of a text are
    compared with those of all long forms at once, and only shorter forms are looked for one by one.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: tuple[str, ...] = ()
        self._short: tuple[str, ...] = ()
        self._blocks: frozenset[int] = frozenset()
        for secret in secrets:
            self.register(secret)

    def register(self, secret: str) -> None:
        """Remember a value. Raises ValueError for one that is too short to be told from ordinary text."""
        if len(secret) < _SHORTEST:
            raise ValueError(f"a secret of fewer than {_SHORTEST} characters cannot be redacted")
        forms = {*self._forms, *_forms(secret)}
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        long = {form: form.encode("utf-8", _ERRORS) for form in self._forms}
        self._short = tuple(form for form, data in long.items() if len(data) < _COVERS)
        self._blocks = frozenset(block for data in long.values() if len(data) >= _COVERS for block in _every(data))

    def redact(self, text: str) -> str:
        if not self._forms:
            return text
        if CUT in text:
            text = self._without_starts(text)
        if not self._may_hold_one(text):
            return text
        for form in self._forms:
            if form in text:
                text = text.replace(form, REDACTED)
        return text

    def _without_starts(self, text: str) -> str:
        """Texts that were cut short may end in the middle of a secret: its start goes too."""
        for form in self._forms:
            for length in range(len(form) - 1, _SHORTEST - 1, -1):
                if (start := form[:length] + CUT) in text:
                    text = text.replace(start, REDACTED + CUT)
        return text

    def _may_hold_one(self, text: str) -> bool:
        if any(form in text for form in self._short):
            return True
        data = text.encode("utf-8", _ERRORS)
        aligned = memoryview(data)[: len(data) // _BLOCK * _BLOCK].cast("Q")
        return not self._blocks.isdisjoint(aligned.tolist())

    __call__ = redact


def _every(data: bytes) -> Iterator[int]:
    """Each block of eight bytes, at every offset."""
    for start in range(len(data) - _BLOCK + 1):
        yield memoryview(data[start : start + _BLOCK]).cast("Q")[0]


def _forms(secret: str) -> set[str]:
    """As it is, URL-encoded, escaped for JSON and XML, hexadecimal, and base64 in its three alignments and both
    alphabets."""
    raw = secret.encode()
    forms = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1],
             json.dumps(secret, ensure_ascii=False)[1:-1], raw.hex(), escape(secret, quote=False), escape(secret),
             escape(secret, quote=False).replace('"', "&quot;")}
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
