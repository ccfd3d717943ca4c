"""A report of a journal that was written by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flowprobe.core.evidence import RunEvidence, TrialEvidence, fold
from flowprobe.core.verdict import exit_code, judge_run
from flowprobe.report.model import Beside, RunReport
from flowprobe.report.telling import tell
from tests.journals import Journal


def report_of(journal: Journal, beside: Beside | None = None) -> RunReport:
    """With the trials' journeys, as a run has them when it judges."""
    evidence = fold(journal.lines)
    verdicts = judge_run(evidence)
    told = (tell(trial, verdicts[trial.started.trial], twin_of(trial, evidence), beside) for trial in evidence.trials)
    kept = tuple(replace(each, result=tuple(each.result), page=tuple(each.page)) for each in told)
    return RunReport(Path(".flowprobe/runs/x"), evidence, verdicts, exit_code(evidence, verdicts), told=kept)


def twin_of(trial: TrialEvidence, run: RunEvidence) -> TrialEvidence | None:
    """The unfaulted trial of the same scenario and binding."""
    for other in run.trials:
        same = (other.started.file, other.started.personas) == (trial.started.file, trial.started.personas)
        if same and other.started.plan == "none" and other is not trial:
            return other
    return None
