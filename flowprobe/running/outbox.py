"""What is still to be said: one file for each alert and recipient, kept until somebody has taken it.

A file is written before anything is sent, and goes away after it was taken: what a crash or a dead line keeps from
arriving is sent the next time, so that it may come twice, and never not at all.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path

from flowprobe.core.nights.alerting import Telling, Why
from flowprobe.core.nights.model import Alert, Severity
from flowprobe.core.nights.payloads import identity
from flowprobe.core.verdict import Blame
from flowprobe.errors import ToolFailed

__all__ = ["Letter", "Outbox"]


@dataclass(frozen=True, slots=True)
class Letter:
    """Something to say to a recipient, by its name. `since` is when it was written, in seconds since the epoch;
    `tried` how often it was sent in vain, and `because` why the last time."""

    to: str
    telling: Telling
    since: float
    tried: int = 0
    because: str = ""


class Outbox:
    """The letters of a project: files in `folder`, which is made when there is one. Raises ToolFailed where a file
    cannot be written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, letter: Letter) -> None:
        """Keep a letter; the same one again takes its place."""
        path = self._path(letter)
        text = json.dumps({"version": 1, **asdict(letter)}, indent=1)
        fresh = path.with_suffix(f".{os.getpid()}.new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
        except OSError as error:
            raise ToolFailed(f"an alert cannot be kept in {self.folder}: {error.strerror}") from error

    def failed(self, letter: Letter, because: str) -> Letter:
        """Keep what could not be delivered, and why."""
        kept = replace(letter, tried=letter.tried + 1, because=because)
        self.put(kept)
        return kept

    def taken(self, letter: Letter) -> None:
        self._path(letter).unlink(missing_ok=True)

    def letters(self, environment: str) -> tuple[Letter, ...]:
        """What waits, the oldest first. A file that cannot be read is left where it is; see `unreadable`."""
        read = (_read(path) for path in self._files())
        return tuple(sorted((each for each in read if each is not None
                             and each.telling.alert.environment == environment), key=lambda each: each.since))

    def unreadable(self) -> tuple[Path, ...]:
        return tuple(path for path in self._files() if _read(path) is None)

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """False while somebody else delivers; what waits is then theirs to send."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            number = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise ToolFailed(f"the outbox {self.folder} cannot be used: {error.strerror}") from error
        with os.fdopen(number, "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.json"))

    def _path(self, letter: Letter) -> Path:
        name = sha256(f"{letter.to}\0{identity(letter.telling)}".encode()).hexdigest()[:24]
        return self.folder / f"{name}.json"


def letter(to: str, telling: Telling) -> Letter:
    return Letter(to, telling, time.time())


def _read(path: Path) -> Letter | None:
    """A file that another version or hand has written may be anything."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        told = found["telling"]
        alert = dict(told["alert"])
        alert |= {"severity": Severity(alert["severity"]), "blame": Blame(alert["blame"]),
                  "journeys": tuple(map(str, alert["journeys"]))}
        return Letter(str(found["to"]), Telling(Alert(**alert), Why(told["why"]), str(told["night"])),
                      float(found["since"]), int(found["tried"]), str(found["because"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
