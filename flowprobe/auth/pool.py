"""Leases of accounts: a trial holds each account that it uses for itself, among all runs of this folder.

A lease is a lock on a file, which the kernel takes back when the process dies, however it dies. What stands in the file
is for people: the id of the process.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from flowprobe.core.accounts import bound
from flowprobe.core.scenario import Persona
from flowprobe.errors import EnvironmentBroken, ToolFailed

__all__ = ["Held", "Pools"]

_LOOK_AGAIN_S = 0.1


@dataclass(slots=True)
class Held:
    """The personas with the accounts that they have now; `release` gives the accounts back, and may be called twice."""

    personas: dict[str, Persona] = field(default_factory=dict)
    files: list[int] = field(default_factory=list)

    def release(self) -> None:
        while self.files:
            os.close(self.files.pop())


@dataclass(frozen=True, slots=True)
class Pools:
    """The accounts of one environment. `folder` holds the locks; `wait` lets seconds pass, `stopped` ends the waiting,
    `clock` is monotonic."""

    folder: Path
    environment: str
    clock: Callable[[], float]
    wait: Callable[[float], None]
    stopped: Callable[[], bool]

    def lease(self, personas: Iterable[Persona], *, patience: float) -> Held:
        """One account for each of them (by name: nobody waits in a circle). Raises EnvironmentBroken where one had
        none free for `patience` seconds."""
        held = Held()
        until = self.clock() + patience
        try:
            for persona in sorted(_each_once(personas), key=lambda each: each.name):
                held.personas[persona.name] = self._one(persona, held, until, patience)
        except BaseException:
            held.release()
            raise
        return held

    def _one(self, persona: Persona, held: Held, until: float, patience: float) -> Persona:
        if not persona.accounts:
            return persona
        while True:
            for account in persona.accounts:
                file = self._locked(self._path(persona, account.name))
                if file is not None:
                    held.files.append(file)
                    return bound(persona, account)
            if self.stopped() or self.clock() >= until:
                raise EnvironmentBroken(self._busy(persona, patience))
            self.wait(_LOOK_AGAIN_S)

    def _locked(self, path: Path) -> int | None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ToolFailed(f"cannot make the lease {path}: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return None
        os.truncate(file, 0)
        os.write(file, f"{os.getpid()}\n".encode())
        return file

    def _path(self, persona: Persona, account: str) -> Path:
        words = "\0".join((self.environment, persona.name, account))
        plain = re.sub(r"[^A-Za-z0-9]+", "-", f"{persona.name}-{account}")[:40]
        return self.folder / f"{plain}-{hashlib.sha256(words.encode()).hexdigest()[:8]}"

    def _busy(self, persona: Persona, patience: float) -> str:
        holders = ", ".join(f"{account.name} is held by {_holder(self._path(persona, account.name))}"
                            for account in persona.accounts)
        return (f"no account of the persona {persona.name!r} was free on {self.environment!r} for {patience:g} s: "
                f"{holders}")


def _each_once(personas: Iterable[Persona]) -> tuple[Persona, ...]:
    """Each persona once, whatever roles it has."""
    return tuple({persona.name: persona for persona in personas}.values())


def _holder(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        pid = int(path.read_text())
        return "this process" if pid == os.getpid() else f"process {pid}"
    return "somebody"
