"""A history that a team shares, in the schema `flowprobe` of a PostgreSQL.

Nothing is expected of a session: every transaction says what it needs, so that a pool may stand between.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import conninfo, errors

from flowprobe.errors import InvalidInput, Problem, ToolFailed
from flowprobe.history.urls import shown
from flowprobe.history.versions import Migration, apply, migrations, pending
from flowprobe.history.work import WAIT_S, Row, Work

__all__ = ["PostgresDatabase"]

T = TypeVar("T")
_WRITER = 0x464C5052
"""The advisory lock of whoever writes: FLPR."""
_CONNECT_S = 10
_READING = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
_FOR_THIS = "SELECT set_config('search_path', 'flowprobe', true), set_config('lock_timeout', %s, true)"
_HOLDERS = """
SELECT a.pid, a.application_name, host(a.client_addr) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid = 0 AND l.objid = %s AND l.objsubid = 1 AND l.granted
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class PostgresDatabase:
    """One connection, which one thread uses at a time; a night is long, and one that is lost is made again."""

    def __init__(self, url: str, *, wait_s: float = WAIT_S, known: Sequence[Migration] = ()) -> None:
        self._wait_ms = str(int(wait_s * 1000))
        self._lock = threading.RLock()
        self._place = shown(url)
        self._parts = _parts(url)
        with self._telling("opened"):
            self._connection = self._connected()
        try:
            self._settle(tuple(known or migrations("postgres")))
        except BaseException:
            self._connection.close()
            raise

    def read(self, task: Callable[[Work], T]) -> T:
        return self._done("read", task, writing=False)

    def write(self, task: Callable[[Work], T]) -> T:
        return self._done("written", task, writing=True)

    def shrink(self) -> None:
        """The server sees to it."""

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    # --- transactions ---

    def _done(self, what: str, task: Callable[[Work], T], *, writing: bool) -> T:
        """Once more where the connection was lost: what is kept twice is kept once."""
        with self._lock, self._telling(what):
            try:
                return self._once(task, writing=writing)
            except psycopg.OperationalError:
                if not self._connection.broken and not self._connection.closed:
                    raise
            self._connection = self._connected()
            return self._once(task, writing=writing)

    def _once(self, task: Callable[[Work], T], *, writing: bool) -> T:
        with self._connection.transaction():
            if not writing:
                self._connection.execute(_READING)
            self._connection.execute(_FOR_THIS, (self._wait_ms,))
            if writing:
                self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITER,))
            return task(_Work(self._connection))

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Without prepared statements, which a pool between us and the server would mix up."""
        name = f"flowprobe on {socket.gethostname()}, process {os.getpid()}"
        parts = {"connect_timeout": _CONNECT_S, "application_name": name[:63], **self._parts}
        return psycopg.connect(**parts, autocommit=True, prepare_threshold=None)

    # --- bringing the tables to what we know ---

    def _settle(self, known: tuple[Migration, ...]) -> None:
        if self.read(lambda work: self._pending(work, known)):
            self.write(lambda work: self._migrate(work, known))

    def _migrate(self, work: Work, known: tuple[Migration, ...]) -> None:
        """While nobody else can: another process may have been quicker."""
        if not work.rows("SELECT 1 FROM pg_namespace WHERE nspname = 'flowprobe'"):
            work.run("CREATE SCHEMA flowprobe")
        for step in self._pending(work, known):
            apply(work, step)

    def _pending(self, work: Work, known: tuple[Migration, ...]) -> tuple[Migration, ...]:
        number, written_by = 0, ""
        if work.rows("SELECT to_regclass('flowprobe.migrations')") != [(None,)]:
            number, written_by = work.rows("SELECT number, flowprobe FROM migrations ORDER BY number DESC LIMIT 1")[0]
        return pending(known, number, place=self._place, written_by=written_by)

    # --- what went wrong ---

    @contextmanager
    def _telling(self, done: str) -> Iterator[None]:
        try:
            yield
        except errors.LockNotAvailable as error:
            raise ToolFailed(f"the history {self._place} cannot be {done}: {self._holder()} is writing to it; "
                             "try again when that has ended") from error
        except errors.InsufficientPrivilege as error:
            raise ToolFailed(f"the history {self._place} cannot be {done}: {self._said(error)}; let its owner run "
                             "`CREATE SCHEMA flowprobe AUTHORIZATION` with your role") from error
        except (psycopg.Error, UnicodeError) as error:
            raise ToolFailed(f"the history {self._place} cannot be {done}: {self._said(error)}") from None

    def _said(self, error: Exception) -> str:
        """Without the password, should the server repeat it."""
        said = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
        password = self._parts.get("password") or os.environ.get("PGPASSWORD")
        return said.replace(str(password), "***") if password else said

    def _holder(self) -> str:
        with suppress(psycopg.Error):
            for process, name, host in self._connection.execute(_HOLDERS, (_WRITER,)).fetchall():
                return f"{name or 'another program'} (server process {process}{f', from {host}' if host else ''})"
        return "another process"


class _Work:
    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Row = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(_ours(statement), values or None).fetchall()

    def run(self, statement: str, values: Row = ()) -> int:
        return self._connection.execute(_ours(statement), values or None).rowcount

    def many(self, statement: str, rows: Sequence[Row]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(_ours(statement), rows)


def _parts(url: str) -> dict[str, Any]:
    """What of it is refused is not repeated: it may be a piece of a password."""
    try:
        if shown(url):
            return dict(conninfo.conninfo_to_dict(url))
    except (psycopg.Error, UnicodeError):
        pass
    raise InvalidInput((Problem("no-history", "--history", 0, 0, "the URL of the history cannot be read", "write "
                                "postgresql://USER@HOST:PORT/DATABASE; in a password, write %2F for / and %40 for @"),))


def _ours(statement: str) -> LiteralString:
    """None of our statements has a `?` or a `%` that means something else."""
    return statement.replace("?", "%s")
