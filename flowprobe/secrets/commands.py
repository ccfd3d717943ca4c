"""Commands that print a secret: `cmd:pass show acme/token`. No shell, a time limit, and only the first line counts."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

__all__ = ["TIMEOUT_S", "first_line", "program"]

TIMEOUT_S = 10.0


def program(command: str) -> str:
    """The first word of a command: all of it that may be shown."""
    return (command.split() or [""])[0]


def first_line(command: str, *, folder: Path, environ: Mapping[str, str],
               timeout_s: float = TIMEOUT_S) -> tuple[str, str]:
    """What a command prints first; or '' and why not. What it says on standard error is not shown: it may be the
    secret."""
    try:
        words = shlex.split(command)
        process = subprocess.Popen(words, cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    except (OSError, ValueError, IndexError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return "", f"the command cannot be started: {reason}"
    with process:
        try:
            printed, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            _end(process)
            return "", f"the command did not end within {timeout_s:g} s"
    if process.returncode:
        return "", f"the command ended with {process.returncode}"
    return printed.decode("utf-8", "replace").partition("\n")[0].strip(), "the command printed nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    """With whatever it has started: one of those may be what still holds its standard output."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
