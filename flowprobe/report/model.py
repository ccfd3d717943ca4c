"""What every report is made of: the evidence of a run, its verdicts, and where it was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from flowprobe.core.cause import Cause
from flowprobe.core.evidence import RunEvidence
from flowprobe.core.verdict import Kind, Verdict, worst

__all__ = ["RunReport", "Told"]


@dataclass(frozen=True, slots=True)
class Told:
    """What the files of a run say of a trial, put into words when it was judged, so that its evidence can go. `result`
    is its part of `result.json`, in lines that are joined without a break, to be gone through once; `problem` is the
    message and the text that JUnit has of a trial that failed or could not be judged."""

    result: Iterable[str]
    problem: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run that has ended. `evidence` has its trials without their journeys, and `told`, which can be gone through
    more than once, what the reports say of each of them, in the same order. `notes` are sentences about the whole;
    `redact` takes the secrets of the run out of a text, and every sink uses it. `causes` are why trials failed, where
    that was looked for, by their ids."""

    folder: Path
    evidence: RunEvidence
    verdicts: Mapping[str, Verdict]
    exit_code: int
    notes: tuple[str, ...] = ()
    redact: Callable[[str], str] = str
    told: Iterable[Told] = ()
    causes: Mapping[str, Cause] = field(default_factory=dict)

    @property
    def verdict(self) -> Kind:
        return worst(tuple(self.verdicts.values()))
