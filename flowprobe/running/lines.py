"""What the runner and the proxy have written of the trials that are under way, each for itself: there may be several.

A line that is of no trial under way (a provider call that nothing tells apart, a late proxy, a gap) may concern each of
them: each is judged with what came while it was under way, and the run counts it once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from flowprobe.core.events import CallSent, LeaseEnded, Stamped, TrialStarted
from flowprobe.journal.reader import Follower

__all__ = ["Lines", "Taken"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A trial's `own` lines, those that came `beside` them and are of no trial that is under way, and the `new` ones of
    such, which the run has not counted yet; what is missing of the proxy's journal stands as text among them."""

    own: tuple[Stamped, ...]
    beside: tuple[Stamped | str, ...]
    new: tuple[Stamped | str, ...]

    @property
    def of_trial(self) -> tuple[Stamped, ...]:
        return (*self.own, *stamped(self.beside))

    @property
    def of_run(self) -> tuple[Stamped, ...]:
        return (*self.own, *stamped(self.new))


class Lines:
    """Thread-safe. A trial is under way from its `TrialStarted` until it is taken."""

    def __init__(self, proxy: Follower) -> None:
        self._proxy = proxy
        self._lock = threading.Lock()
        self._own: dict[str, list[Stamped]] = {}
        self._since: dict[str, int] = {}
        self._calls: dict[str, str] = {}
        self._others: list[Stamped | str] = []
        self._dropped = self._counted = 0  # so many of the others went away, and were counted by the run

    def add(self, line: Stamped) -> None:
        """A line of the runner's."""
        with self._lock:
            self._sort(line)

    def own(self, trial: str) -> tuple[Stamped, ...]:
        """What we ourselves have written of a trial, without asking the proxy, whose journal may be gone."""
        with self._lock:
            return tuple(self._own[trial])

    def of(self, trial: str) -> tuple[Stamped, ...]:
        """All that tells of a trial until now."""
        with self._lock:
            self._hear()
            return (*self._own[trial], *stamped(self._beside(trial)))

    def take(self, trial: str) -> Taken:
        """The same, for the last time."""
        with self._lock:
            self._hear()
            taken = Taken(tuple(self._own.pop(trial)), self._beside(trial), self._new())
            del self._since[trial]
            self._calls = {call: of for call, of in self._calls.items() if of != trial}
            self._drop()
            return taken

    def rest(self) -> Taken:
        """What is left where no trial is under way."""
        with self._lock:
            self._hear()
            new = self._new()
            self._drop()
            return Taken((), new, new)

    def _hear(self) -> None:
        for line in self._proxy.new():
            self._sort(line)
        self._others += [f"the proxy's journal: {gap}" for gap in self._proxy.gaps]
        self._proxy.gaps.clear()

    def _sort(self, line: Stamped) -> None:
        event = line.event
        if isinstance(event, TrialStarted):
            # What came when no trial was under way is for the first that is.
            self._since[event.trial] = self._end if self._own else self._counted
            self._own[event.trial] = []
        trial = self._whose(line)
        if trial not in self._own:
            self._others.append(line)
            return
        self._own[trial].append(line)
        if isinstance(event, CallSent):
            self._calls[event.call] = trial

    def _whose(self, line: Stamped) -> str:
        event = line.event
        if isinstance(event, LeaseEnded):
            return event.lease  # a lease of ours has the name of its trial
        return getattr(event, "trial", "") or self._calls.get(getattr(event, "call", None) or "", "")

    @property
    def _end(self) -> int:
        return self._dropped + len(self._others)

    def _beside(self, trial: str) -> tuple[Stamped | str, ...]:
        return tuple(self._others[self._since[trial] - self._dropped:])

    def _new(self) -> tuple[Stamped | str, ...]:
        new = tuple(self._others[self._counted - self._dropped:])
        self._counted = self._end
        return new

    def _drop(self) -> None:
        """What is counted, and concerns no trial that is under way, is needed no more."""
        first = min((self._counted, *self._since.values()))
        del self._others[:first - self._dropped]
        self._dropped = first


def stamped(lines: tuple[Stamped | str, ...]) -> tuple[Stamped, ...]:
    return tuple(line for line in lines if isinstance(line, Stamped))
