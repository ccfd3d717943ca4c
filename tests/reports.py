"""A report of a journal that was written by hand."""

from __future__ import annotations

from pathlib import Path

from flowprobe.core.evidence import fold
from flowprobe.core.verdict import exit_code, judge_run
from flowprobe.report.model import RunReport
from tests.journals import Journal


def report_of(journal: Journal) -> RunReport:
    evidence = fold(journal.lines)
    verdicts = judge_run(evidence)
    return RunReport(Path(".flowprobe/runs/x"), evidence, verdicts, exit_code(evidence, verdicts))
