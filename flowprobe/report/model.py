"""What every report is made of: the evidence of a run, its verdicts, and where it was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flowprobe.core.evidence import RunEvidence, TrialEvidence
from flowprobe.core.verdict import Kind, Verdict, worst

__all__ = ["RunReport", "twin_of"]


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run, finished or so far. `notes` are sentences about the whole; `redact` takes the secrets of the run out
    of a text, and every sink uses it."""

    folder: Path
    evidence: RunEvidence
    verdicts: Mapping[str, Verdict]
    exit_code: int
    notes: tuple[str, ...] = ()
    redact: Callable[[str], str] = str

    @property
    def verdict(self) -> Kind:
        return worst(tuple(self.verdicts.values()))


def twin_of(trial: TrialEvidence, run: RunEvidence) -> TrialEvidence | None:
    """The unfaulted trial of the same scenario and binding."""
    for other in run.trials:
        same = (other.started.file, other.started.personas) == (trial.started.file, trial.started.personas)
        if same and other.started.plan == "none" and other is not trial:
            return other
    return None
