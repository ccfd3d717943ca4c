"""The folder of one run: journal, ledger, logs, result. Readable by its owner alone; `latest` points at the newest."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from flowprobe.errors import ToolFailed
from flowprobe.running.places import STATE

__all__ = ["RunFolder", "ignored_by_git", "last_result", "private_folder", "write_shared", "write_whole"]


class RunFolder:
    """Made when the run begins; `path` is `.flowprobe/runs/<time>-<id>`, or what `-o` names."""

    def __init__(self, run: str, *, now: datetime, output: Path | None = None) -> None:
        usual = STATE / "runs" / f"{now:%Y%m%d-%H%M%S}-{run[:6]}"
        self.path = output or usual
        try:
            self.path.mkdir(parents=True, exist_ok=output is not None, mode=0o700)
            ignored_by_git(STATE) if output is None else None
        except OSError as error:
            raise ToolFailed(f"cannot make the folder of this run, {self.path}: {error.strerror}") from error
        if (self.path / "journal" / "runner.jsonl").exists():
            raise ToolFailed(f"{self.path} holds another run already: name another folder with -o")
        self._point(output)
        self._link = usual if output is not None else None

    def _point(self, output: Path | None) -> None:
        if output is not None:
            return
        link, fresh = STATE / "latest", STATE / f".latest-{os.getpid()}"
        fresh.symlink_to(self.path.relative_to(STATE))
        fresh.replace(link)

    def remember(self) -> None:
        """Something is going to be made: a folder that `-o` named is linked where runs usually are, so that
        `flowprobe cleanup` finds its ledger too. A working directory that nobody can write to is no reason to stop."""
        link, self._link = self._link, None
        if link is None:
            return
        with contextlib.suppress(OSError):
            link.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            ignored_by_git(STATE)
            link.symlink_to(self.path.resolve())

    @property
    def journal(self) -> Path:
        return self.path / "journal"

    @property
    def ledger(self) -> Path:
        return self.path / "ledger" / "runner.jsonl"

    def log(self, name: str) -> Path:
        return self.path / "logs" / f"{name}.log"

    def write(self, name: str, text: str | Iterable[str]) -> Path:
        """Write a report whole or not at all."""
        return write_whole(self.path / name, text)


def write_shared(path: Path, text: str | Iterable[str]) -> None:
    """Write a report where somebody else reads it: its mode is as the umask says, a link is followed, and a device is
    written into. Raises ToolFailed."""
    try:
        if path.is_char_device():
            with open(os.open(path, os.O_WRONLY), "w", encoding="utf-8", errors="backslashreplace") as device:
                device.writelines([text] if isinstance(text, str) else text)
            return
        whole = path.resolve()
        if whole.is_symlink():  # what a ring of links comes to, from Python 3.13 on
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    except (OSError, RuntimeError) as error:  # before that it is a RuntimeError
        raise ToolFailed(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from error
    write_whole(whole, text, mode=0o666)


def write_whole(path: Path, text: str | Iterable[str], *, mode: int = 0o600) -> Path:
    """Write beside, make durable, rename: nobody ever reads half of it. Raises ToolFailed."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8",
                  errors="backslashreplace") as file:
            file.writelines([text] if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise ToolFailed(f"cannot write {path}: {error.strerror}") from error
    return path


def private_folder(path: Path) -> Path:
    """Make a folder that its owner alone can read; one that is there stays as it is. Raises ToolFailed."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if STATE in (path, *path.parents):
            ignored_by_git(STATE)
    except OSError as error:
        raise ToolFailed(f"cannot make the folder {path}: {error.strerror}") from error
    return path


def ignored_by_git(folder: Path) -> None:
    """Runs hold bodies of replies: they do not belong into anybody's repository, nor do histories and locks."""
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")


def last_result() -> dict[str, Any] | None:
    """The result of the newest run of this working directory, or None."""
    try:
        result = json.loads((STATE / "latest" / "result.json").read_text())
    except (OSError, ValueError):
        return None
    return result if isinstance(result, dict) else None
