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

__all__ = ["Kind", "kind_of", "number", "seen"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"", "~", "null", "true", "false"}
_STARTS = frozenset("-0123456789")
_SHOWN = 40


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
    """The value of a NUMBER; None where it is too large."""
    return parse_number(node.value)


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
