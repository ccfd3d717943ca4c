"""A PostgreSQL of our own: its files in a temporary folder, its door a socket in there, gone with the tests."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

__all__ = ["Server", "running", "why_none"]

_INSTALLED = Path("/usr/lib/postgresql")
"""Where Debian puts each version, away from the PATH."""
_OPTIONS = "-c listen_addresses='' -c fsync=off -c max_connections=50 -c timezone=UTC"


class Server:
    """`stop("immediate")` is a crash."""

    def __init__(self, folder: Path, programs: Path, user: str | None) -> None:
        self.folder, self._programs, self._user = folder, programs, user

    @property
    def url(self) -> str:
        return f"postgresql://flowprobe@/postgres?host={self.folder}"

    def begin(self) -> None:
        self._run("initdb", "-U", "flowprobe", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def start(self) -> None:
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", f"{_OPTIONS} -k {self.folder}", "start")

    def stop(self, how: str = "fast") -> None:
        self._run("pg_ctl", "-w", "-m", how, "stop")

    def emptied(self) -> str:
        """The place of a history that was never opened."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS flowprobe CASCADE")
        return self.url

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), "-D", str(self.folder / "data"), *words]
        with (self.folder / "said").open("w") as said:
            done = subprocess.run(command, cwd=self.folder, user=self._user, stdin=subprocess.DEVNULL, stdout=said,
                                  stderr=said, check=False, timeout=120)
        assert done.returncode == 0, (self.folder / "said").read_text()


def _programs(path: str | None = None, installed: Path = _INSTALLED) -> Path | None:
    """The folder of the newest."""
    found = [file.parent for file in installed.glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: int(folder.parent.name))
    named = shutil.which("initdb", path=path)
    return Path(named).resolve().parent if named else None


def why_none(path: str | None = None, installed: Path = _INSTALLED) -> str:
    """Why there can be no server here; '' where there can."""
    if _programs(path, installed) is None:
        return "no PostgreSQL server is installed here: apt-get install postgresql"
    if os.getuid() == 0 and "postgres" not in {entry.pw_name for entry in pwd.getpwall()}:
        return "a PostgreSQL server does not run as root, and there is no user postgres"
    return ""


@contextmanager
def running() -> Iterator[Server]:
    programs = _programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="flowprobe-pg-", dir="/tmp"))  # the path of a socket has to be short
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    server = Server(folder, programs, user)
    try:
        server.begin()
        yield server
    finally:
        if (folder / "data" / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)
