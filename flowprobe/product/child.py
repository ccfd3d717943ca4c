"""One process that we started, seen from the runner: its guardian, its reports, its end."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from flowprobe.errors import EnvironmentBroken
from flowprobe.product.spec import StartSpec
from flowprobe.product.surroundings import surroundings

__all__ = ["Child"]

GRACE_S = 2.0
_GUARDIAN = Path(__file__).with_name("guardian.py")
_GUARDIAN_S = 10.0  # a very busy machine starts a Python in seconds
_END_S = GRACE_S + 4.0
_TAIL_LINES = 20
_TAIL_BYTES = 64 * 1024


class Child:
    """Starts the command of `spec` under a guardian; raises `EnvironmentBroken` when it cannot be started."""

    def __init__(self, spec: StartSpec) -> None:
        self.spec = spec
        self.pid: int | None = None
        self.status: int | None = None  # what the command ended with; negative for a signal
        self._unguarded = False
        self._buffer = b""
        self._reading = threading.Lock()  # a stop from another thread must not close what is being read
        self._stopped = False
        self._lifeline, self._report, self._guardian = _launch(spec)
        self._await_start()

    def ended(self, *, wait: float = 0.0) -> bool:
        """Whether the command has ended, looking for at most `wait` seconds."""
        until = time.monotonic() + wait
        with self._reading:
            while self.status is None and not self._unguarded and not self._stopped:
                left = max(0.0, until - time.monotonic())
                if not select.select([self._report], [], [], left)[0]:
                    return False
                self._take_report()
        return True

    def stop(self) -> None:
        """End the process group: TERM, after two seconds KILL. Takes at most six seconds."""
        os.close(self._lifeline)
        try:
            self._guardian.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._guardian.kill()
            self._guardian.wait()
        if self._guardian.returncode != 0:
            self._kill_group()
        with self._reading:
            self._stopped = True
            os.close(self._report)

    def how(self) -> str:
        """How it ended, for the middle of a sentence."""
        if self._stopped and self.status is None:
            return "was stopped"
        if self.status is None:
            return "lost its guardian" if self._unguarded else "is running"
        if self.status < 0:
            return f"was ended by {_signal_name(-self.status)}"
        return f"ended with exit status {self.status}"

    def broken(self, what: str) -> EnvironmentBroken:
        """The error for a start that failed: the command, what happened, the end of the log."""
        tail = "\n".join(f"    {line}" for line in _tail(self.spec.log))
        log = f"The end of {self.spec.log}:\n{tail}" if tail else f"{self.spec.log} is empty."
        command = shlex.join(self.spec.command)
        return EnvironmentBroken(f"{self.spec.name} {what}.\n  command: {command}\n  {log}")

    def _await_start(self) -> None:
        until = time.monotonic() + _GUARDIAN_S
        while self.pid is None:
            left = until - time.monotonic()
            late = left <= 0 or not select.select([self._report], [], [], left)[0]
            failure = "its guardian did not start in time" if late else self._take_report()
            if failure or self._unguarded:
                error = self.broken(f"could not be started: {failure or 'its guardian ended'}")
                self.stop()
                raise error

    def _take_report(self) -> str:
        """Read what the guardian says; a sentence's end where the command could not be started."""
        data = os.read(self._report, 4096)
        self._unguarded = not data
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            word, _, number = line.partition(b" ")
            if word == b"failed":
                return os.strerror(int(number)).lower()
            if word == b"started":
                self.pid = int(number)
            else:
                self.status = int(number)
        return ""

    def _kill_group(self) -> None:
        """The guardian was killed or failed: do its work."""
        if self.pid is not None:
            with suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)


def _launch(spec: StartSpec) -> tuple[int, int, subprocess.Popen[bytes]]:
    """The write end of the lifeline, the read end of the reports, and the guardian."""
    held, lifeline = os.pipe()
    report, told = os.pipe()
    guardian_line = [sys.executable, "-I", "-S", str(_GUARDIAN), str(held), str(told), str(GRACE_S)]
    try:
        spec.log.parent.mkdir(parents=True, exist_ok=True)
        with spec.log.open("ab") as log:
            guardian = subprocess.Popen(
                [*guardian_line, *spec.command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=surroundings(os.environ, spec.env),
                cwd=spec.folder, pass_fds=(held, told), start_new_session=True,
            )
    except (OSError, ValueError) as exc:
        for end in (lifeline, report):
            os.close(end)
        raise EnvironmentBroken(f"{spec.name} could not be started: {exc}") from exc
    finally:
        for end in (held, told):
            os.close(end)
    return lifeline, report, guardian


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _tail(log: Path) -> list[str]:
    """The last lines of a log, fit for a terminal."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = deque((line.rstrip() for line in text.splitlines()), maxlen=_TAIL_LINES)
    return ["".join(c if c.isprintable() or c == "\t" else "·" for c in line) for line in lines]
