"""The values of a scenario: JSON values in which a string may be a `Template`, text with `${...}` in it, parsed when
the file is loaded and resolved, once, when the step is reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from flowprobe.core.plain import Plain, plain

__all__ = ["Arithmetic", "Constant", "Expression", "Lookup", "Places", "Position", "Template", "Text", "Value"]


@plain
class Position(Plain):
    """A place in a file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Places(Mapping[str, Position]):
    """Where the keys of a record stand. Each `Position` is made when it is asked for, which is in a message at most: to
    hold them all would be a fifth of a long scenario. `spots` are a key, its line and its column from 0, by turns."""

    __slots__ = ("_file", "_spots")

    def __init__(self, file: str, spots: tuple[str | int, ...]) -> None:
        self._file = file
        self._spots = spots

    def __getitem__(self, key: str) -> Position:
        for at in range(0, len(self._spots), 3):
            if self._spots[at] == key:
                _, line, column = self._spots[at:at + 3]
                return Position(self._file, int(line) + 1, int(column) + 1)
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(str(key) for key in self._spots[::3])

    def __len__(self) -> int:
        return len(self._spots) // 3

    def __repr__(self) -> str:
        return repr(dict(self))


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
