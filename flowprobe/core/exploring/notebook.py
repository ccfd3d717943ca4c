"""What was tried, and what came of it: every try of the search goes through here, and none is made twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

from flowprobe.core.exploring.ahead import Ahead
from flowprobe.core.exploring.causes import Causes
from flowprobe.core.exploring.exploration import Patience, Progress, Reduce
from flowprobe.core.exploring.model import Break, Enough, Learned, Phase, Placed, Site, Try, Trying
from flowprobe.core.exploring.narrowing import narrowed
from flowprobe.core.plain import Plain, plain

__all__ = ["AIMED", "Alone", "Entry", "Notebook", "Saturated", "Told", "fault_key"]

Told = Callable[[Progress], None]
_MADE_AGAIN: tuple[Phase, ...] = ("calibrate", "confirm")
AIMED: tuple[Phase, ...] = ("calibrate", "confirm", "shrink")
"""Tries that look for the same again: what they do not show is no sign that there is nothing more."""
_OPEN: tuple[Phase, ...] = ("revealed", "pairs", "states", "random")


class Saturated(Enough):
    """So many tries in a row have shown nothing new."""


@plain
class Entry(Plain):
    """A trial that was made, as the `at`-th."""

    tried: Try
    learned: Learned
    at: int


@plain
class Alone(Plain):
    """What came of one fault in the default state, `within` those under which its call is there at all."""

    fault: Placed
    learned: Learned
    within: tuple[Placed, ...] = ()

    @property
    def fell(self) -> bool:
        return len(self.within) in self.learned.fired

    @property
    def stood(self) -> bool:
        """It fell, and the journey kept its promises."""
        return self.fell and self.learned.judged in ("pass", "degraded")


def fault_key(fault: Placed) -> str:
    """Kinds may hold what has no hash; their words tell them apart as well."""
    return repr(fault)


class Notebook:
    """What every part of the search writes down for the others. `left` is how many more tries they plan."""

    def __init__(self, trying: Trying, default: Mapping[str, Any], *, reduce: Reduce | None = None,
                 told: Told | None = None, saturation: int = 0, ahead: Ahead | None = None) -> None:
        self.default = default
        self.causes = Causes(default, reduce)
        self.entries: list[Entry] = []
        self.alone: list[Alone] = []
        self.patience: dict[Site, Patience] = {}
        self.together: set[frozenset[str]] = set()
        self.left: int | None = None
        self._trying, self._told, self._saturation, self._ahead = trying, told, saturation, ahead
        self._known: dict[object, Learned] = {}
        self._looked: set[object] = set()
        self._signatures: Counter[str] = Counter()
        self._quiet = 0

    def ask(self, tried: Try) -> Learned:
        """What comes of a try, known or made; an inconclusive one is made once more. Raises Enough."""
        again = tried.phase in _MADE_AGAIN
        if not again and (known := self._known.get(tried.key)) is not None:
            return known
        learned = self._make(tried)
        if learned.judged == "inconclusive" and not again:
            learned = self._make(tried)
        self._known[tried.key] = learned
        return learned

    def take(self, tried: Try) -> tuple[tuple[Placed, ...], Learned]:
        """The same; where it breaks promises, each is narrowed down to its faults and put on the list of finds. Returns
        the faults by which they broke, and what came of the try."""
        learned = self.ask(tried)
        return self._looked_into(tried, learned, len(self.entries)), learned

    def _looked_into(self, tried: Try, learned: Learned, at: int) -> tuple[Placed, ...]:
        """Narrow down each promise that a try broke, and put it on the list; returns the faults by which they broke."""
        looked_at = set[Break]()
        culprits: tuple[Placed, ...] = ()
        while learned.broke and (new := self.causes.unexplained(tried, learned)) is not None:
            new = replace(new, breaks=tuple(broke for broke in new.breaks if broke not in looked_at))
            if not new.breaks:
                break
            smaller, found = narrowed(tried, new, self.ask)
            same = tuple(broke for broke in new.breaks if broke in found.breaks)
            looked_at |= {*same}
            culprits += smaller.faults
            self.causes.add(smaller, replace(found, breaks=same), at, self.ask)
        self._looked.add(tried.key)
        return (*culprits, *self.causes.culprits(tried)) if learned.broke else ()

    def single(self, fault: Placed, phase: Phase, within: tuple[Placed, ...] = ()) -> Learned:
        """One fault in the default state."""
        _, learned = self.take(Try(self.default, (*within, fault), phase))
        self.alone.append(Alone(fault, learned, within))
        return learned

    @property
    def looks_ahead(self) -> bool:
        """Whether it makes a difference what is foreseen."""
        return self._ahead is not None

    def foresee(self, tries: Iterable[Try]) -> None:
        """These are planned next: they may be made before they are asked for."""
        if self._ahead is not None:
            self._ahead.foresee([each for each in tries if each.key not in self._known])

    def settle(self) -> None:
        """Take what was made and never asked for. What broke and is on no list yet, for the search ended before it was
        looked into: that is done now, as far as there may be more tries. What is left is put there as it is."""
        for tried, learned in self._ahead.rest() if self._ahead is not None else ():
            self.entries.append(Entry(tried, _worded(learned), len(self.entries) + 1))
        for entry in tuple(self.entries):
            if entry.learned.broke and entry.tried.phase not in AIMED:
                try:
                    if entry.tried.key not in self._looked:
                        self._looked_into(replace(entry.tried, phase="shrink"), entry.learned, entry.at)
                except Enough:
                    pass  # it is kept as it is
                left = self.causes.unexplained(entry.tried, entry.learned)
                if left is not None:
                    self.causes.keep(entry.tried, left, entry.at)

    @property
    def once(self) -> int:
        """How many signatures were seen only once."""
        return sum(times == 1 for times in self._signatures.values())

    @property
    def twice(self) -> int:
        return sum(times == 2 for times in self._signatures.values())

    @property
    def signatures(self) -> Mapping[str, int]:
        """How often each was seen, in tries that look for something new."""
        return self._signatures

    def _make(self, tried: Try) -> Learned:
        if self._saturation and tried.phase in _OPEN and self._quiet >= self._saturation:
            raise Saturated(f"the last {self._quiet} tries have shown nothing new")
        self._tell(tried, None)
        learned = _worded(self._trying(tried))
        self.entries.append(Entry(tried, learned, len(self.entries) + 1))
        self._note(tried, learned)
        if self.left:
            self.left -= 1
        self._tell(tried, learned)
        return learned

    def _note(self, tried: Try, learned: Learned) -> None:
        if tried.phase in AIMED or learned.judged == "inconclusive":
            return
        self._quiet = self._quiet + 1 if learned.signature in self._signatures else 0
        self._signatures[learned.signature] += 1
        if len(learned.fired) > 1 and not learned.broke and tried.state == self.default:
            fell = sorted(fault_key(tried.faults[number]) for number in learned.fired)
            self.together |= {frozenset(pair) for pair in combinations(fell, 2)}

    def _tell(self, tried: Try, learned: Learned | None) -> None:
        if self._told is not None:
            self._told(Progress(tried.phase, tried, len(self.entries), self.left, len(self.causes), learned))


def _worded(learned: Learned) -> Learned:
    """A failure that names no broken promise is one of its own."""
    if not learned.broke or learned.breaks:
        return learned
    return replace(learned, breaks=(Break("", "verdict", "fail", learned.because or "the journey failed"),))
