"""A run told again from its journal: folded trial by trial, as the run itself did it, so that both say the same. Where
the run has left its verdicts, those stand; nothing is judged anew that was judged once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flowprobe.core.events import Interrupted, RunEnded, Stamped, TrialStarted, without_body
from flowprobe.core.evidence import RunEvidence, TrialEvidence, fold
from flowprobe.core.telemetry import Telemetry
from flowprobe.core.verdict import Blame, Kind, Verdict, answered, exit_code, judge_trial
from flowprobe.journal.reader import read_folder
from flowprobe.report.model import RunReport
from flowprobe.report.telling import tell
from flowprobe.running.places import LINKS, TELEMETRY
from flowprobe.running.runs import Run, result_of, told_in
from flowprobe.telemetry.heard import said_in

__all__ = ["Retelling", "Retold", "journal_of", "links_in", "retell", "said_of"]


@dataclass(frozen=True, slots=True)
class Retold:
    """A trial, its number in the run (from 1), its verdict, and the trial that it is compared with."""

    number: int
    evidence: TrialEvidence
    verdict: Verdict
    twin: TrialEvidence | None


class Retelling:
    """One run, told while its lines are taken. `whole` keeps the bodies, which the run's own fold does without."""

    def __init__(self, run: Run, *, whole: bool = False) -> None:
        self._run, self._whole = run, whole
        self._result = result_of(run)
        self._told = told_in(self._result)
        self._judged = _judged(self._told.values())
        self._part: list[Stamped] = []
        self._begun = False
        self._over = False
        self._answered = False
        self._twin: TrialEvidence | None = None
        self._number = 0
        self._evidence = RunEvidence(None, (), (), "", {}, 0)
        self._verdicts: dict[str, Verdict] = {}

    def take(self, lines: Iterable[Stamped]) -> Iterator[Retold]:
        """The trials that these lines bring to their end: the next one begins, or the run ends."""
        for line in lines:
            match line.event:
                case TrialStarted():
                    yield from self._end_trial() if self._begun else ()
                    self._begun = True
                case Interrupted(signal=signal):
                    self._evidence = replace(self._evidence, interrupted=signal)
                case RunEnded():
                    yield from self._end_trial() if self._begun else ()
                    self._begun, self._over = False, True
            self._part.append(line if self._whole else _without_body(line))

    def cut(self) -> Iterator[Retold]:
        """Nothing more comes, though the run has not ended: the trial that it was at is judged by what there is."""
        if self._begun:
            yield from self._end_trial()
            self._begun = False

    @property
    def going(self) -> TrialEvidence | None:
        """The trial that has begun and is not judged yet, as far as it got."""
        return fold(self._part, whole=False).trials[0] if self._begun else None

    def report(self, trials: Iterable[Retold] = (), *, gaps: Iterable[str] = ()) -> RunReport:
        """What the run reported at its end; `trials` are told as its result tells of them. Without a result, what its
        evidence comes to so far."""
        evidence = self._evidence
        if self._part:
            evidence = replace(evidence.plus(fold(self._part, whole=False), None), interrupted=evidence.interrupted)
        evidence = replace(evidence, trouble=tuple(self._result.get("trouble", (*evidence.trouble, *gaps))))
        code = self._result.get("exit_code")
        return RunReport(
            self._run.folder, evidence, dict(self._verdicts),
            code if isinstance(code, int) else exit_code(evidence, self._verdicts),
            tuple(map(str, self._result.get("notes", ()))),
            told=[tell(each.evidence, each.verdict, each.twin) for each in trials])

    def _end_trial(self) -> Iterator[Retold]:
        part, self._part = fold(self._part, whole=False), []
        evidence = part.trials[0]
        trial = evidence.started
        self._answered = self._answered or answered(evidence)
        verdict = self._judged.get(trial.trial) or judge_trial(
            evidence, reachable=self._answered or self._evidence.ready or part.ready, trouble=part.trouble)
        if self._told and trial.trial not in self._told:  # it was made for another one, and is told with that
            self._evidence = self._evidence.plus(part, None)
            return
        self._compare(trial)
        self._number += 1
        yield Retold(self._number, evidence, verdict, self._twin)
        self._twin = self._twin or evidence
        self._evidence = self._evidence.plus(part, evidence.without_journey())
        self._verdicts[trial.trial] = verdict

    def _compare(self, trial: TrialStarted) -> None:
        """Whether a new comparison begins: with other personas, or with the journey without its faults. A search
        compares all that it tries with what it tried first."""
        before = self._twin.started if self._twin else None
        same = before is not None and (before.file, before.personas) == (trial.file, trial.personas)
        if not same or not (trial.faults or self._run.is_exploration):
            self._twin = None


def _without_body(line: Stamped) -> Stamped:
    """A line as the run itself kept it for its verdict."""
    event = without_body(line.event)
    return line if event is line.event else replace(line, event=event)


def journal_of(run: Run) -> tuple[tuple[Stamped, ...], tuple[str, ...]]:
    """Every line of a run's journal, in the order of its clock, and what of it is missing or damaged, with its place.
    Raises ToolFailed."""
    streams = read_folder(run.journal)
    lines = sorted((line for stream in streams for line in stream.stamped), key=lambda line: line.mono)
    gaps = [f"{stream.path}: {gap}" for stream in streams for gap in stream.gaps]
    return tuple(lines), tuple(gaps)


def retell(run: Run, *, whole: bool = False) -> tuple[Retelling, tuple[Retold, ...], tuple[str, ...]]:
    """The run as far as it got, its trials, and what of its journal cannot be read. The trial that a running one is at
    is not among them: it is `going`."""
    lines, gaps = journal_of(run)
    telling = Retelling(run, whole=whole)
    trials = list(telling.take(lines))
    if run.state != "running":
        trials += telling.cut()
    return telling, tuple(trials), gaps


def said_of(run: Run, trial: str) -> Mapping[str, tuple[Telemetry, ...]]:
    """What the folder of a run holds of what the product said under the calls of a trial."""
    return said_in(run.folder / TELEMETRY, trial)


def links_in(folder: Path) -> Mapping[str, str]:
    """The links that the environment of a run names, by name; none where its folder does not tell."""
    try:
        found = json.loads((folder / TELEMETRY / LINKS).read_text())
    except (OSError, ValueError, RecursionError):
        return {}
    return {name: url for name, url in found.items() if isinstance(url, str)} if isinstance(found, dict) else {}


def _judged(trials: Iterable[Mapping[str, Any]]) -> dict[str, Verdict]:
    """The verdicts of a result, by the id of the trial; one that this version does not know is left out."""
    judged = {}
    for trial in trials:
        try:
            judged[trial["trial"]] = Verdict(Kind(trial["verdict"]), Blame(trial["blame"]), tuple(trial["reasons"]))
        except (KeyError, TypeError, ValueError):
            continue
    return judged
