"""Log lines that a command prints: `[journalctl, --grep, "${trace}"]`. No shell, a time limit, and so much of what it
prints. Whoever makes this reader has to see to it that commands may be run."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from flowprobe.core.telemetry import LogLine
from flowprobe.telemetry.reading import MOST, Found, by_trace, printable
from flowprobe.telemetry.written import log_line

__all__ = ["LARGEST", "TIMEOUT_S", "Command"]

TIMEOUT_S = 10.0
LARGEST = 4 * 1024 * 1024
"""How many bytes of what it prints are taken."""
_SHOWN = 200
_ASIDE = re.compile(r"-- .* --")
"""What journalctl says between the lines, such as `-- No entries --`."""


class Command:
    """Reads what `words` print, in which `${trace}` stands for the trace id. It runs in `folder`, and inherits
    `environ`. A line without a time has that of the one before it; the first one `began`. `patience` says how many
    seconds it may take."""

    def __init__(self, words: Sequence[str], *, folder: Path, environ: Mapping[str, str], began: float,
                 patience: Callable[[], float] = lambda: TIMEOUT_S) -> None:
        self.name = f"the command {words[0]}"
        self._words, self._folder, self._environ = tuple(words), folder, dict(environ)
        self._began, self._patience = began, patience

    def read(self, traces: Sequence[str]) -> Found:
        return by_trace(traces, self._one)

    def _one(self, trace: str) -> Found:
        printed, trouble = self._printed([word.replace("${trace}", trace) for word in self._words])
        return Found(tuple(_lines(printed.decode("utf-8", "replace"), trace, self._began)), trouble)

    def _printed(self, words: Sequence[str]) -> tuple[bytes, str]:
        """What it prints, and '' or why that is not all."""
        seconds = self._patience()
        if seconds <= 0:
            return b"", f"there was no time left for {self.name}: give `wait` more"
        try:
            process = subprocess.Popen(words, cwd=self._folder, env=self._environ, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            return b"", f"{self.name} cannot be started: {reason}"
        with process:
            try:
                until = time.monotonic() + seconds
                out, err, whole = _heard(process, until)
                return out, self._trouble(process, err, whole, until)
            finally:
                _end(process)

    def _trouble(self, process: subprocess.Popen[bytes], err: bytes, whole: bool, until: float) -> str:
        """A command that finds nothing may end with 1, as grep does; it then says nothing either."""
        code = None
        if whole:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(max(0.0, until - time.monotonic()))
        words = " ".join(printable(err.decode("utf-8", "replace")).split())[:_SHOWN]
        if not whole and time.monotonic() < until:
            return f"{self.name} prints more than {LARGEST} bytes: let it print less of what is not of the trace"
        if code is None:
            return f"{self.name} did not end in time; what it printed until then is taken"
        if code and (words or code != 1):
            return f"{self.name} ended with {code}{': ' if words else ''}{words}"
        return ""


def _heard(process: subprocess.Popen[bytes], until: float) -> tuple[bytes, bytes, bool]:
    """What comes out of both of its pipes, and whether they came to their end."""
    assert process.stdout is not None, "a pipe was asked for"
    assert process.stderr is not None, "a pipe was asked for"
    heard = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
    out, err = heard
    with selectors.DefaultSelector() as selector:
        for number in heard:
            selector.register(number, selectors.EVENT_READ)
        while selector.get_map() and len(heard[out]) < LARGEST and (left := until - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                piece = os.read(key.fd, 65_536)
                if not piece:
                    selector.unregister(key.fd)
                elif key.fd == out or len(heard[err]) < LARGEST:
                    heard[key.fd] += piece
        return heard[out][:LARGEST], heard[err], not selector.get_map()


def _lines(printed: str, trace: str, at: float) -> Iterator[LogLine]:
    lines = (line.rstrip() for line in printed.split("\n"))
    for line in [line for line in lines if line and not _ASIDE.fullmatch(line)][:MOST]:
        said = log_line(line, trace, at=at)
        at = said.at
        yield said


def _end(process: subprocess.Popen[bytes]) -> None:
    """With whatever it has started: that may live on, and hold its pipes."""
    process.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
