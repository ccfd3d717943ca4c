"""Ends a product when its runner is gone. A program of its own: `python -I -S guardian.py …`.

    guardian.py LIFELINE REPORT GRACE COMMAND...

LIFELINE is the read end of a pipe that only the runner holds open: its end means "stop", whether the runner
closed it or was killed. REPORT takes one line for each thing that happened: `started PID`, `failed ERRNO`,
`exited STATUS` (negative: the signal). The command runs in a process group of its own; when it is to end,
the group gets TERM and, after GRACE seconds, KILL. Nothing of FlowProbe is imported here: it must start in
milliseconds and must not break when the runner does.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

_TICK_S = 0.05
_KILL_S = 2.0
_DEFAULTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD)
_PR_SET_CHILD_SUBREAPER = 36


def main(lifeline: int, report: int, grace: float, command: list[str]) -> None:
    for inherited in (lifeline, report):
        os.set_inheritable(inherited, False)
    woken = _wake_on_signals()
    try:
        pid = os.posix_spawnp(
            command[0], command, os.environ, setpgroup=0, setsigmask=(), setsigdef=_DEFAULTS
        )
    except OSError as exc:
        _tell(report, f"failed {exc.errno}")
        return
    _tell(report, f"started {pid}")
    _adopt_orphans()
    status = _watch(pid, lifeline, woken)
    if status is not None:
        _tell(report, f"exited {status}")
    _end(pid, grace, woken)


def _wake_on_signals() -> int:
    """A pipe that becomes readable when a child ended or someone sent us TERM."""
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for ignored in (signal.SIGINT, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    for noticed in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(noticed, lambda *_: None)
    return woken


def _adopt_orphans() -> None:
    """On Linux, grandchildren whose parent ended become ours: those too that left the process group."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        return


def _watch(pid: int, lifeline: int, woken: int) -> int | None:
    """Wait for the end of the command (its status) or for the order to end it (None)."""
    while True:
        ready = select.select([lifeline, woken], [], [])[0]
        if woken in ready and signal.SIGTERM in os.read(woken, 512):
            return None
        status, _ = _reap(pid)
        if status is not None:
            return status
        if lifeline in ready and not os.read(lifeline, 512):
            return None


def _reap(pid: int) -> tuple[int | None, bool]:
    """The status of `pid` if it ended now, and whether any child is left."""
    status = None
    while True:
        try:
            ended, code = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status, False
        if not ended:
            return status, True
        if ended == pid:
            status = os.waitstatus_to_exitcode(code)


def _end(pid: int, grace: float, woken: int) -> None:
    _signal(pid, signal.SIGTERM)
    if _gone(pid, grace, woken):
        return
    until = time.monotonic() + _KILL_S
    while time.monotonic() < until:
        _signal(pid, signal.SIGKILL)  # again: who loses a parent becomes ours only then
        if _gone(pid, _TICK_S, woken):
            return


def _signal(pid: int, number: int) -> None:
    _quietly(os.killpg, pid, number)
    for child in _children():
        _quietly(os.kill, child, number)


def _children() -> list[int]:
    me = os.getpid()
    try:
        with open(f"/proc/{me}/task/{me}/children", encoding="ascii") as listed:
            return [int(child) for child in listed.read().split()]
    except OSError:
        return []


def _gone(pid: int, seconds: float, woken: int) -> bool:
    until = time.monotonic() + seconds
    while True:
        _, more = _reap(pid)
        if not more and not _quietly(os.killpg, pid, 0):
            return True
        left = until - time.monotonic()
        if left <= 0:
            return False
        if select.select([woken], [], [], min(left, _TICK_S))[0]:
            os.read(woken, 512)


def _quietly(send: object, pid: int, number: int) -> bool:
    """Whether there was anyone to send it to."""
    assert callable(send)
    try:
        send(pid, number)
    except OSError:
        return False
    return True


def _tell(report: int, line: str) -> None:
    try:
        os.write(report, line.encode() + b"\n")
    except OSError:  # the runner is gone: the lifeline says so too
        return


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
