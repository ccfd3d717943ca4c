"""What every reader of a store has in common: who asks, what comes back, and how a store that fails is told.

A reader never raises for what a store does: it brings what it found, and one sentence on what kept it from more. It
sees no secret: whoever makes it hands it a way to ask, which signs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from flowprobe.core.plain import Plain, plain
from flowprobe.core.telemetry import Telemetry
from flowprobe.core.wire import NoReply, Outcome, Reply

__all__ = ["LONGEST", "MOST", "Ask", "Found", "Reader", "by_trace", "epoch", "hex_id", "items", "parsed", "printable",
           "reply_of", "text_of"]

MOST = 2_000
"""How many spans and lines are taken of one trace."""
LONGEST = 4_000
"""How many characters of one text are taken."""
_SHOWN = 160
_YEAR_2200 = 7_258_118_400
_HEX = frozenset("0123456789abcdef")

Ask: TypeAlias = Callable[[str], Outcome]
"""Makes a GET of a URL, within a time and a size, with whatever the store wants to be shown."""


@plain
class Found(Plain):
    """What a reader brings, and '' or one sentence why it is not more."""

    said: tuple[Telemetry, ...] = ()
    trouble: str = ""


class Reader(Protocol):
    """A place where a product's spans or log lines are kept. `name` is what people call it, with its address."""

    @property
    def name(self) -> str: ...

    def read(self, traces: Sequence[str]) -> Found:
        """What is known under these trace ids (32 hex digits each); nothing of any other."""


def by_trace(traces: Sequence[str], read: Callable[[str], Found]) -> Found:
    """One question for each trace, until one goes wrong: the next would too, and take as long."""
    said: list[Telemetry] = []
    for trace in traces:
        found = read(trace)
        said += found.said[:MOST]
        if found.trouble:
            return Found(tuple(said), found.trouble)
    return Found(tuple(said))


def reply_of(name: str, outcome: Outcome) -> tuple[bytes, str]:
    """The body of a good reply, or b'' and why there is none; b'' and '' where the store knows nothing (404)."""
    match outcome:
        case NoReply(detail=detail):
            return b"", f"{name} cannot be asked: {detail.rstrip('.')}; see that it runs, and that its URL is right"
        case Reply(status=200, truncated=False, body=body):
            return body, ""
        case Reply(status=404):
            return b"", ""
        case Reply(status=200):
            return b"", f"{name} answers more than can be read; narrow what is asked for"
        case Reply(status=401 | 403 as status):
            return b"", f"{name} refuses us ({status}): see `auth` and `headers` of this reader"
        case Reply(status=status) if 300 <= status < 400:
            return b"", f"{name} sends us elsewhere ({status}): name the URL of its API, not one that leads to it"
        case Reply(status=status, body=body):
            return b"", f"{name} answers {status}{_excerpt(body)}"


def _excerpt(body: bytes) -> str:
    words = " ".join(printable(body[:2_000].decode("utf-8", "replace")).split())
    return f": {words[:_SHOWN]}" if words else ""


def printable(text: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}" for each in text)


# --- JSON that nobody vouches for -----------------------------------------------------------------


def parsed(body: bytes) -> Mapping[str, Any]:
    """A JSON object. Raises ValueError."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("its reply is no JSON") from error
    if not isinstance(value, dict):
        raise ValueError("its reply is no JSON object")
    return value


def items(value: Any) -> Iterable[Mapping[str, Any]]:
    """The objects of a list; what is none is passed over."""
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else ()


def text_of(value: Any) -> str:
    """A single value as text; what has parts as JSON, what is not there as ''."""
    match value:
        case None:
            return ""
        case str():
            return value[:LONGEST]
        case bool():
            return str(value).lower()
        case int() | float():
            return f"{value}"[:LONGEST]
        case _:
            return json.dumps(value, ensure_ascii=False)[:LONGEST]


def hex_id(value: Any, digits: int) -> str:
    """An id in lower case and with its leading zeros, which some stores drop; '' for what is none."""
    text = value.lower() if isinstance(value, str) else ""
    return text.zfill(digits) if text and len(text) <= digits and _HEX.issuperset(text) else ""


def epoch(value: Any, *, per_second: int) -> float:
    """Seconds since the epoch of a number, or of the text of one. Raises ValueError for what is no time."""
    try:
        number = int(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number < _YEAR_2200 * per_second:
            raise ValueError
    except ValueError:
        raise ValueError("a time in its reply is none") from None
    return number / per_second
