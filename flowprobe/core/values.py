"""The values of a scenario: JSON values in which a string may be a `Template`, text with `${...}` in it, parsed when
the file is loaded and resolved, once, when the step is reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from flowprobe.core.plain import Plain, plain

__all__ = ["Arithmetic", "Constant", "Expression", "Lookup", "Position", "Template", "Text", "Value"]


@plain
class Position(Plain):
    """A place in a file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@plain
class Lookup(Plain):
    """A dotted path over declared names: `invite.id` is ('invite', 'id')."""

    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.path)


@plain
class Constant(Plain):
    """A number, or a duration in seconds (`seconds=True`) that can be added to a time."""

    value: int | float
    seconds: bool = False

    def __str__(self) -> str:
        return f"{self.value}s" if self.seconds else str(self.value)


@plain
class Arithmetic(Plain):
    """`left operator right`, where the operator is one of + - *."""

    operator: str
    left: Expression
    right: Expression

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


Expression: TypeAlias = Lookup | Constant | Arithmetic


@plain
class Template(Plain):
    """Text with look-ups. A single part that is an expression keeps the type of what it finds."""

    parts: tuple[str | Expression, ...]
    position: Position

    def __str__(self) -> str:
        return "".join(p.replace("${", "$${") if isinstance(p, str) else "${" + str(p) + "}" for p in self.parts)


Text: TypeAlias = str | Template
Value: TypeAlias = "bool | int | float | str | Template | Sequence[Value] | Mapping[str, Value] | None"
