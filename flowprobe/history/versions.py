"""The numbered migrations of each store: what its tables were, and how they became what they are."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from flowprobe import __version__
from flowprobe.errors import ToolFailed
from flowprobe.history.work import Work

__all__ = ["Migration", "apply", "migrations", "pending"]

_FOLDER = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Migration:
    """`statements` make a store of the version `number` out of one of the version before; 0 is an empty one."""

    number: int
    statements: tuple[str, ...]


def migrations(store: str) -> tuple[Migration, ...]:
    """All of a store (`sqlite`, `postgres`), the first one first."""
    files = sorted((_FOLDER / store).glob("[0-9][0-9][0-9][0-9].sql"))
    return tuple(Migration(int(file.stem), _statements(file.read_text(encoding="utf-8"))) for file in files)


def _statements(script: str) -> tuple[str, ...]:
    """One after the other: none of them holds a line that ends in a semicolon but its last."""
    parts = re.split(r";\s*$", script, flags=re.MULTILINE)
    return tuple(part.strip() for part in parts if part.strip())


def pending(known: tuple[Migration, ...], version: int, *, place: str, written_by: str) -> tuple[Migration, ...]:
    """What is to be done to a store of this version. Raises ToolFailed where a later FlowProbe has been there:
    `written_by` is which, '' where nobody can tell."""
    newest = known[-1].number
    if version > newest:
        needed = f"FlowProbe {written_by}" if written_by else "a newer FlowProbe"
        raise ToolFailed(f"the history {place} is of version {version}, and FlowProbe {__version__} knows up to "
                         f"{newest}: install {needed} or later, or name another with --history")
    return tuple(each for each in known if each.number > version)


def apply(work: Work, migration: Migration) -> None:
    """Within a transaction that holds the writer's lock."""
    for statement in migration.statements:
        work.run(statement)
    work.run("INSERT INTO migrations (number, flowprobe, at) VALUES (?, ?, ?)",
             (migration.number, __version__, time.time()))
