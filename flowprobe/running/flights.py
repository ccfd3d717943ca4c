"""Telling the proxy when steps of ours are in flight: by that it knows what a product does of its own accord."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from flowprobe.core.activity import LINGER_S
from flowprobe.core.wire import Call, Outcome

__all__ = ["Busy", "Flights"]


class Busy(Protocol):
    """Tells how many steps of a trial are in flight; with `known` it returns when that is known."""

    def __call__(self, trial: str, calls: int, *, known: bool = False) -> None: ...


class Flights:
    """A step is in flight from its first call until it has ended, its waits between calls included; a call of a cleanup
    for itself. Safe from any thread.

    The first call after a long silence waits until the proxy knows of it: what the product then sends must not be taken
    for background work. `sure`: every first one does, where a window is opened by it.
    """

    def __init__(self, tell: Busy, *, sure: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._sure, self._clock = tell, sure, clock
        self._lock = threading.Lock()
        self._steps: dict[str, set[str]] = {}
        self._quiet_since: dict[str, float] = {}

    def told(self, send: Callable[[Call], Outcome], *, whole_steps: bool = True) -> Callable[[Call], Outcome]:
        """`send`, with the proxy told before a step's first call; after it where nobody tells when a step has ended."""

        def telling(call: Call) -> Outcome:
            self._begin(call.trial, call.step)
            try:
                return send(call)
            finally:
                if not whole_steps:
                    self.ended(call.trial, call.step)

        return telling

    def _begin(self, trial: str, step: str) -> None:
        with self._lock:
            steps = self._steps.setdefault(trial, set())
            if not steps:
                since = self._quiet_since.get(trial)
                silent = since is None or self._clock() - since > LINGER_S / 2
                self._tell(trial, 1, known=self._sure or silent)
            steps.add(step)

    def ended(self, trial: str, step: str) -> None:
        """A step has ended; one that made no call has not begun."""
        with self._lock:
            steps = self._steps.get(trial, set())
            if step in steps:
                steps.discard(step)
                self._quiet(trial)

    def over(self, trial: str) -> None:
        """Nothing of a trial is in flight any more, whatever was said of its steps."""
        with self._lock:
            if self._steps.get(trial):
                self._steps[trial].clear()
                self._quiet(trial)
            self._steps.pop(trial, None)
            self._quiet_since.pop(trial, None)

    def _quiet(self, trial: str) -> None:
        if not self._steps[trial]:
            self._quiet_since[trial] = self._clock()
            self._tell(trial, 0)
