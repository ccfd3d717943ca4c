"""Frozen values that are quick to define.

A dataclass writes a text and compiles it for each of its methods, at every start of the program: for a hundred classes
that is a good part of what a short command takes. What compares, hashes and shows them is the same for all, and stands
here once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar, dataclass_transform

__all__ = ["Plain", "plain"]

T = TypeVar("T")


class Plain:
    """What `plain` values have in common: they are equal where their parts are."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __eq__(self, other: object) -> bool:
        if self.__class__ is not other.__class__:
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _compared(self))

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in _compared(self)))

    def __repr__(self) -> str:
        shown = (name for name, each in self.__dataclass_fields__.items() if each.repr)
        return f"{self.__class__.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


def _compared(value: Plain) -> list[str]:
    return [name for name, each in value.__dataclass_fields__.items() if each.compare]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def plain(cls: type[T]) -> type[T]:
    """A frozen, slotted dataclass; it inherits from `Plain`."""
    return dataclass(frozen=True, slots=True, eq=False, repr=False)(cls)
