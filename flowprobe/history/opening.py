"""From what a person names as the place of a history to the history that is there."""

from __future__ import annotations

from pathlib import Path

from flowprobe.errors import InvalidInput, Problem, ToolFailed
from flowprobe.history.sqlite import SqliteDatabase, copy_file
from flowprobe.history.store import Store
from flowprobe.history.urls import is_server, path_of
from flowprobe.history.work import WAIT_S

__all__ = ["backup", "open_history"]


def open_history(place: str, *, wait_s: float = WAIT_S) -> Store:
    """`place` is a file, `sqlite:///FILE`, `:memory:` or `postgresql://…`; a file that is not there is made. `wait_s`
    is how long another may write before we give up. Raises ToolFailed where it cannot be reached, and InvalidInput
    where it is no place."""
    if is_server(place):
        return _shared(place, wait_s)
    return Store(SqliteDatabase(path_of(place), wait_s=wait_s))


def _shared(place: str, wait_s: float) -> Store:
    try:
        from flowprobe.history.postgres import PostgresDatabase
    except ImportError:
        raise ToolFailed("a history in PostgreSQL needs psycopg, which is not installed: run `pip install "
                         "'flowprobe[postgres]'`, or name a file with --history") from None
    return Store(PostgresDatabase(place, wait_s=wait_s))


def backup(place: str, target: Path) -> None:
    """A copy of all of it, as of one moment. Raises InvalidInput where that is another program's to do, or where
    something is at `target`; ToolFailed."""
    if is_server(place):
        raise InvalidInput((Problem("no-backup", "--history", 0, 0, "a PostgreSQL copies itself",
                                    "use `pg_dump --schema flowprobe`, or `flowprobe history export`"),))
    if target.exists():
        raise InvalidInput((Problem("file-exists", str(target), 0, 0, "there is a file already",
                                    "name another, or remove it"),))
    copy_file(path_of(place), target)
