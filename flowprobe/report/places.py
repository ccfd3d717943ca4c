"""Places of files, as findings have them: `scenarios/a.yaml:9:7`."""

from __future__ import annotations

from flowprobe.core.evidence import TrialEvidence

__all__ = ["broken_at", "split_place"]


def broken_at(trial: TrialEvidence) -> str:
    """The place of the first promise that was broken; '' where none was, or nobody knows it."""
    steps = (finding for step in trial.steps if step.outcome == "broken" for finding in step.findings)
    whole = (finding for judged in trial.invariants if judged.outcome == "broken" for finding in judged.findings)
    return next((finding.place for found in (steps, whole) for finding in found if finding.place), "")


def split_place(place: str) -> tuple[str, int, int]:
    """File, line and column; 0 for what it does not say."""
    file, *numbers = place.rsplit(":", 2)
    if len(numbers) == 2 and all(number.isascii() and number.isdigit() for number in numbers):
        return file, int(numbers[0]), int(numbers[1])
    return place, 0, 0
