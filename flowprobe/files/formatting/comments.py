"""The comments of a file, with their places. YAML libraries drop them; between two scalars nothing else can start
with `#`, so they are found there."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flowprobe.files.nodes import Mapping, Node, Scalar

__all__ = ["Comment", "blank_lines", "find_comments", "is_block", "scalars"]

_COMMENT = re.compile("#[^\n\x85\u2028\u2029]*")
_BREAK = re.compile("[\n\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Comment:
    """`text` with its `#`; line and column count from 0. `own`: nothing else stands on its line; `gap`: how many
    blanks stand before it."""

    index: int
    line: int
    column: int
    text: str
    own: bool
    gap: int


def scalars(node: Node) -> Iterator[Scalar]:
    """Every scalar below a node, keys too, in the order of the file."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Mapping):
        for key, value in node.value:
            yield key
            yield from scalars(value)
    else:
        for item in node.value:
            yield from scalars(item)


def is_block(node: Scalar, text: str) -> bool:
    """Whether a scalar is one of the styles `|` and `>`."""
    return not node.plain and text[node.start.index] in "|>"


def find_comments(text: str, root: Node) -> list[Comment]:
    """The comments of a text without carriage returns, in order; `root` is what it was composed to."""
    starts = [0, *(found.end() for found in _BREAK.finditer(text))]
    return [_comment(found, starts, text) for start, end in _gaps(text, root)
            for found in _COMMENT.finditer(text, start, end)]


def _gaps(text: str, root: Node) -> Iterator[tuple[int, int]]:
    """From where to where no scalar stands; the line on which a block scalar is opened is such a gap too."""
    at = 0
    for node in scalars(root):
        yield at, node.start.index
        at = node.end.index
        if is_block(node, text):
            opened = text.find("\n", node.start.index)
            yield node.start.index, len(text) if opened < 0 else opened
    yield at, len(text)


def _comment(found: re.Match[str], starts: list[int], text: str) -> Comment:
    line = bisect_right(starts, found.start()) - 1
    before = text[starts[line]:found.start()]
    return Comment(found.start(), line, len(before), found[0].rstrip(" \t"), not before.strip(" \t"),
                   len(before) - len(before.rstrip(" \t")))


def blank_lines(text: str, values: Iterable[Scalar]) -> frozenset[int]:
    """The numbers (from 0) of the lines on which nothing stands, and that are no part of a scalar."""
    blank = {number for number, line in enumerate(_BREAK.split(text)) if not line.strip(" \t")}
    for node in values:
        if node.end.line > node.start.line and not (is_block(node, text) and "+" not in _opening(node, text)):
            blank.difference_update(range(node.start.line, node.end.line))
    return frozenset(blank)


def _opening(node: Scalar, text: str) -> str:
    return text[node.start.index:node.start.index + 3]
