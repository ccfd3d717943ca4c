"""Money in minor units of its currency: euros have a hundred cents, dinars a thousand fils, yen none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flowprobe.demo.state import Currency

__all__ = ["DECIMALS", "SEAT_PRICES", "written"]

DECIMALS: Final[Mapping[Currency, int]] = {"EUR": 2, "JPY": 0, "KWD": 3}

SEAT_PRICES: Final[Mapping[tuple[str, Currency], int]] = {
    ("basic", "EUR"): 600,
    ("basic", "JPY"): 900,
    ("basic", "KWD"): 1850,
    ("pro", "EUR"): 1200,
    ("pro", "JPY"): 1800,
    ("pro", "KWD"): 3725,
}
"""What a seat costs in a month, by plan and currency."""


def written(amount: int, places: int) -> str:
    """An amount of minor units, so many of them digits after the point: `3600` and 2 is `36.00`."""
    whole, rest = divmod(amount, 10**places)
    return f"{whole}.{rest:0{places}}" if places else str(whole)
