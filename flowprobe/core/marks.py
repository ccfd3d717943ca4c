"""Finding the ids of trials in what a request says, however it is written there: plainly, in capitals, with escapes
of a URL or of JSON, or in base64 at any alignment (a JWT, a MIME part).

Nothing is parsed: an id is 16 hex digits, so its base64 is one of three texts and is searched for as such. The work
is linear in what is looked at, and that is bounded.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

__all__ = ["SCANNED_BYTES", "Marks", "foreign_items"]

SCANNED_BYTES = 1 << 20
"""Bodies are searched for the ids of trials up to this length."""

_FEW = 8
_HEX_RUN = re.compile(rb"[0-9a-f]{16,}")
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{20,}")
_ESCAPED_IN_URL = re.compile(rb"%[346]")
_ESCAPED_IN_JSON = re.compile(rb"\\u00([346][0-9a-fA-F])")
_BATCH_BYTES = 256 << 10


class Marks:
    """The ids of these trials, ready to be searched for."""

    def __init__(self, trials: Iterable[str]) -> None:
        self.trials = tuple(trials)
        self._plain = {trial.encode(): trial for trial in self.trials}
        self._base64 = {form: trial for trial in self.trials for form in _aligned(trial.encode())}

    def found(self, text: bytes) -> frozenset[str]:
        """The trials whose id stands in a text."""
        if not self.trials:
            return frozenset()
        found = set(self._in_plain(text.lower()))
        found.update(self._in_base64(text))
        for other in _otherwise(text):
            found.update(self._in_plain(other.lower()))
            found.update(self._in_base64(other))
        return frozenset(found)

    def _in_plain(self, text: bytes) -> Iterator[str]:
        if len(self._plain) <= _FEW:
            return (trial for token, trial in self._plain.items() if token in text)
        return self._in_runs(text)

    def _in_runs(self, text: bytes) -> Iterator[str]:
        """Of many trials: hex digits are rare, and each place among them is one look-up."""
        for run in _HEX_RUN.findall(text):
            for start in range(len(run) - 15):
                if trial := self._plain.get(run[start : start + 16]):
                    yield trial

    def _in_base64(self, text: bytes) -> Iterator[str]:
        if len(self._base64) > 3 * _FEW:  # the base64 of hex digits has capitals
            text = b" ".join(run for run in _BASE64_RUN.findall(text) if not run.islower())
        return (trial for form, trial in self._base64.items() if form in text)


def _aligned(token: bytes) -> Iterator[bytes]:
    """What is the same in the base64 of every text that holds the token, for each of the three places where it can
    begin. The digits of hex come out alike in both alphabets of base64."""
    for before in range(3):
        length = before + len(token)
        encoded = base64.b64encode(b"\0" * before + token + b"\0" * (-length % 3))
        yield encoded[(before * 4 + 2) // 3 : length * 4 // 3]


def _otherwise(text: bytes) -> Iterator[bytes]:
    """The same without the escapes and the line breaks that an id can be hidden by, where it has any."""
    if _ESCAPED_IN_URL.search(text):
        yield unquote_to_bytes(text)
    if b"\\u00" in text:
        yield _ESCAPED_IN_JSON.sub(lambda found: bytes.fromhex(found[1].decode()), text)
    if b"ase64" in text or b"ASE64" in text:
        yield text.replace(b"\r", b"").replace(b"\n", b"")


# --- batches --------------------------------------------------------------------------------------


def foreign_items(content: bytes, is_ours: Any) -> bool:
    """Whether a body is a batch of which only some items are ours: a JSON list, a list in a JSON object that holds our
    mark nowhere else, or lines of JSON. `is_ours(text) -> bool` knows the mark. A body that is too long to be taken
    apart counts as one thing."""
    items = _items(content, is_ours) if len(content) <= _BATCH_BYTES else ()
    ours = [is_ours(item) for item in items]
    return any(ours) and not all(ours)


def _items(content: bytes, is_ours: Any) -> tuple[bytes, ...]:
    start = content.lstrip()[:1]
    if start not in (b"[", b"{"):
        return ()
    try:
        whole = json.loads(content)
    except (ValueError, RecursionError):
        return tuple(line for line in content.splitlines() if line.strip()) if start == b"{" else ()
    match whole:
        case list():
            return _objects(whole)
        case dict():
            return _listed(whole, is_ours)
        case _:
            return ()


def _listed(whole: dict[str, Any], is_ours: Any) -> tuple[bytes, ...]:
    """The items of the lists at the top of an object, where only they bear the mark."""
    items = tuple(item for value in whole.values() if isinstance(value, list) for item in _objects(value))
    rest = {key: value for key, value in whole.items() if not (isinstance(value, list) and _objects(value))}
    return () if is_ours(json.dumps(rest).encode()) else items


def _objects(values: list[Any]) -> tuple[bytes, ...]:
    """The items of a list as texts, where they are objects: things of their own, and not the parts of one."""
    return tuple(json.dumps(each).encode() for each in values) if all(isinstance(v, dict) for v in values) else ()
