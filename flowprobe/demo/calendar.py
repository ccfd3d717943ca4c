"""Days of accounts: a month may be too short for a day that the month before had."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Self

__all__ = ["Month", "anniversary"]

_FORM = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one year."""

    year: int
    month: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        """`2027-02`, from 2000 to 2099."""
        found = _FORM.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else None

    def next(self) -> Month:
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def day(self, number: int) -> date:
        """That day of the month, or the last one that it has."""
        return date(self.year, self.month, min(number, monthrange(self.year, self.month)[1]))


def anniversary(day: date) -> date:
    """The same day a year later; the 28th of February for one that only a leap year has."""
    return Month(day.year + 1, day.month).day(day.day)
