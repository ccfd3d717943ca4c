"""What a database does for a history. The statements are the same for every database: `?` stands for a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

__all__ = ["WAIT_S", "Database", "Row", "Work"]

T = TypeVar("T")
Row: TypeAlias = Sequence[Any]
WAIT_S = 10.0
"""How long somebody else may write before we give up."""


class Work(Protocol):
    """The statements of one transaction."""

    def rows(self, statement: str, values: Row = ()) -> list[tuple[Any, ...]]: ...

    def run(self, statement: str, values: Row = ()) -> int:
        """Returns how many rows it changed."""

    def many(self, statement: str, rows: Sequence[Row]) -> None: ...


class Database(Protocol):
    """A task is one transaction: whole or not at all. It may be done twice where a connection was lost on the way.
    Raises ToolFailed with the cause."""

    def read(self, task: Callable[[Work], T]) -> T: ...

    def write(self, task: Callable[[Work], T]) -> T:
        """While no other writes."""

    def shrink(self) -> None:
        """Give room back after much has gone."""

    def close(self) -> None: ...
