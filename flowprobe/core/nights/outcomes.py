"""How a journey came out in a night, from all its attempts.

A further attempt is made to classify a failure, and never in place of it: what failed and then passed is neither a pass
nor a failure, but recovered.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from flowprobe.core.nights.model import Attempt, Journey
from flowprobe.core.verdict import Kind

__all__ = ["GREEN", "PASSING", "Outcome", "alike", "by_journey", "outcome_of"]


class Outcome(StrEnum):
    """`unmade`: it was not made in that night."""

    PASS = "pass"
    DEGRADED = "degraded"
    RECOVERED = "recovered"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    UNMADE = "unmade"


GREEN = frozenset({Outcome.PASS, Outcome.DEGRADED, Outcome.RECOVERED})
"""The journey came to its end."""
PASSING = (Kind.PASS, Kind.DEGRADED)
"""An attempt came to its end."""
_FROM = {Kind.PASS: Outcome.PASS, Kind.DEGRADED: Outcome.DEGRADED, Kind.FAIL: Outcome.FAIL,
         Kind.INCONCLUSIVE: Outcome.INCONCLUSIVE}


def outcome_of(attempts: Sequence[Attempt]) -> Outcome:
    """Of the attempts of one journey in one night, in their order. One that could not be judged says nothing against
    one that could; a product that failed and was not made again has failed."""
    if not attempts:
        return Outcome.UNMADE
    told = [each for each in attempts if each.verdict is not Kind.INCONCLUSIVE] or list(attempts)
    broke = any(each.verdict is Kind.FAIL for each in told)
    if broke and told[-1].verdict in PASSING:
        return Outcome.RECOVERED
    return Outcome.FAIL if broke else _FROM[told[-1].verdict]


def alike(attempts: Sequence[Attempt]) -> bool:
    """Whether each came out in the same way; whom it is put down to is a part of that."""
    return len({(each.verdict, each.blame, each.signature) for each in attempts}) == 1


def by_journey(attempts: Sequence[Attempt]) -> dict[Journey, tuple[Attempt, ...]]:
    """The attempts of one night, apart."""
    found: dict[Journey, list[Attempt]] = {}
    for each in attempts:
        found.setdefault(each.journey, []).append(each)
    return {journey: tuple(sorted(made, key=lambda each: each.number)) for journey, made in found.items()}
