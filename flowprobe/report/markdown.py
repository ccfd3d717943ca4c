"""The run in Markdown, for a pull request or the summary of a job: a table of the trials, and of each that failed or
could not be judged the sentence and the command.

What a product said stands in fences, where Markdown means nothing; all else is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.causes import led
from flowprobe.report.lines import footer
from flowprobe.report.model import RunReport
from flowprobe.report.visible import visible

__all__ = ["as_far_as", "markdown_text"]

_MARK = {Kind.PASS: "✓", Kind.DEGRADED: "≈", Kind.FAIL: "✗", Kind.INCONCLUSIVE: "?"}
_MARKS = re.compile(r"([\\`*_{}\[\]()<>#|~!&@:$])")
_TICKS = re.compile("`+")


def markdown_text(report: RunReport) -> Iterator[str]:
    """The document, in pieces that each end a block; redacted."""
    yield f"## FlowProbe: {_MARK[report.verdict]} {report.verdict}\n\n"
    yield from _table(report)
    for trial, told in zip(report.evidence.trials, report.told, strict=True):
        message, _ = told.problem
        if message and trial.skipped is None:
            yield _problem(trial, report.verdicts[trial.started.trial], message, report)
    yield "\n" + _fenced(report, *("".join(span.text for span in line).strip() for line in footer(report)))


def as_far_as(parts: Iterable[str], size: int, rest: str) -> Iterator[str]:
    """The parts that so many bytes of UTF-8 have room for, and, where that is not all, the sentence `rest`."""
    for part in parts:
        size -= len(part.encode("utf-8", "replace"))
        if size < 0:
            yield f"\n{rest}\n"
            return
        yield part


def _table(report: RunReport) -> Iterator[str]:
    rows = ["| | scenario | who | faults | verdict | took |\n|---|---|---|---|---|---|\n"]
    for trial in report.evidence.trials:
        verdict = report.verdicts[trial.started.trial]
        who = ", ".join(f"{role} {persona}" for role, persona in trial.started.personas.items())
        cells = (_MARK[verdict.kind], trial.started.scenario, who, trial.started.plan, _said(verdict),
                 milliseconds(trial.seconds))
        rows.append("| " + " | ".join(_escaped(report.redact(cell)) for cell in cells) + " |\n")
    yield "".join(rows)


def _said(verdict: Verdict) -> str:
    return f"{verdict.kind} ({verdict.blame})" if verdict.kind is Kind.INCONCLUSIVE else str(verdict.kind)


def _problem(trial: TrialEvidence, verdict: Verdict, message: str, report: RunReport) -> str:
    said = led(trial, report.causes.get(trial.started.trial), message)
    title = f"{_MARK[verdict.kind]} {trial.started.scenario} · {trial.started.plan}"
    return (f"\n### {_escaped(report.redact(title))}\n\n" + _fenced(report, *said)
            + "\nRun just this again:\n\n" + _fenced(report, trial.started.rerun, of="sh"))


def _fenced(report: RunReport, *lines: str, of: str = "text") -> str:
    """Lines as they are, in a fence that none of them ends."""
    text = "\n".join(visible(report.redact(line)) for line in lines if line)
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{of}\n{text}\n{fence}\n"


def _escaped(text: str) -> str:
    r"""Every character to which Markdown gives a meaning in the middle of a line, with `\` before it."""
    return _MARKS.sub(r"\\\1", visible(text))
