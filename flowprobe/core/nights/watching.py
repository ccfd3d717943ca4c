"""One series of numbers, night by night: what is usual, and whether it has left that for good.

A one-sided CUSUM (Page 1954, doi:10.1093/biomet/41.1-2.100) on how far each night lies above what is usual, in units of
the usual spread. Usual is the median of the newest nights that were not suspicious, spread their median absolute
deviation, so that neither a bad night nor a slow change can make itself usual. Numbers are logarithms: a difference of
0.1 is ten percent. How the settings were chosen: docs/decisions/0016-nights.md.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from statistics import median

from flowprobe.core.nights.model import Trending

__all__ = ["LEARN", "LEARN_AGAIN", "Watch"]

LEARN = 28
"""So many nights are learned from before anything is said: four weeks."""

LEARN_AGAIN = 14
"""After a person has said that a change is usual: two weeks for the level, for the spread is known from before."""

SLACK, ENOUGH = 0.75, 9.0
"""k and h of the CUSUM: what is let pass each night, and what has to gather, both in spreads."""

EFFECT = math.log(1.08)
"""What gathers slowly and stays smaller is not worth anybody's time."""

FAR = math.log(1.25)
"""What one night alone has to show before it is measured again, and each further batch."""

STANDS_OUT = 2.5
QUICK = (4.0, 5.0)
"""Spreads of two nights running, each FAR at the least, that are enough without gathering."""

NEWEST = 120
"""Nights that the usual is made of: four months. With two, the spread is now and then taken for smaller than it is."""

BACK = 7
"""A change is over when the median of so many nights is less than half of EFFECT above the usual: a week."""

RISEN = 14
"""The newest nights of those that gather, so many, have to be EFFECT above the usual: the rest may be long ago."""

_CLIP, _LEAST = 4.0, 0.02


class Watch:
    """Sees the nights of one series, oldest first. `spread` is given where it is known from before a person's mark."""

    __slots__ = ("_before", "_gathered", "_known", "_known_spread", "_learn", "_newest", "_ordered", "_risen",
                 "_since", "_state", "_z")

    def __init__(self, *, spread: float | None = None) -> None:
        self._known_spread = spread
        self._learn = LEARN if spread is None else LEARN_AGAIN
        self._known: deque[float] = deque()
        self._ordered: list[float] = []
        self._gathered = 0.0
        self._risen: deque[tuple[str, float]] = deque(maxlen=RISEN)
        self._newest: deque[float] = deque(maxlen=BACK)
        self._state, self._since, self._z = Trending.LEARNING, "", 0.0
        self._before: tuple[float, float] | None = None

    def anew(self) -> Watch:
        """A person said that the nights from now on are usual: another level, with the spread that is known."""
        learned = self._known_spread is not None or len(self._known) >= LEARN
        return Watch(spread=self.baseline[1] if learned else None)

    @property
    def state(self) -> Trending:
        return self._state

    @property
    def since(self) -> str:
        """The night on which the change began, or what may become one; empty while all is usual."""
        return self._since

    @property
    def baseline(self) -> tuple[float, float]:
        """What is usual, and its spread."""
        if self._before is None:
            self._before = self._fitted()
        return self._before

    def stands_out(self, value: float, *, trust: float = 1.0) -> bool:
        """Whether tonight's number, which was not seen yet, has to be measured again the same night. `trust` is 1
        where the controls were measured beside it, and less where not."""
        return self._judges and self._far(value, trust) and self._distance(value, trust) > STANDS_OUT

    def confirms(self, values: Sequence[float], *, trust: float = 1.0) -> bool:
        """Whether the further batches of a night that stood out, say it too: each of them far, and on the whole as
        clearly."""
        far = all(self._far(value, trust) for value in values)
        return self._judges and far and _mean([self._distance(value, trust) for value in values]) > STANDS_OUT

    def see(self, night: str, value: float, *, trust: float = 1.0, confirmed: bool = False) -> None:
        """`confirmed`: it stood out, and was measured again that night."""
        if self._state is Trending.LEARNING:
            self._learned(value)
        elif self._state is Trending.CHANGED:
            self._maybe_back(value)
        else:
            self._gather(night, value, trust, confirmed)

    @property
    def _judges(self) -> bool:
        """Neither learning nor in a change that was told already."""
        return self._state in (Trending.STEADY, Trending.SUSPECT)

    def _distance(self, value: float, trust: float) -> float:
        usual, spread = self.baseline
        return (value - usual) / spread * trust

    def _far(self, value: float, trust: float) -> bool:
        return value - self.baseline[0] >= FAR / trust ** 2

    def _learned(self, value: float) -> None:
        self._keep(value)
        if len(self._known) >= self._learn:
            self._state = Trending.STEADY

    def _gather(self, night: str, value: float, trust: float, confirmed: bool) -> None:
        last, self._z = self._z, self._distance(value, trust)
        self._gathered += max(-_CLIP, min(_CLIP, self._z)) - SLACK
        self._gathered = min(max(self._gathered, 0.0), 2 * ENOUGH)
        if not self._gathered:
            self._risen.clear()
        else:
            self._risen.append((night, value))
        self._since = "" if not self._risen else self._since or night
        if confirmed or self._quick(last, trust):
            self._change(self._leapt(night, trust))
        elif self._enough():
            self._change(self._since)
        else:
            self._go_on(value)

    def _change(self, since: str) -> None:
        self._state, self._since = Trending.CHANGED, since
        self._newest.clear()

    def _go_on(self, value: float) -> None:
        suspicious = self._gathered >= ENOUGH / 3
        self._state = Trending.SUSPECT if suspicious else Trending.STEADY
        if not suspicious:
            self._keep(value)

    def _quick(self, last: float, trust: float) -> bool:
        before, tonight = QUICK
        return (self._z > tonight and last > before and len(self._risen) > 1
                and all(self._far(value, trust) for _, value in list(self._risen)[-2:]))

    def _leapt(self, night: str, trust: float) -> str:
        """The first of the newest nights that are all far out."""
        since = night
        for name, value in reversed(self._risen):
            if not self._far(value, trust):
                break
            since = name
        return since

    def _enough(self) -> bool:
        return (self._gathered > ENOUGH and len(self._risen) > 1
                and median(value for _, value in self._risen) - self.baseline[0] > EFFECT)

    def _maybe_back(self, value: float) -> None:
        self._newest.append(value)
        if len(self._newest) == BACK and median(self._newest) - self.baseline[0] < EFFECT / 2:
            self._state, self._since, self._gathered, self._z = Trending.STEADY, "", 0.0, 0.0
            self._risen.clear()

    def _keep(self, value: float) -> None:
        self._known.append(value)
        insort(self._ordered, value)
        if len(self._known) > NEWEST:
            del self._ordered[bisect_left(self._ordered, self._known.popleft())]
        self._before = None

    def _fitted(self) -> tuple[float, float]:
        if not self._ordered:
            return 0.0, _LEAST
        usual = _middle(self._ordered)
        if self._known_spread is not None and len(self._known) < LEARN:
            return usual, self._known_spread
        return usual, _spread(self._ordered, usual)


def _spread(values: Sequence[float], usual: float) -> float:
    """The standard deviation that a normal distribution with this median absolute deviation would have; two percent at
    the least, for no network is steadier."""
    return max(1.4826 * _middle(sorted(abs(value - usual) for value in values)), _LEAST)


def _middle(ordered: Sequence[float]) -> float:
    half, odd = divmod(len(ordered), 2)
    return ordered[half] if odd else (ordered[half - 1] + ordered[half]) / 2


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
