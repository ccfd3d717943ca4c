"""The shortest delay that breaks, found in few tries: where it is between one that does and one that does not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import sqrt

__all__ = ["fineness", "hinted", "shortest"]

_FINE_S = 0.01
_FINE = 0.05
_SURE = 0.02


def shortest(high: float, breaks: Callable[[float], bool], hints: Sequence[float] = ()) -> tuple[float, float]:
    """The shortest delay that is known to break, of which `high` does, and the longest that is known not to: in
    seconds. What is hinted at is asked first; without a delay it is known to hold.

    To half of the larger of 10 ms and 5 %: the other half is for a product that does not always give up after the same
    time.
    """
    low = 0.0
    while high - low > fineness(low) / 2:
        middle = next((hint for hint in hints if low < hint < high), None) or _middle(low, high)
        if not low < middle < high:
            break
        if breaks(middle):
            high = middle
        else:
            low = middle
    return high, low


def fineness(seconds: float) -> float:
    """How exactly a delay of about so many seconds is to be known."""
    return max(_FINE_S, _FINE * seconds)


def hinted(waits: Iterable[float]) -> list[float]:
    """A little more than the product waited, and a little less: for each time after which it was seen to give up."""
    return [round(wait * factor, 3) for wait in sorted(waits) for factor in (1 + _SURE, 1 - _SURE)]


def _middle(low: float, high: float) -> float:
    """Of what grows by percents, and in whole milliseconds."""
    return round(sqrt(max(low, _FINE_S) * high), 3) if high > 2 * _FINE_S else round((low + high) / 2, 3)
