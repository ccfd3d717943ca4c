"""The CPU time and the peak memory of a command, as the kernel counted them for that process alone."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Refused", "Usage", "python", "refuse_without_bytecode", "surroundings", "used"]

ROOT = Path(__file__).resolve().parents[2]


class Refused(Exception):
    """What would be measured here would mean nothing."""


@dataclass(frozen=True, slots=True)
class Usage:
    """`cpu_s` is user plus system time of the process and of the children that it waited for."""

    cpu_s: float
    peak_mib: float


def python(*words: str) -> tuple[str, ...]:
    """A command of this interpreter: both sides of a pair get the same one, with the same site-packages."""
    return (sys.executable, *words)


def surroundings(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a measured process: ours, with this checkout to import from."""
    return {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}


def used(command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Usage:
    """Run a command to its end. Raises RuntimeError where it fails: a failed run costs something else."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=cwd, env=env or surroundings(), stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            tail = said.read()[-2000:].decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {tail}")
    return Usage(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def refuse_without_bytecode() -> None:
    """Raises Refused where Python may not keep what it compiled: every start would compile every module again."""
    if os.environ.get("PYTHONDONTWRITEBYTECODE"):
        raise Refused("PYTHONDONTWRITEBYTECODE is set, which makes every cold start 1.6 to 2.6 times too dear: unset it")
