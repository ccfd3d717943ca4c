"""How often a step breaks, gathered over nights: what fails in one try out of ten is seen by no single night.

What is known of a share after some tries is a beta distribution. The newest two weeks are held against what was usual
before them; alarm is raised where it is all but sure that the step breaks more than twice as often as usual, and more
than once in a hundred tries.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from flowprobe.core.nights.beta import share_below
from flowprobe.core.nights.model import Counted, Journey, Rate, Trending

__all__ = ["RECENT", "rates", "subject"]

RECENT = 14
"""Nights that the recent share is made of; as many have to be known before them."""

TIMES, LEAST = 2.0, 0.01
SURE, SUSPECT, OVER = 0.99, 0.9, 0.5
NEWEST = 400
"""No more nights are judged, as with latencies."""

BACK = 7
"""A change is over when the newest nights, so many, make it less than even."""

_PRIOR = 25.0
"""Tries that what was usual is worth beside what was seen recently."""


def subject(journey: Journey, step: str) -> str:
    """What a person's mark calls it."""
    return f"{journey} {step}" if step else str(journey)


def rates(counted: Sequence[tuple[str, Counted]], *,
          rebased: Mapping[str, str] = MappingProxyType({})) -> tuple[Rate, ...]:
    """Of each journey and step, in the order in which they are first seen. `counted` is (night, count), oldest first;
    `rebased`: what `subject` says -> the night from which on it is as usual."""
    nights: dict[tuple[Journey, str], dict[str, tuple[int, int]]] = {}
    for night, each in counted:
        known = nights.setdefault((each.journey, each.step), {})
        tries, failures = known.get(night, (0, 0))
        if each.tries and night >= rebased.get(subject(each.journey, each.step), ""):
            known[night] = tries + each.tries, failures + each.failures
    return tuple(_rate(journey, step, list(known.values())[-NEWEST:]) for (journey, step), known in nights.items())


def _rate(journey: Journey, step: str, nights: Sequence[tuple[int, int]]) -> Rate:
    gathered = Gathering()
    for tries, failures in nights:
        gathered.see(tries, failures)
    tries, failures = _total(nights)
    return Rate(journey, step, gathered.state, tries, failures, gathered.usual, gathered.recent, gathered.sure)


class Gathering:
    """Sees the counts of one step, night by night. Nights of a change never become usual."""

    __slots__ = ("_known", "_newest", "_nights", "state", "sure")

    def __init__(self) -> None:
        self._newest: deque[tuple[int, int]] = deque()
        self._known, self._nights = (0, 0), 0
        self.state, self.sure = Trending.LEARNING, 0.0

    @property
    def usual(self) -> float:
        """The share before the recent nights; half a failure is put to it, for nothing never breaks."""
        tries, failures = self._known
        return (failures + 0.5) / (tries + 1) if tries else 0.0

    @property
    def recent(self) -> float:
        tries, failures = _total(self._newest)
        return failures / tries if tries else 0.0

    def see(self, tries: int, failures: int) -> None:
        self._newest.append((tries, failures))
        self._nights += 1
        while len(self._newest) > RECENT:
            self._pass(self._newest.popleft())
        if self._nights < 2 * RECENT:
            return
        self.sure = self._surely(self._newest)
        self.state = self._judged()

    def _pass(self, night: tuple[int, int]) -> None:
        if self.state is not Trending.CHANGED:
            self._known = self._known[0] + night[0], self._known[1] + night[1]

    def _judged(self) -> Trending:
        if self.state is Trending.CHANGED:
            over = self._surely(list(self._newest)[-BACK:]) < OVER
            return Trending.STEADY if over else Trending.CHANGED
        if self.sure > SURE and sum(failures > 0 for _, failures in self._newest) > 1:
            return Trending.CHANGED
        return Trending.SUSPECT if self.sure > SUSPECT else Trending.STEADY

    def _surely(self, nights: Iterable[tuple[int, int]]) -> float:
        """The probability that the share is more than twice the usual, and more than one in a hundred. Before anything
        is seen it is taken to be the usual, with the weight of a few tries."""
        tries, failures = _total(nights)
        before = min(max(self.usual, LEAST / 4), 0.5)
        bar = min(max(TIMES * self.usual, LEAST), 1.0)
        return 1 - share_below(bar, _PRIOR * before + failures, _PRIOR * (1 - before) + tries - failures)


def _total(nights: Iterable[tuple[int, int]]) -> tuple[int, int]:
    found = list(nights)
    return sum(tries for tries, _ in found), sum(failures for _, failures in found)
