"""The values of a scenario: JSON values in which a string may be a `Template`, text with `${...}` in it, parsed when
the file is loaded and resolved, once, when the step is reached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Arithmetic", "Constant", "Expression", "Lookup", "Position", "Template", "Text", "Value"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Lookup:
    """A dotted path over declared names: `invite.id` is ('invite', 'id')."""

    path: tuple[str, ...]

    def __str__(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, or a duration in seconds (`seconds=True`) that can be added to a time."""

    value: int | float
    seconds: bool = False

    def __str__(self) -> str:
        return f"{self.value}s" if self.seconds else str(self.value)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left operator right`, where the operator is one of + - *."""

    operator: str
    left: Expression
    right: Expression

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


Expression: TypeAlias = Lookup | Constant | Arithmetic


@dataclass(frozen=True, slots=True)
class Template:
    """Text with look-ups. A single part that is an expression keeps the type of what it finds."""

    parts: tuple[str | Expression, ...]
    position: Position

    def __str__(self) -> str:
        return "".join(p.replace("${", "$${") if isinstance(p, str) else "${" + str(p) + "}" for p in self.parts)


Text: TypeAlias = str | Template
Value: TypeAlias = "bool | int | float | str | Template | Sequence[Value] | Mapping[str, Value] | None"
