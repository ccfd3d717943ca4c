"""Where tries are compared: what came of each, and the smallest so far that breaks the same."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from flowprobe.core.exploring.model import Break, Enough, Learned

__all__ = ["Bench", "Keyed", "broken"]


class Keyed(Protocol):
    """Two with the same key are the same experiment."""

    @property
    def key(self) -> Hashable: ...


T = TypeVar("T", bound=Keyed)


def broken(learned: Learned, wanted: Break | None) -> bool:
    """Whether this promise was broken; with None, whether any was."""
    return learned.broke and (wanted is None or wanted in learned.breaks)


class Bench(Generic[T]):
    """`best` is the smallest so far, and `learned` what came of it. Nothing is tried twice, nor more than `most`; an
    inconclusive try is made once more, and then counts as one that breaks nothing."""

    def __init__(self, trying: Callable[[T], Learned], wanted: Break | None, most: int, first: T,
                 learned: Learned) -> None:
        self.best, self.learned, self.wanted = first, learned, wanted
        self.tries = 0
        self._trying, self._most = trying, most
        self._known: dict[Hashable, Learned | None] = {first.key: learned}

    def breaks(self, attempt: T) -> bool:
        """Whether it breaks the same; then it is the best so far. Raises Enough."""
        if attempt.key not in self._known:
            learned = self._learn(attempt)
            same = broken(learned, self.wanted) and self.is_sound(attempt)
            self._known[attempt.key] = learned if same else None
        if (known := self._known[attempt.key]) is not None:
            self.best, self.learned = attempt, known
        return known is not None

    def is_sound(self, _attempt: T) -> bool:
        """Whether what breaks in it may count; asked of what has broken."""
        return True

    def holds(self, attempt: T) -> None:
        """It is known that this one breaks nothing."""
        self._known[attempt.key] = None

    def _learn(self, attempt: T) -> Learned:
        learned = self._try(attempt)
        return self._try(attempt) if learned.judged == "inconclusive" else learned

    @property
    def is_spent(self) -> bool:
        return self.tries >= self._most

    def _try(self, attempt: T) -> Learned:
        if self.is_spent:
            raise Enough(f"{self._most} tries were not enough")
        self.tries += 1
        return self._trying(attempt)
