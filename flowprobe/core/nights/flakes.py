"""How often a journey breaks and passes at the next attempt of the same night, and when it has to be quiet for that.

The score is a share of nights with a beta prior, in which a night counts half after sixty. Above five percent a journey
is in quarantine: made every night, shown, and waking nobody. Quarantine ends by itself, or by a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from flowprobe.core.nights.model import Attempt, Deed, Flake, Journey, Mark
from flowprobe.core.nights.outcomes import Outcome, outcome_of
from flowprobe.core.verdict import Blame, Kind

__all__ = ["FOREVER", "HALF_LIFE", "QUARANTINE_DAYS", "TOO_OFTEN", "flakes", "quarantine_end"]

TOO_OFTEN = 0.05
HALF_LIFE = 60
"""Nights."""

QUARANTINE_DAYS = 14
"""It ends after two weeks, unless the score is still too high then."""

FOREVER = "9999-12-31"
"""The end of a person's quarantine that has none."""

_SEEN, _NIGHTS = 0.25, 25.0
"""The prior: one percent, worth 25 nights. One flaky night is never enough, two within two weeks are."""


def flakes(attempts: Mapping[str, tuple[Attempt, ...]], marks: Sequence[Mark], *, tonight: str) -> tuple[Flake, ...]:
    """Of each journey, in the order in which they are first seen. `attempts` are by the night's name, in the order of
    nights; those of tonight may be among them. The newest mark of a journey counts; before a release nothing is held
    against it any more."""
    told: dict[Journey, dict[str, list[Attempt]]] = {}
    for night in sorted(attempts):
        for each in attempts[night]:
            told.setdefault(each.journey, {}).setdefault(night, []).append(each)
    return tuple(_flake(journey, nights, [mark for mark in marks if mark.subject == str(journey)], tonight)
                 for journey, nights in told.items())


def _flake(journey: Journey, nights: Mapping[str, Sequence[Attempt]], marks: Sequence[Mark], tonight: str) -> Flake:
    made = sorted((mark for mark in marks if mark.night <= tonight), key=lambda mark: mark.at)
    since = max((mark.night for mark in made if mark.deed is Deed.RELEASE), default="")
    judged = {night: flaky for night, attempts in nights.items() if night >= since
              for flaky in [_flaky(attempts)] if flaky is not None}
    score, until = _followed(judged, tonight)
    newest = [mark for mark in made if mark.deed in (Deed.QUARANTINE, Deed.RELEASE)][-1:]
    until = max([until, *(mark.until or FOREVER for mark in newest if mark.deed is Deed.QUARANTINE)])
    return Flake(journey, score, len(judged), until if until > tonight else "")


def _followed(judged: Mapping[str, bool], tonight: str) -> tuple[float, str]:
    """The score after the newest night, and the end of the newest quarantine, empty where there never was one."""
    seen, known, until = _SEEN, _NIGHTS, ""
    fading = 0.5 ** (1 / HALF_LIFE)
    for night, flaky in judged.items():
        seen = _SEEN + (seen - _SEEN) * fading + flaky
        known = _NIGHTS + (known - _NIGHTS) * fading + 1
        if seen / known > TOO_OFTEN and night >= until:
            until = quarantine_end(night)
    if seen / known > TOO_OFTEN and tonight >= until:  # it did not run the night on which it would have ended
        until = quarantine_end(tonight)
    return seen / known, until


def _flaky(attempts: Iterable[Attempt]) -> bool | None:
    """Whether it broke by the product's doing and then passed; None where the night says nothing of it."""
    made = sorted(attempts, key=lambda each: each.number)
    if made[0].verdict is Kind.INCONCLUSIVE:
        return None
    return outcome_of(made) is Outcome.RECOVERED and made[0].blame is Blame.PRODUCT


def quarantine_end(night: str) -> str:
    """The name of the night on which a quarantine that began with this one ends."""
    return (date.fromisoformat(night[:10]) + timedelta(days=QUARANTINE_DAYS)).isoformat()
