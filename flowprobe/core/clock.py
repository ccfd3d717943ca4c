"""How long a journey has taken, read from the stamps of its outcomes: nothing here asks for the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from flowprobe.core.expect import milliseconds
from flowprobe.core.findings import Finding
from flowprobe.core.wire import Call, Outcome

__all__ = ["Clock"]

_SHORTEST_S = 0.001


class Clock:
    """The time of one journey. `limit` is how long it may take in seconds, None for as long as it likes; `place` says
    where that is written. Branches that are walked at the same time have each their own, from `branch` to `join`."""

    def __init__(self, limit: float | None, place: str) -> None:
        self._limit, self._place = limit, place
        self._began: float | None = None
        self._now = 0.0

    @property
    def elapsed(self) -> float:
        """Seconds from the first byte sent until the last outcome or pause."""
        return 0.0 if self._began is None else self._now - self._began

    def branch(self) -> Clock:
        """The time of a branch that begins now: what the other branches wait for is not its own."""
        own = Clock(self._limit, self._place)
        own._began, own._now = self._began, self._now
        return own

    def join(self, branches: Iterable[Clock]) -> None:
        """All of them have ended: the slowest says how late it is."""
        started = [branch for branch in branches if branch._began is not None]
        began = [branch._began for branch in started if branch._began is not None]
        self._began = min(began, default=None) if self._began is None else self._began
        self._now = max((branch._now for branch in started), default=self._now)

    def took(self, outcome: Outcome) -> None:
        if self._began is None:
            self._began = outcome.sent
        self._now = max(self._now, outcome.ended)

    def pause(self, seconds: float) -> float:
        """How much of a pause the journey has time for, in seconds; counted as taken."""
        left = seconds if self._limit is None else min(seconds, max(0.0, self._limit - self.elapsed))
        self._now += left
        return left

    def over(self) -> bool:
        return self._limit is not None and self.elapsed >= self._limit

    def limited(self, call: Call) -> Call:
        """The call with no more time than the journey has left."""
        if self._limit is None:
            return call
        return replace(call, budget=max(_SHORTEST_S, min(call.budget, self._limit - self.elapsed)))

    def finding(self) -> Finding:
        assert self._limit is not None, "only a limit can be overrun"
        return Finding("timeout", "the journey", f"its end within {milliseconds(self._limit)}",
                       f"{milliseconds(self.elapsed)} before it", self._place)
