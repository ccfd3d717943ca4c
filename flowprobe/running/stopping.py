"""Signals: the main thread owns them. The first one asks everybody to stop; cleanup still runs.

SIGINT, SIGTERM and SIGHUP mean the same. While cleanup runs, the second says that it does, and the third leaves:
the ledger then tells what is left.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

__all__ = ["Stopper"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopper:
    """A context manager around a run. `on_stop` is called once, from the handler: it has to be quick."""

    def __init__(self, *, on_stop: Callable[[], None], on_again: Callable[[], None]) -> None:
        self._on_stop, self._on_again = on_stop, on_again
        self._event = threading.Event()
        self._before: dict[int, object] = {}
        self.signal = ""
        self.count = 0

    def __enter__(self) -> Stopper:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal gave us

    def stopped(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> None:
        """Let time pass, until then or until a stop."""
        self._event.wait(seconds)

    def request(self, name: str) -> None:
        """Ask for a stop without a signal."""
        if not self._event.is_set():
            self.signal = name
            self._event.set()
            self._on_stop()

    def _handle(self, number: int, _: FrameType | None) -> None:
        self.count += 1
        if self.count == 1:
            self.request(signal.Signals(number).name)
        elif self.count == 2:
            self._on_again()
        else:
            raise KeyboardInterrupt
