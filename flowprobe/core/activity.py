"""When calls of ours are in flight, and what comes while none are: background work is told from what we caused, and
the chance that a call in an exclusive window is somebody else's is stated.

No clock in here: instants are seconds of the monotonic clock, and come in.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

__all__ = ["LINGER_S", "Activity"]

LINGER_S = 10.0
"""A product may go on working for so long after its reply: what it sends until then may be because of us."""


@dataclass(slots=True)
class _Flight:
    calls: int
    since: float
    until: float


class Activity:
    """`tell` is told how many steps of a trial are in flight, with a call of ours in each or about to come. A trial
    that nobody tells about is taken to have one."""

    def __init__(self, now: float, *, grace: float = 0.0) -> None:
        self.grace = grace
        self._flights: dict[str, _Flight] = {}
        self._strangers: Counter[str] = Counter()
        self._quiet_since = now
        self._quiet_s = 0.0

    def tell(self, trial: str, calls: int, now: float) -> None:
        """So many calls of a trial are in flight from now on."""
        was_open = self._open(now)
        flight = self._flights.get(trial)
        since = now if flight is None or not flight.calls else flight.since
        self._flights[trial] = _Flight(calls, since, now)
        if self._open(now) and not was_open:
            self._quiet_s += max(0.0, now - self._quiet_since)
        if not calls:
            self._quiet_since = now + self.grace

    def forget(self, trial: str) -> None:
        self._flights.pop(trial, None)

    def is_told(self, trial: str) -> bool:
        return trial in self._flights

    def may_be_caused(self, trial: str, now: float, *, linger: float = LINGER_S) -> bool:
        """Whether a call of ours is in flight, or was not long ago."""
        flight = self._flights.get(trial)
        return flight is None or flight.calls > 0 or now - flight.until <= linger

    def in_window(self, trial: str, now: float) -> bool:
        """Whether the window of a trial is open: between the start of a call and its end, and the grace after."""
        flight = self._flights.get(trial)
        return flight is not None and (flight.calls > 0 or now - flight.until <= self.grace)

    def stranger(self, edge: str, now: float) -> None:
        """A call that is nobody's: counted while no window is open."""
        if not self._open(now):
            self._strangers[edge] += 1

    def rate(self, edge: str, now: float) -> float:
        """Background calls of a provider in a second, as far as was seen outside of windows: never zero, for what was
        not seen in a short time may still come (one more than were seen, in that time)."""
        quiet = self._quiet_s + (0.0 if self._open(now) else max(0.0, now - self._quiet_since))
        return (self._strangers[edge] + 1) / quiet if quiet > 0 else math.inf

    def collision(self, trial: str, edge: str, now: float) -> float:
        """The chance that some call in this trial's window, as long as it is by now, is somebody else's."""
        flight = self._flights.get(trial)
        width = now - flight.since + self.grace if flight else self.grace
        return 1 - math.exp(-self.rate(edge, now) * width)

    def _open(self, now: float) -> bool:
        return any(flight.calls > 0 or now - flight.until <= self.grace for flight in self._flights.values())
