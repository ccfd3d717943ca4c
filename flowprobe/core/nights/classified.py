"""What a night has come to: each of its journeys, from all the attempts at it, and the whole with its exit code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flowprobe.core.nights.model import Attempt, Counted, Journey
from flowprobe.core.nights.outcomes import GREEN, PASSING, Outcome, alike, by_journey, outcome_of
from flowprobe.core.plain import Plain, plain
from flowprobe.core.verdict import Blame, ExitCode, Kind

__all__ = ["Classified", "classified", "has_answered", "made_good", "night_code", "night_verdict", "open_attempt"]

_AGAIN = (Blame.PRODUCT, Blame.ENVIRONMENT, Blame.ACCOUNT, Blame.TOOL)
"""What another attempt may classify. The others come out the same each time, or were never made."""
_RANK = {Kind.PASS: 0, Kind.DEGRADED: 1, Kind.INCONCLUSIVE: 2, Kind.FAIL: 3}
_KINDS = {Outcome.PASS: Kind.PASS, Outcome.DEGRADED: Kind.DEGRADED, Outcome.RECOVERED: Kind.DEGRADED,
          Outcome.FAIL: Kind.FAIL}


@plain
class Classified(Plain):
    """A journey in one night. `worst` is the attempt that is told of it, the first one where nothing broke;
    `confirmed`: it broke in the same way in each attempt, and there was more than one. Of its `tries`, samples
    included, `failures` were broken by the product."""

    journey: Journey
    outcome: Outcome
    worst: Attempt
    attempts: tuple[Attempt, ...]
    confirmed: bool = False
    tries: int = 0
    failures: int = 0

    @property
    def verdict(self) -> Kind:
        """What recovered was degraded: it came to its end, and not at once."""
        return _KINDS.get(self.outcome, Kind.INCONCLUSIVE)


def classified(attempts: Sequence[Attempt], counted: Iterable[Counted] = ()) -> tuple[Classified, ...]:
    """One for each journey, in the order in which they were first made."""
    counts = {each.journey: each for each in counted if not each.step}
    return tuple(_classified(journey, made, counts.get(journey)) for journey, made in by_journey(attempts).items())


def _classified(journey: Journey, attempts: tuple[Attempt, ...], counted: Counted | None) -> Classified:
    broken = [each for each in attempts if each.verdict not in PASSING]
    return Classified(
        journey, outcome_of(attempts), max(broken or attempts, key=lambda each: _RANK[each.verdict]), attempts,
        alike(attempts) and len(broken) > 1, counted.tries if counted else len(attempts),
        counted.failures if counted else sum(each.verdict is Kind.FAIL for each in attempts))


def open_attempt(attempts: Sequence[Attempt], most: int) -> int:
    """The number of the attempt that a journey still needs; 0 for none: it passed at last, it was made often enough,
    or another attempt would tell nothing."""
    last = attempts[-1] if attempts else None
    if last is None or last.verdict in PASSING:
        return 0
    return last.number + 1 if last.blame in _AGAIN and last.number < most else 0


def has_answered(attempts: Iterable[Attempt]) -> bool:
    """What could be judged had its answer; silence that was called the product's had one before it."""
    return any(each.verdict is not Kind.INCONCLUSIVE for each in attempts)


def made_good(journeys: Iterable[Classified]) -> dict[str, str]:
    """The trials that broke and were made again until they came to their end, by their ids, with a sentence of that:
    they have not failed."""
    return {each.trial: f"attempt {each.number} broke, and attempt {found.attempts[-1].number} passed in the same night"
            for found in journeys if found.outcome in GREEN
            for each in found.attempts if each.verdict not in PASSING}


def night_verdict(journeys: Sequence[Classified]) -> Kind:
    """Of several: fail > inconclusive > degraded > pass. A night without journeys cannot be judged."""
    return max((each.verdict for each in journeys), key=_RANK.__getitem__, default=Kind.INCONCLUSIVE)


def night_code(of_run: int, verdict: Kind, *, trouble: bool = False) -> int:
    """That of the run where it was stopped, halted or left something behind; else what the journeys came to, by which
    one that recovered has not failed."""
    if of_run not in (ExitCode.OK, ExitCode.FAIL, ExitCode.INCONCLUSIVE):
        return of_run
    if verdict is Kind.FAIL:
        return ExitCode.FAIL
    return ExitCode.INCONCLUSIVE if verdict is Kind.INCONCLUSIVE or trouble else ExitCode.OK
