"""A history that is shared: who may write, what is there after a crash, and what is never told."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from flowprobe import __version__
from flowprobe.core.nights.model import Night, State
from flowprobe.errors import InvalidInput, ToolFailed
from flowprobe.history import open_history
from flowprobe.history.opening import backup
from flowprobe.history.postgres import PostgresDatabase
from flowprobe.history.store import Store
from flowprobe.history.urls import shown
from flowprobe.history.versions import Migration, migrations
from tests.history.server import Server, running, why_none

NIGHT = Night("staging", "2026-03-01", State.ENDED, 1000.0)
LATER = Migration(2, ("ALTER TABLE nights ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'",))


def test_where_there_is_no_server_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    assert why_none(path=str(tmp_path), installed=tmp_path) == (
        "no PostgreSQL server is installed here: apt-get install postgresql")


# --- writers --------------------------------------------------------------------------------------


@pytest.fixture
def locked(postgres: str) -> Iterator[str]:
    """A history that another session is writing to."""
    open_history(postgres).close()
    with psycopg.connect(postgres, application_name="somebody") as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (0x464C5052,))
        yield postgres
        other.rollback()


def test_who_writes_is_named_to_whoever_waited_in_vain(locked: str) -> None:
    with closing(open_history(locked, wait_s=0.05)) as history:
        with pytest.raises(ToolFailed, match=r"cannot be written: somebody \(server process \d+\) is writing to it; "
                                             "try again when that has ended"):
            history.keep_night(NIGHT)
        assert history.nights("staging") == (), "whoever reads does not wait"


def test_many_may_open_a_history_that_is_not_there_yet(postgres: str) -> None:
    failures = []

    def keep(number: int) -> None:
        try:
            with closing(open_history(postgres)) as history:
                history.keep_night(Night("staging", f"night-{number}", State.ENDED, float(number)))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with closing(open_history(postgres)) as history:
        assert len(history.nights("staging")) == 6


def test_a_connection_that_was_lost_is_made_again(postgres: str) -> None:
    with closing(open_history(postgres)) as history:
        history.keep_night(NIGHT)
        with psycopg.connect(postgres, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
                          "'flowprobe on %'")
        history.keep_night(Night("staging", "2026-03-02", State.ENDED, 2000.0))
        assert [night.name for night in history.nights("staging")] == ["2026-03-01", "2026-03-02"]


@pytest.mark.skipif(bool(why_none()), reason=why_none())
def test_a_server_that_crashes_leaves_what_was_kept_and_one_that_is_gone_is_told() -> None:
    with running() as server, closing(open_history(server.url)) as history:
        history.keep_night(NIGHT)
        server.stop("immediate")
        with pytest.raises(ToolFailed, match=r"cannot be read: .*connection"):
            history.nights("staging")
        server.start()
        assert history.nights("staging") == (NIGHT,)


# --- versions -------------------------------------------------------------------------------------


def test_an_older_history_is_brought_to_what_we_know_and_is_then_refused_by_an_older_flowprobe(postgres: str) -> None:
    with closing(open_history(postgres)) as history:
        history.keep_night(NIGHT)
    for _ in range(2):
        with closing(Store(PostgresDatabase(postgres, known=(*migrations("postgres"), LATER)))) as history:
            assert history.nights("staging") == (NIGHT,)
    with psycopg.connect(postgres) as connection:
        assert connection.execute("SELECT mood FROM flowprobe.nights").fetchall() == [("calm",)]
        connection.execute("UPDATE flowprobe.migrations SET flowprobe = '9.8.7' WHERE number = 2")
    with pytest.raises(ToolFailed, match=rf"is of version 2, and FlowProbe {re.escape(__version__)} knows up to 1: "
                                         "install FlowProbe 9.8.7 or later"):
        open_history(postgres)


def test_a_migration_that_fails_changes_nothing(postgres: str) -> None:
    open_history(postgres).close()
    broken = Migration(2, (*LATER.statements, "ALTER TABLE nowhere ADD COLUMN x TEXT"))
    with pytest.raises(ToolFailed, match='relation "nowhere" does not exist'):
        PostgresDatabase(postgres, known=(*migrations("postgres"), broken))
    open_history(postgres).close()


def test_a_role_that_may_make_no_schema_is_told_who_can(postgres: str, server: Server) -> None:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE ROLE guest LOGIN")
    with pytest.raises(ToolFailed, match=r"permission denied .*; let its owner run `CREATE SCHEMA flowprobe"):
        open_history(server.url.replace("flowprobe@", "guest@"))


# --- what is never told ---------------------------------------------------------------------------


@pytest.mark.parametrize(("url", "told"), [
    ("postgresql://ann:hunter2@db:5432/nights", "postgresql://ann@db:5432/nights"),
    ("postgres://db/nights?password=hunter2", "postgres://db/nights"),
    ("postgresql://ann@/nights?host=/run", "postgresql://ann@/nights"),
    ("postgresql://ann:hun:ter2@db", "postgresql://ann@db"),
    ("postgresql://db1,db2:5433/nights", "postgresql://db1,db2:5433/nights"),
    ("postgresql://[::1]:5432/nights", "postgresql://[::1]:5432/nights"), ("postgresql://db:hunter2/nights", ""),
    ("postgresql://ann:hunter2/@db/nights", ""), ("postgresql://ann:hunter2@x@db/nights", ""),
])
def test_a_place_is_told_without_its_password(url: str, told: str) -> None:
    assert shown(url) == told


@pytest.mark.parametrize("url", [
    "postgresql://ann:hunter2@127.0.0.1:1/nights", "postgresql://ann:hunter2@nowhere.invalid/nights",
    "postgresql://ann:hunter2/x@127.0.0.1:1/nights", "postgresql://ann:hunter2@127.0.0.1:hunter2/nights",
    "postgresql://127.0.0.1:1/nights?password=hunter2&user=ann", "postgresql://ann:hunter2@127.0.0.1/nights?nonsense=1",
])
def test_what_cannot_be_reached_is_told_without_its_password(url: str) -> None:
    with pytest.raises((ToolFailed, InvalidInput)) as failed:
        open_history(url)
    assert "hunter2" not in f"{failed.value!s}{failed.value!r}"
    assert "history" in str(failed.value)


def test_a_password_may_come_from_the_environment_and_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    with pytest.raises(ToolFailed, match=r"the history postgresql://ann@127.0.0.1:1/nights cannot be opened: "):
        open_history("postgresql://ann@127.0.0.1:1/nights")


def test_without_psycopg_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "flowprobe.history.postgres", raising=False)
    with pytest.raises(ToolFailed, match=r"pip install 'flowprobe\[postgres\]'"):
        open_history("postgresql://db/nights")


def test_a_copy_is_for_the_servers_own_program_to_make(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="pg_dump --schema flowprobe"):
        backup("postgresql://db/nights", tmp_path / "copy")
