"""What the nights would have cost where each call is paid for: from prices that the user gives, for they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from flowprobe.core.nights.model import Night
from flowprobe.core.plain import Plain, plain

__all__ = ["Cost", "Price", "cost_of"]


@plain
class Price(Plain):
    """What so many calls, or journeys, cost elsewhere: `5.00` USD for `per` 1,000 calls."""

    name: str
    amount: float
    currency: str
    per: int = 1000
    unit: Literal["call", "journey"] = "call"


@plain
class Cost(Plain):
    """`calls` and `journeys` were made in `nights` nights over `days` days; `sums` is what they would have cost, for
    each price, and `monthly` the same for thirty days."""

    nights: int
    days: float
    calls: int
    journeys: int
    sums: tuple[tuple[Price, float], ...] = ()

    def monthly(self, amount: float) -> float:
        return amount * 30 / self.days


def cost_of(nights: Sequence[Night], prices: Sequence[Price]) -> Cost:
    """Of the nights that were made: one that was refused has sent nothing. The first and the last day count whole."""
    made = [night for night in nights if night.calls or night.journeys]
    calls, journeys = sum(night.calls for night in made), sum(night.journeys for night in made)
    days = max(1.0, 1 + (made[-1].began - made[0].began) / 86400) if made else 1.0
    counts = {"call": calls, "journey": journeys}
    return Cost(len(made), days, calls, journeys,
                tuple((price, counts[price.unit] / price.per * price.amount) for price in prices))
