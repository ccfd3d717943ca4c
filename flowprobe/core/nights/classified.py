"""What came of each journey in a night, from all the attempts at it, and what that makes of the night.

A further attempt classifies a failure, and never replaces it: what passed after it had failed has recovered, and that
is its own state between a pass and a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flowprobe.core.nights.model import Attempt, Counted, Journey
from flowprobe.core.plain import Plain, plain
from flowprobe.core.verdict import Blame, ExitCode, Kind

__all__ = ["AGAIN", "PASSING", "Outcome", "night_code", "night_verdict", "open_attempt", "outcomes"]

PASSING = (Kind.PASS, Kind.DEGRADED)
AGAIN = (Blame.PRODUCT, Blame.ENVIRONMENT, Blame.ACCOUNT, Blame.TOOL)
"""What another attempt may classify. The others come out the same each time, or were never made."""
_RANK = {Kind.PASS: 0, Kind.DEGRADED: 1, Kind.INCONCLUSIVE: 2, Kind.FAIL: 3}


@plain
class Outcome(Plain):
    """`worst` is the attempt that is told of it, the last one where nothing broke. `recovered`: it broke and passed in
    the same night. `confirmed`: it broke in the same way each time that it was made from its first failure on. Of its
    `tries`, samples included, `failures` were broken by the product."""

    journey: Journey
    verdict: Kind
    worst: Attempt
    attempts: tuple[Attempt, ...]
    recovered: bool = False
    confirmed: bool = False
    tries: int = 0
    failures: int = 0


def outcomes(attempts: Iterable[Attempt], counted: Iterable[Counted] = ()) -> tuple[Outcome, ...]:
    """One for each journey, in the order in which they were first made."""
    made: dict[Journey, list[Attempt]] = {}
    for attempt in attempts:
        made.setdefault(attempt.journey, []).append(attempt)
    counts = {each.journey: each for each in counted if not each.step}
    return tuple(_outcome(journey, sorted(of_it, key=lambda each: each.number), counts.get(journey))
                 for journey, of_it in made.items())


def _outcome(journey: Journey, attempts: Sequence[Attempt], counted: Counted | None) -> Outcome:
    broken = [each for each in attempts if each.verdict not in PASSING]
    passed = [each for each in attempts if each.verdict in PASSING]
    worst = max(broken or attempts, key=lambda each: _RANK[each.verdict])
    recovered = bool(broken and passed)
    kind = Kind.DEGRADED if recovered else worst.verdict
    same = len({each.signature for each in broken}) == 1
    return Outcome(journey, kind, worst, tuple(attempts), recovered,
                   bool(broken) and not passed and same and len(broken) > 1,
                   counted.tries if counted else len(attempts), counted.failures if counted else len(broken))


def open_attempt(attempts: Sequence[Attempt], most: int) -> int:
    """The number of the attempt that a journey still needs; 0 for none: it passed at last, it was made often enough,
    or another attempt would tell nothing."""
    last = attempts[-1] if attempts else None
    if last is None or last.verdict in PASSING:
        return 0
    return last.number + 1 if last.blame in AGAIN and last.number < most else 0


def night_verdict(outcomes: Sequence[Outcome]) -> Kind:
    """Of several: fail > inconclusive > degraded > pass. A night without journeys cannot be judged."""
    return max((each.verdict for each in outcomes), key=_RANK.__getitem__, default=Kind.INCONCLUSIVE)


def night_code(of_run: int, verdict: Kind, *, trouble: bool = False) -> int:
    """That of the run where it was stopped, halted or left something behind; else what the journeys came to, by which
    one that recovered has not failed."""
    if of_run not in (ExitCode.OK, ExitCode.FAIL, ExitCode.INCONCLUSIVE):
        return of_run
    if verdict is Kind.FAIL:
        return ExitCode.FAIL
    return ExitCode.INCONCLUSIVE if verdict is Kind.INCONCLUSIVE or trouble else ExitCode.OK
