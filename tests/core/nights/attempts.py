"""Attempts, made short."""

from __future__ import annotations

from flowprobe.core.nights.model import Attempt, Journey
from flowprobe.core.verdict import Blame, Kind

ORDER = Journey("Order", "user=pro-eu")
KINDS = {"p": (Kind.PASS, Blame.NONE), "d": (Kind.DEGRADED, Blame.NONE), "f": (Kind.FAIL, Blame.PRODUCT),
         "i": (Kind.INCONCLUSIVE, Blame.ENVIRONMENT)}


def attempt(kind: str, number: int = 1, *, at: float = 0.0, signature: str = "pay: 503",
            journey: Journey = ORDER) -> Attempt:
    verdict, blame = KINDS[kind]
    return Attempt(journey, number, at, 30.0, verdict, blame, signature if kind in "fi" else "")


def night(kinds: str, journey: Journey = ORDER) -> tuple[Attempt, ...]:
    """`"fp"`: it broke and then passed."""
    return tuple(attempt(kind, number, at=450.0 * (number - 1), journey=journey)
                 for number, kind in enumerate(kinds, start=1))
