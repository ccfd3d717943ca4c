"""The types of plain scalars, fewer than YAML 1.1 knows: null, true and false, decimal numbers; all else is
text.

So `00123456`, `no`, `12:30`, `1_000` and `0x10` stay what they are. What stands in quotes is text.
"""

from __future__ import annotations

import json
import re
from enum import Enum, auto

from flowprobe.core.expressions import parse_number
from flowprobe.files.nodes import Node, Scalar, Sequence

__all__ = ["Kind", "kind_of", "number", "respelled", "seen"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"", "~", "null", "true", "false"}
_STARTS = frozenset("-0123456789")
_SHOWN = 40
_SURELY = 16  # 15 digits and a point: a double holds as many


class Kind(Enum):
    """What a scalar is."""

    TEXT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    NULL = auto()


def kind_of(node: Scalar) -> Kind:
    """The kind of a scalar, by its first character where that is enough."""
    if not node.plain:
        return Kind.TEXT
    text = node.value
    if text in _WORDS:
        return Kind.BOOLEAN if text in ("true", "false") else Kind.NULL
    return Kind.NUMBER if text[0] in _STARTS and _NUMBER.fullmatch(text) else Kind.TEXT


def number(node: Scalar) -> int | float | None:
    """The value of a NUMBER; None where it cannot be held as it is written: it is too large, too small or too long."""
    found = parse_number(node.value)
    return found if not isinstance(found, float) or _is_exact(node.value, found) else None


def respelled(node: Scalar) -> str | None:
    """A NUMBER as we would write it; None where it cannot be held."""
    found = number(node)
    return None if found is None else repr(found)


def _is_exact(text: str, found: float) -> bool:
    """Whether the shortest spelling of a float is the number that was written; a few digits always are."""
    if len(text) <= _SURELY and "e" not in text and "E" not in text:
        return True
    return _digits(text) == _digits(repr(found))


def _digits(text: str) -> tuple[str, int]:
    """A number without its sign as its digits and the power of ten of the last of them."""
    mantissa, _, exponent = text.lower().partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    every = (whole + fraction).lstrip("0")
    digits = every.rstrip("0")
    return digits, int(exponent or 0) - len(fraction) + len(every) - len(digits) if digits else 0


def seen(node: Node) -> str:
    """What stands there, in words: `the number 2`, `the text "two"`, `a list`."""
    if not isinstance(node, Scalar):
        return "a list" if isinstance(node, Sequence) else "a mapping"
    match kind_of(node):
        case Kind.NULL:
            return "nothing"
        case Kind.NUMBER:
            return f"the number {_cut(node.value)}"
        case Kind.BOOLEAN:
            return node.value
        case Kind.TEXT:
            return f"the text {json.dumps(_cut(node.value), ensure_ascii=False)}"


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
