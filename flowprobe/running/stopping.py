"""Signals: the main thread owns them. The first one asks everybody to stop; cleanup still runs.

SIGINT, SIGTERM and SIGHUP mean the same. The second says that cleanup runs, and the third leaves: the ledger then
tells what is left. A SIGHUP that was ignored when we began (`nohup`) stays ignored.

A handler may interrupt the main thread anywhere, with any lock in its hand. So it only notes the signal and writes one
byte to a pipe; what has to be done about it is done by a thread that reads there.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

__all__ = ["Stopper"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_S = 0.05
_LAST = 4
"""The signal after which nothing is waited for any more."""


class Stopper:
    """A context manager around a run. Each of the three is called once, from a thread of its own."""

    def __init__(self, *, on_stop: Callable[[], None], on_again: Callable[[], None],
                 on_leave: Callable[[], None]) -> None:
        self._on_stop, self._on_again, self._on_leave = on_stop, on_again, on_leave
        self._event = threading.Event()
        self._before: dict[int, object] = {}
        self._stopped = self._leaving = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._reader = threading.Thread(target=self._listen, name="signals", daemon=True)
        self.signal = ""
        self.count = 0

    def __enter__(self) -> Stopper:
        self._reader.start()
        if threading.current_thread() is threading.main_thread():
            heard = [number for number in _SIGNALS if not _ignored(number)]
            self._before = {number: signal.signal(number, self._handle) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave us
        os.close(self._write)
        self._reader.join()
        os.close(self._read)

    def stopped(self) -> bool:
        return self._stopped

    def leaving(self) -> bool:
        """Even cleanup is not waited for any more."""
        return self._leaving

    def wait(self, seconds: float) -> None:
        """Let time pass, until then or until a stop."""
        self._event.wait(seconds)

    def wait_cleaning(self, seconds: float) -> None:
        """Let time pass, until then or until we leave."""
        until = time.monotonic() + seconds
        while not self._leaving and (left := until - time.monotonic()) > 0:
            time.sleep(min(_LOOK_S, left))

    def request(self, name: str) -> None:
        """Ask for a stop without a signal."""
        if not self._stopped:
            self._note(name)
            self._event.set()
            self._on_stop()

    def _note(self, name: str) -> None:
        self.signal = self.signal or name
        self._stopped = True

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.count += 1
        self._note(signal.Signals(number).name)
        self._leaving = self.count >= _LAST - 1
        if self.count >= _LAST:
            raise KeyboardInterrupt
        os.write(self._write, bytes([self.count]))

    def _listen(self) -> None:
        doing = {1: self._on_stop, 2: self._on_again, 3: self._on_leave}
        while byte := os.read(self._read, 1):
            self._event.set()
            doing[byte[0]]()


def _ignored(number: signal.Signals) -> bool:
    return number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN
