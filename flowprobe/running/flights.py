"""Telling the proxy when calls of ours are in flight: by that it knows what a product does of its own accord."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from flowprobe.core.activity import LINGER_S
from flowprobe.core.wire import Call, Outcome

__all__ = ["Busy", "Flights"]


class Busy(Protocol):
    """Tells how many calls of a trial are in flight; with `known` it returns when that is known."""

    def __call__(self, trial: str, calls: int, *, known: bool = False) -> None: ...


class Flights:
    """Counts the calls of each trial, from any thread.

    The first call after a long silence waits until the proxy knows of it: what the product then sends must not be taken
    for background work. `sure`: every call does, where a window is opened by it.
    """

    def __init__(self, tell: Busy, *, sure: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._sure, self._clock = tell, sure, clock
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._quiet_since: dict[str, float] = {}

    def told(self, send: Callable[[Call], Outcome]) -> Callable[[Call], Outcome]:
        """`send`, with the proxy told before and after each call."""

        def telling(call: Call) -> Outcome:
            self._begin(call.trial)
            try:
                return send(call)
            finally:
                self._end(call.trial)

        return telling

    def _begin(self, trial: str) -> None:
        with self._lock:
            self._calls[trial] += 1
            if self._calls[trial] > 1:
                return
            since = self._quiet_since.get(trial)
            silent = since is None or self._clock() - since > LINGER_S / 2
            self._tell(trial, 1, known=self._sure or silent)

    def _end(self, trial: str) -> None:
        with self._lock:
            self._calls[trial] -= 1
            if not self._calls[trial]:
                del self._calls[trial]
                self._quiet_since[trial] = self._clock()
                self._tell(trial, 0)
