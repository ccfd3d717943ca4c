"""What every report is made of: the evidence of a run, its verdicts, and where it was written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from flowprobe.core.cause import Cause
from flowprobe.core.events import CallReplied, CallSent, TrialStarted
from flowprobe.core.evidence import RunEvidence
from flowprobe.core.telemetry import Telemetry
from flowprobe.core.times import NO_TIMES, Times
from flowprobe.core.verdict import Kind, Verdict, worst

__all__ = ["Beside", "Carried", "Earlier", "LastGood", "Read", "RunReport", "Said", "Told"]


@dataclass(frozen=True, slots=True)
class Carried:
    """A call with all that it carried, as the journal has it; `reply` is None where none came."""

    sent: CallSent
    reply: CallReplied | None = None


Read: TypeAlias = Callable[[str, Collection[str]], Mapping[str, Carried]]
"""Of a trial, what those of its calls carried whose ids are given; what is not known is not there."""


def _unread(_trial: str, _calls: Collection[str]) -> Mapping[str, Carried]:
    return {}


@dataclass(frozen=True, slots=True)
class LastGood:
    """What the last calls of steps carried when the same trial passed for the last time, by the step, and in which
    run."""

    run: str
    carried: Mapping[str, Carried]


Earlier: TypeAlias = Callable[[TrialStarted, Collection[str]], LastGood | None]
"""Of a trial that has no unfaulted one to be compared with, and of some of its steps; None where it never passed."""


def _never(_trial: TrialStarted, _steps: Collection[str]) -> LastGood | None:
    return None


Said: TypeAlias = Callable[[str], Mapping[str, tuple[Telemetry, ...]]]
"""Of a trial, what the product said of itself under each of its calls; a call under which it said nothing is not
there."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What the page shows of a trial that is not in its evidence: what its calls carried, and the ordinary state of
    the account, by which the odd is told. `redact` takes the secrets of the run out of a text before it is cut up and
    escaped, after which not every secret could be found any more. `hears` says that the product may say something of
    itself, for which the page leaves a place under each step; `earlier` knows the runs before this one."""

    read: Read = _unread
    usual: Mapping[str, Any] = field(default_factory=dict)
    redact: Callable[[str], str] = str
    hears: bool = False
    earlier: Earlier = _never


@dataclass(frozen=True, slots=True)
class Told:
    """What the files of a run say of a trial, put into words when it was judged, so that its evidence can go. `result`
    is its part of `result.json`, in lines that are joined without a break, to be gone through once; `problem` is the
    message and the text that JUnit has of a trial that failed or could not be judged, `place` where what broke is
    promised (`scenarios/a.yaml:9:7`; empty where nothing did), `page` the inside of its part of the page, in lines,
    `times` what its steps and providers took."""

    result: Iterable[str]
    problem: tuple[str, str] = ("", "")
    place: str = ""
    page: Iterable[str] = ()
    times: Times = NO_TIMES


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run that has ended. `evidence` has its trials without their journeys, and `told`, which can be gone through
    more than once, what the reports say of each of them, in the same order. `notes` are sentences about the whole;
    `redact` takes the secrets of the run out of a text, and every sink uses it. `began` and `ended` are seconds since
    1970. `causes` are why trials failed, where that was looked for, by their ids; `said` is what the product said of
    itself, None where nobody listened, and `links` where people look at a call."""

    folder: Path
    evidence: RunEvidence
    verdicts: Mapping[str, Verdict]
    exit_code: int
    notes: tuple[str, ...] = ()
    redact: Callable[[str], str] = str
    told: Iterable[Told] = ()
    began: float = 0.0
    ended: float = 0.0
    causes: Mapping[str, Cause] = field(default_factory=dict)
    said: Said | None = None
    links: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdict(self) -> Kind:
        return worst(tuple(self.verdicts.values()))
