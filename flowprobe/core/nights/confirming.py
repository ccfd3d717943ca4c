"""Whether a journey that broke is broken: it is made again to find out, and never in place of what was seen.

Three attempts over at least a quarter of an hour, each with the same signature: what passes by itself within ten
minutes is never confirmed, and a failure that comes by chance in one attempt out of fifty comes in three running once
in a hundred thousand nights.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from flowprobe.core.nights.model import Attempt
from flowprobe.core.verdict import Kind

__all__ = ["ATTEMPTS", "SPAN_S", "Outcome", "next_at", "outcome"]

ATTEMPTS = 3
SPAN_S = 900.0
"""From the beginning of the first attempt to that of the last: fifteen minutes."""

_PAUSES_S = (300.0, SPAN_S)
"""When the second and the third are due, after the beginning of the first."""


class Outcome(StrEnum):
    """`passed` at the first attempt; `recovered` at a later one; `confirmed`: the same thing broke in the same way in
    each; `unlike`: each broke, and not in the same way; `open`: another attempt is due."""

    PASSED = "passed"
    RECOVERED = "recovered"
    CONFIRMED = "confirmed"
    UNLIKE = "unlike"
    OPEN = "open"


def outcome(attempts: Sequence[Attempt]) -> Outcome:
    """Of one journey in one night, in the order in which they were made. What is inconclusive did not pass; whom it is
    put down to is part of what has to be the same."""
    if any(_passed(each) for each in attempts):
        return Outcome.PASSED if _passed(attempts[0]) else Outcome.RECOVERED
    if next_at(attempts) is not None:
        return Outcome.OPEN
    alike = len({(each.verdict, each.blame, each.signature) for each in attempts}) == 1
    return Outcome.CONFIRMED if alike else Outcome.UNLIKE


def next_at(attempts: Sequence[Attempt]) -> float | None:
    """The instant before which the next attempt shall not begin; None where no other is needed."""
    if not attempts:
        return 0.0
    first, made = attempts[0].at, len(attempts)
    if any(_passed(each) for each in attempts) or (made >= ATTEMPTS and attempts[-1].at - first >= SPAN_S):
        return None
    return first + _PAUSES_S[min(made, ATTEMPTS - 1) - 1]


def _passed(attempt: Attempt) -> bool:
    return attempt.verdict in (Kind.PASS, Kind.DEGRADED)
