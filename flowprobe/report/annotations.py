"""Annotations of GitHub Actions: a line for each trial that failed or could not be judged, which GitHub shows at the
scenario's line. The form is that of its workflow commands, with their escapes: a reply cannot give one of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.causes import led
from flowprobe.report.model import RunReport
from flowprobe.report.places import split_place
from flowprobe.report.visible import visible

__all__ = ["annotated"]


def annotated(report: RunReport, located: Callable[[str], str]) -> Iterator[str]:
    """The lines, redacted. `located` turns a file as we name it into one as GitHub does, from the repository's root."""
    for trial, told in zip(report.evidence.trials, report.told, strict=True):
        message, _ = told.problem
        if not message or trial.skipped is not None:
            continue
        file, line, column = split_place(told.place or trial.started.file)
        title = f"{_said(report.verdicts[trial.started.trial])}: {trial.started.scenario} · {trial.started.plan}"
        properties = {"file": located(file), "line": str(line or 1), "col": str(column or 1),
                      "title": visible(report.redact(title))}
        cause = report.causes.get(trial.started.trial)
        told_all = (*led(trial, cause, message), f"run again: {trial.started.rerun}")
        text = "\n".join(visible(report.redact(said)) for said in told_all if said)
        yield f"::error {','.join(f'{name}={_property(value)}' for name, value in properties.items())}::{_data(text)}"


def _said(verdict: Verdict) -> str:
    return f"inconclusive ({verdict.blame})" if verdict.kind is Kind.INCONCLUSIVE else str(verdict.kind)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
