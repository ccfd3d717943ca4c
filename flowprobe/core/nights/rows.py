"""How the journeys came out over many nights, and since when they have done so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowprobe.core.nights.model import Attempt, Journey, Night
from flowprobe.core.nights.outcomes import GREEN, Outcome, by_journey, outcome_of
from flowprobe.core.plain import Plain, plain
from flowprobe.core.verdict import Blame, Kind

__all__ = ["Row", "rows"]


@plain
class Row(Plain):
    """A journey over the nights that are asked about, oldest first. `since` is the first night of those in which it has
    come out green, or not, without a break until the newest in which it was made; empty where that is before the first
    of them, or it was never made. `last` is what is told of the newest attempt that did not pass in the newest night in
    which it was made."""

    journey: Journey
    outcomes: tuple[Outcome, ...]
    since: str
    last: Attempt | None

    @property
    def now(self) -> Outcome:
        """How it came out in the newest night in which it was made."""
        return next((each for each in reversed(self.outcomes) if each is not Outcome.UNMADE), Outcome.UNMADE)


def rows(nights: Sequence[Night], attempts: Mapping[str, Sequence[Attempt]]) -> tuple[Row, ...]:
    """A row for each journey that was made in any of the nights: those that are not green now first, then in the order
    in which they came."""
    nightly = [(night.name, by_journey(attempts.get(night.name, ()))) for night in nights]
    journeys = dict.fromkeys(journey for _, made in nightly for journey in made)
    found = [_row(journey, nightly) for journey in journeys]
    return tuple(sorted(found, key=lambda row: _RANK[row.now]))


_RANK = {Outcome.FAIL: 0, Outcome.INCONCLUSIVE: 1, Outcome.RECOVERED: 2, Outcome.DEGRADED: 3, Outcome.PASS: 3,
         Outcome.UNMADE: 4}


def _row(journey: Journey, nightly: Sequence[tuple[str, Mapping[Journey, tuple[Attempt, ...]]]]) -> Row:
    outcomes = tuple(outcome_of(made.get(journey, ())) for _, made in nightly)
    newest = next((made[journey] for _, made in reversed(nightly) if journey in made), ())
    last = next((each for each in reversed(newest) if each.verdict is not Kind.PASS or each.blame is not Blame.NONE),
                None)
    return Row(journey, outcomes, _since([name for name, _ in nightly], outcomes), last)


def _since(names: Sequence[str], outcomes: Sequence[Outcome]) -> str:
    made = [(name, each in GREEN) for name, each in zip(names, outcomes, strict=True) if each is not Outcome.UNMADE]
    if not made:
        return ""
    now = made[-1][1]
    before = next((place for place, (_, green) in reversed(list(enumerate(made))) if green is not now), None)
    return "" if before is None else made[before + 1][0]
