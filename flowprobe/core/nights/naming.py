"""What a night is called: by the date on which it began."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, tzinfo
from itertools import count

__all__ = ["another", "named"]


def named(at: datetime, zone: tzinfo) -> str:
    """`2026-11-23`: the date on the wall of a zone."""
    return f"{at.astimezone(zone):%Y-%m-%d}"


def another(name: str, taken: Collection[str]) -> str:
    """`2026-11-23.2`: a further night of the same date, beside those that are there."""
    return next(further for number in count(2) if (further := f"{name}.{number}") not in taken)
