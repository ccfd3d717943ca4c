"""Commands that print a secret: `cmd:pass show acme/token`. No shell, a time limit, and only the first line counts."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

__all__ = ["LARGEST", "TIMEOUT_S", "first_line", "program"]

TIMEOUT_S = 10.0
LARGEST = 65_536
"""How many bytes the first line may have: more is never read."""
_GRACE_S = 0.5


def program(command: str) -> str:
    """The first word of a command: all of it that may be shown."""
    return (command.split() or [""])[0]


def first_line(command: str, *, folder: Path, environ: Mapping[str, str],
               timeout_s: float = TIMEOUT_S) -> tuple[str, str]:
    """What a command prints first; or '' and why not. It is ended as soon as that line is there. What it says on
    standard error is not shown: it may be the secret."""
    try:
        words = shlex.split(command)
        process = subprocess.Popen(words, cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
    except (OSError, ValueError, IndexError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        return "", f"the command cannot be started: {reason}"
    with process:
        try:
            return _told(process, until=time.monotonic() + timeout_s)
        except subprocess.TimeoutExpired:
            return "", f"the command printed no line within {timeout_s:g} s"
        finally:
            _end(process)


def _told(process: subprocess.Popen[bytes], *, until: float) -> tuple[str, str]:
    """Raises TimeoutExpired."""
    printed = _printed(process, until)
    line, ended, _ = printed.partition(b"\n")
    if not ended and len(printed) >= LARGEST:
        return "", f"the first line is longer than {LARGEST} bytes"
    if (code := _code(process, until) if not ended else _code_at_once(process)) > 0:
        return "", f"the command ended with {code}"
    return line.decode("utf-8", "replace").strip(), "the command printed nothing"


def _code(process: subprocess.Popen[bytes], until: float) -> int:
    """Raises TimeoutExpired."""
    return process.wait(max(0.0, until - time.monotonic()))


def _code_at_once(process: subprocess.Popen[bytes]) -> int:
    """A program that failed says so right after its line, mostly; one that goes on is not waited for."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        return process.wait(_GRACE_S)
    return 0


def _printed(process: subprocess.Popen[bytes], until: float) -> bytes:
    """Up to the first line's end, the end of all, or as much as a line may have. Raises TimeoutExpired."""
    assert process.stdout is not None, "a pipe was asked for"
    number, printed = process.stdout.fileno(), b""
    poll = select.poll()  # `select` knows no descriptor above 1023
    poll.register(number, select.POLLIN)
    while b"\n" not in printed and len(printed) < LARGEST:
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise subprocess.TimeoutExpired(process.args, 0)
        piece = os.read(number, LARGEST - len(printed))
        if not piece:
            break
        printed += piece
    return printed


def _end(process: subprocess.Popen[bytes]) -> None:
    """With whatever it has started: that may live on, and hold its standard output."""
    process.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
