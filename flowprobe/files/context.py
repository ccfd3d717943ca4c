"""What the readers of one file share: its source, and the problems and look-ups met so far: `templates`, and
`paths`, the dotted ones that stand as a key; `used` has the scenarios that steps use, by the place of the step's key,
and `load` reads one; `attached` has the files that are sent, each once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flowprobe.core.bodies import Attachment
from flowprobe.core.expressions import Malformed, parse
from flowprobe.core.scenario import Lookup, Position, Scenario, Template
from flowprobe.core.values import Places
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.nodes import Mapping, Node, Scalar
from flowprobe.files.problems import Source
from flowprobe.files.scalars import Kind, kind_of, seen

if TYPE_CHECKING:
    from flowprobe.files.outline import Outline

__all__ = ["BAD", "MAX_PROBLEMS", "Context"]


MAX_PROBLEMS = 100
"""More are not read by anyone, and looking for near misses takes its time."""


class _Bad:
    def __repr__(self) -> str:
        return "BAD"


BAD: Final[Any] = _Bad()
"""Stands for a value that could not be read; why is among the problems already."""


class Context:
    """One reading of one file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.file = source.file
        self.problems: list[Problem] = []
        self.templates: list[tuple[Template, Scalar]] = []
        self.paths: list[tuple[Lookup, Scalar]] = []
        self.hidden: list[str] = []
        self.used: dict[int, Scenario] = {}
        self.attached: dict[str, Attachment] = {}
        self.load: Callable[[Path], Scenario] | None = None
        self.outline: Outline | None = None

    def position(self, node: Node) -> Position:
        line, column = node.spot
        return Position(self.file, line + 1, column + 1)

    def places(self, node: Mapping) -> Places:
        """The positions of its keys."""
        return Places(self.file, tuple(part for key, _ in node.value for part in (key.value, *key.spot)))

    def report(self, id: str, node: Node, *, offset: int | None = None, width: int | None = None,
               **words: object) -> Any:
        """Note a problem at a node (or at an offset of its text) and return BAD."""
        line, column = self.place(node, offset)
        if width is None:
            width = self.width(node) if offset is None else 1
        self.problems.append(self.source.problem(id, line, column, width=width, **words))
        if len(self.problems) > MAX_PROBLEMS:
            raise InvalidInput(self.finished())
        return BAD

    def wrong_type(self, node: Node, what: str, wanted: str, example: str = "") -> Any:
        instead = f"write for example {example}" if example else ""
        return self.report("wrong-type", node, what=what, wanted=wanted, seen=seen(node), instead=instead)

    def width(self, node: Node) -> int:
        """How many characters the caret underlines: a scalar, or the first key of a block."""
        if isinstance(node, Mapping) and node.value:
            first = node.value[0][0]
            node = first if first.start.column == node.start.column else node
        same_line = node.start.line == node.end.line
        return max(1, int(node.end.column - node.start.column)) if same_line else 1

    def place(self, node: Node, offset: int | None = None) -> tuple[int, int]:
        """Line and column of a node, or of an offset of its text as far as escapes allow to tell."""
        line, column = node.spot
        line, column = line + 1, column + 1
        if offset is None or not isinstance(node, Scalar):
            return line, column
        opening = node.value.rfind("${", 0, offset + 2)
        if opening >= 0:
            return self._opening(node, node.value.count("${", 0, opening), offset - opening)
        width = node.end.column - node.start.column - (0 if node.plain else 2)
        if node.start.line == node.end.line and width == len(node.value):
            return line, column + offset + (0 if node.plain else 1)
        return line, column

    def _opening(self, node: Scalar, number: int, beyond: int) -> tuple[int, int]:
        """Where the `${` with this number (from 0) stands in the file, and so many characters on."""
        at = node.start.column
        for line in range(node.start.line + 1, node.end.line + 2):
            text = self.source.line(line)
            while (at := text.find("${", at)) >= 0:
                if number == 0:
                    return line, at + beyond + 1
                number, at = number - 1, at + 2
            at = 0
        return self.place(node)

    def text(self, node: Scalar, value: str, *, start: int = 0) -> str | Template | Any:
        """`value` (the node's text from `start` on) with its `${...}` parsed."""
        if "${" not in value:
            return value
        line, column = self.place(node, start or None)
        parsed = parse(value, Position(self.file, line, column))
        if isinstance(parsed, Malformed):
            return self.report("bad-template", node, offset=start + parsed.offset, found=parsed.found,
                               instead=parsed.instead)
        if isinstance(parsed, Template):
            self.templates.append((parsed, node))
        return parsed

    def plain_text(self, node: Node, what: str, wanted: str, example: str = "") -> str | Any:
        """The text of a string, or BAD."""
        if isinstance(node, Scalar) and kind_of(node) is Kind.TEXT:
            return node.value
        return self.wrong_type(node, what, wanted, example)

    def finished(self) -> tuple[Problem, ...]:
        """Every problem, in the order of the file; a secret that stood where its name belongs is masked."""
        once = dict.fromkeys(self.problems)  # those of a file that is used twice come twice
        found = sorted(once, key=lambda problem: (problem.file != self.file, problem.line, problem.column))
        if len(found) > MAX_PROBLEMS:
            found[MAX_PROBLEMS:] = [self.source.problem("too-many-problems", limit=MAX_PROBLEMS)]
        for secret in self.hidden:
            found = [replace(p, source=p.source.replace(secret, "*" * len(secret))) for p in found]
        return tuple(found)
