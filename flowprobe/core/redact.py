"""Redaction by value: a secret that was resolved leaves no sink, in whatever usual form it stands there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from html import escape
from itertools import product
from urllib.parse import quote, quote_plus

from flowprobe.core.plain import Plain, plain

__all__ = ["CUT", "REDACTED", "SHORTEST", "Redactor", "cut_short", "redacted"]

REDACTED = "«redacted»"
CUT = "…"
"""What stands at the end of a text that was cut short; whoever cuts one has to put it there."""
SHORTEST = 4
"""A shorter secret would blank out half of every report; `register` refuses it."""
_LUMP = 4096
_BLOCK = 8
_COVERS = 2 * _BLOCK - 1
_ERRORS = "surrogatepass"


def cut_short(text: str, longest: int) -> str:
    """At most so many characters of a text that may hold a secret, and the mark where there were more."""
    return text if len(text) <= longest else text[:longest] + CUT


def redacted(redact: Callable[[str], str], texts: Iterable[str]) -> Iterator[str]:
    """Each of many short texts, as `redact` leaves it. Most hold no secret: so several are looked at as one, and each
    by itself only where something was found in them."""
    lump: list[str] = []
    size = 0
    for text in texts:
        lump.append(text)
        size += len(text)
        if size >= _LUMP:
            yield from _redacted(redact, lump)
            lump, size = [], 0
    yield from _redacted(redact, lump)


def _redacted(redact: Callable[[str], str], texts: list[str]) -> Iterable[str]:
    whole = "\n".join(texts)
    return texts if redact(whole) == whole else map(redact, texts)


@plain
class _Known(Plain):
    """What is looked for: every form, the longest first; those too short to cover a block; the blocks of the others,
    of which each covers one of every so many: `stride`."""

    forms: tuple[str, ...] = ()
    short: tuple[str, ...] = ()
    blocks: frozenset[int] = frozenset()
    stride: int = 1


class Redactor:
    """Knows every secret of the run.

    Most texts hold none of them, and every line of a journal is looked through. A form of fifteen bytes or more
    covers, wherever it stands, one block of eight that begins at a multiple of eight: so the blocks of a text are
    compared with those of all long forms at once, and only shorter forms are looked for one by one. A form of
    twenty-three covers one at a multiple of sixteen, and so on: the shortest long form says how many blocks of a text
    are left out. Keys have forty characters, so that two of three are.

    A secret may be registered while other threads redact: what is known is replaced as one. Two threads that register
    at once are the caller's to keep apart.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known = _Known()
        for secret in secrets:
            self.register(secret)

    def register(self, secret: str) -> None:
        """Remember a value. Raises ValueError for one that is too short to be told from ordinary text."""
        if len(secret) < SHORTEST:
            raise ValueError(f"a secret of fewer than {SHORTEST} characters cannot be redacted")
        forms = _forms(secret) - set(self._known.forms)
        if not forms:
            return
        known = self._known
        long = [data for form in forms if len(data := form.encode("utf-8", _ERRORS)) >= _COVERS]
        short = [form for form in forms if len(form.encode("utf-8", _ERRORS)) < _COVERS]
        strides = [(len(data) - _BLOCK + 1) // _BLOCK for data in long]
        self._known = _Known(
            tuple(sorted((*known.forms, *forms), key=len, reverse=True)), (*known.short, *short),
            known.blocks.union(block for data in long for block in _every(data)),
            min((*strides, known.stride) if known.blocks else strides, default=1))

    def redact(self, text: str) -> str:
        known = self._known
        if not known.forms:
            return text
        if CUT in text:
            text = _without_starts(text, known.forms)
        return _blanked(text, _spans(text, known.forms)) if _may_hold_one(text, known) else text

    __call__ = redact


def _may_hold_one(text: str, known: _Known) -> bool:
    if known.short and any(form in text for form in known.short):
        return True
    data = text.encode("utf-8", _ERRORS)
    aligned = memoryview(data)[: len(data) // _BLOCK * _BLOCK].cast("Q")
    return not known.blocks.isdisjoint(aligned[:: known.stride].tolist())


def _spans(text: str, forms: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where forms stand; those that overlap or hold each other are all found."""
    for form in forms:
        at = text.find(form)
        while at >= 0:
            yield at, at + len(form)
            at = text.find(form, at + 1)


def _blanked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text without its spans: what overlaps goes as one, so that nothing of either is left between."""
    parts: list[str] = []
    shown = 0
    for start, end in _merged(spans):
        parts += (text[shown:start], REDACTED)
        shown = end
    return "".join((*parts, text[shown:]))


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            start, before = merged.pop()
            end = max(before, end)
        merged.append((start, end))
    return merged


def _without_starts(text: str, forms: Iterable[str]) -> str:
    """Texts that were cut short may end in the middle of a secret: its start goes too."""
    pieces = text.split(CUT)
    return CUT.join((*(_without_start(piece, forms) for piece in pieces[:-1]), pieces[-1]))


def _without_start(piece: str, forms: Iterable[str]) -> str:
    """A piece before a cut without the longest start of a secret at its end."""
    found = max((_start_at_end(piece, form) for form in forms), default=0)
    return piece[: len(piece) - found] + REDACTED if found else piece


def _start_at_end(piece: str, form: str) -> int:
    """How many characters of the form stand at the end of the piece, where these are enough to tell it by."""
    lengths = range(min(len(form) - 1, len(piece)), SHORTEST - 1, -1)
    return next((length for length in lengths if piece.endswith(form[:length])), 0)


def _every(data: bytes) -> Iterator[int]:
    """Each block of eight bytes, at every offset."""
    for start in range(len(data) - _BLOCK + 1):
        yield memoryview(data[start : start + _BLOCK]).cast("Q")[0]


# --- the forms of a secret ------------------------------------------------------------------------


def _forms(secret: str) -> set[str]:
    """As it is, URL-encoded (once and twice), escaped for JSON (once, and inside other JSON texts), for XML and for
    XML in JSON, hexadecimal, and base64: alone, and in its three alignments within a longer text, in both alphabets. A
    secret with letters beyond ASCII also as a product shows it that reads headers as Latin-1."""
    raw = secret.encode()
    misread = raw.decode("latin-1")
    return _spelled(secret, raw) if misread == secret else _spelled(secret, raw) | _spelled(misread, misread.encode())


def _spelled(secret: str, raw: bytes) -> set[str]:
    json_forms = _json_forms(secret)
    twice = {form for once in json_forms for form in _json_forms(once)}
    nested = twice | {json.dumps(form, ensure_ascii=False)[1:-1] for form in twice}
    forms = {secret, *_url_forms(secret), *nested, raw.hex(), raw.hex().upper(), *_base64_forms(raw)}
    forms |= {xml for form in {secret, *json_forms, *_url_forms(secret)} for xml in _xml_forms(form)}
    forms |= {form for xml in _xml_forms(secret) for form in _json_forms(xml)}
    forms |= {again for once in _url_forms(secret) for again in _url_forms(once)}
    forms.update(_web_forms(secret))
    return {form for form in forms if len(form) >= SHORTEST}


def _url_forms(secret: str) -> set[str]:
    """Percent-encoded as strictly as can be, for a path, for a form, and as browsers do; in either case."""
    upper = {quote(secret, safe=""), quote(secret), quote_plus(secret), quote(secret, safe="!'()*")}
    return upper | {_lower(form) for form in upper}


def _lower(form: str) -> str:
    """The same with its escapes in lower case: `%2f`."""
    first, *rest = form.split("%")
    return "%".join((first, *(part[:2].lower() + part[2:] for part in rest)))


def _json_forms(text: str) -> set[str]:
    """With and without escapes for what is not ASCII; with `\\/`, and with `\\u003c` for `<`, as some encoders do."""
    plain = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    careful = {_escaped_for_html(form) for form in plain}
    return {text, *plain, *careful, *(form.replace("/", "\\/") for form in plain)}


def _escaped_for_html(form: str) -> str:
    return form.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


_JSON_ESCAPED = (("<>&='", "04x"), ("<>&'\"", "04X"), ("<>&'\"+`", "04X"))
"""Characters that encoders of JSON write as `\\u`, and how: Gson; PHP with its flags for HTML; .NET."""
_HTML_ESCAPED = ("<>&'\"+`", "<>&'\"/`=", "")
"""What encoders of HTML write as a number: .NET; Mustache and its like; '' for whatever is no letter or digit."""


_NUMBERS = ("&#{:d};", "&#x{:X};", "&#x{:x};")
_NAMES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;"}


def _web_forms(secret: str) -> Iterator[str]:
    """As encoders write it that take care of pages: `\\u002B`, also inside another JSON text; `&#43;`, `&#x2B;`."""
    for chosen, digits in _JSON_ESCAPED:
        form = "".join(f"\\u{ord(sign):{digits}}" if sign in chosen else json.dumps(sign, ensure_ascii=False)[1:-1]
                       for sign in secret)
        yield from (form, form.replace("/", "\\/"), form.replace("\\", "\\\\"))
    for chosen, number in product(_HTML_ESCAPED, _NUMBERS):
        numbered = [number.format(ord(sign)) if (sign in chosen if chosen else not sign.isalnum()) else sign
                    for sign in secret]
        yield "".join(numbered)
        yield "".join(_NAMES.get(sign, text) for sign, text in zip(secret, numbered, strict=True))


def _xml_forms(text: str) -> set[str]:
    bare = escape(text, quote=False)
    return {bare, escape(text), bare.replace('"', "&quot;"), escape(text).replace("&#x27;", "&#39;")}


def _base64_forms(raw: bytes) -> set[str]:
    whole = base64.b64encode(raw).decode()
    found = {whole, whole.rstrip("="), *(_base64_core(raw, lead) for lead in range(3))}
    safe = {form.replace("+", "-").replace("/", "_") for form in found}
    return {form for form in found | safe if len(form) >= SHORTEST}


def _base64_core(raw: bytes, lead: int) -> str:
    """The characters of base64 that depend on the secret alone when `lead` bytes stand before it."""
    encoded = base64.b64encode(b"\0" * lead + raw).decode().rstrip("=")
    start = (0, 2, 3)[lead]
    end = len(encoded) - (1 if (lead + len(raw)) % 3 else 0)
    return encoded[start:end]
