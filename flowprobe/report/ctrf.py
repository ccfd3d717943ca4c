"""CTRF, the Common Test Report Format (https://ctrf.io, JSON Schema of version 1.0.0): a test for each trial.

The format has no word for "we cannot judge": such a trial is `other`, which no reader takes for passed, and its
`rawStatus` is our own. A trial is made once in a run, so there are no `retries`, and nothing is `flaky`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from flowprobe.core.cause import Cause
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.causes import cause_json, led, led_text
from flowprobe.report.cleared import cleared_text, open_text
from flowprobe.report.model import RunReport, Told
from flowprobe.report.places import split_place

__all__ = ["ctrf_text"]

_OURS = UUID("6f3c1a5e-58a5-4b0e-9d52-0d3a1f0c7e11")
"""What the ids of our tests and reports are made within (RFC 9562, 5.5): the same test has the same id in each run."""
_STATUS = {Kind.PASS: "passed", Kind.DEGRADED: "passed", Kind.FAIL: "failed", Kind.INCONCLUSIVE: "other"}
_STATUSES = ("passed", "failed", "skipped", "pending", "other")


def ctrf_text(report: RunReport, build: Mapping[str, str]) -> Iterator[str]:
    """The document, test by test. `build` is what is known of the build, by CTRF's names."""
    yield open_text(_document(report), "results", report.redact)
    yield open_text(_results(report, build), "tests", report.redact) + "["
    for number, (trial, told) in enumerate(zip(report.evidence.trials, report.told, strict=True)):
        lead = ",\n" if number else "\n"
        cause = report.causes.get(trial.started.trial)
        yield lead + cleared_text(_test(trial, report.verdicts[trial.started.trial], told, cause), report.redact)
    yield "]}}\n"


def _document(report: RunReport) -> dict[str, Any]:
    return {"reportFormat": "CTRF", "specVersion": "1.0.0", "reportId": str(uuid5(_OURS, _run(report))),
            "timestamp": datetime.fromtimestamp(report.ended, UTC).isoformat(), "generatedBy": "flowprobe"}


def _results(report: RunReport, build: Mapping[str, str]) -> dict[str, Any]:
    started = report.evidence.started
    environment = {"testEnvironment": started.environment, **build} if started else dict(build)
    return {
        "tool": {"name": "flowprobe", "version": started.version if started else ""},
        "summary": _summary(report),
        "environment": environment,
        "extra": {"run": _run(report), "seed": started.seed if started else 0, "verdict": str(report.verdict),
                  "exit_code": report.exit_code, "folder": str(report.folder), "notes": list(report.notes),
                  "trouble": list(report.evidence.trouble)},
    }


def _summary(report: RunReport) -> dict[str, int]:
    counts = Counter(_STATUS[verdict.kind] for verdict in report.verdicts.values())
    suites = {tuple(_suite(trial)) for trial in report.evidence.trials}
    return {"tests": len(report.evidence.trials), **{status: counts[status] for status in _STATUSES},
            "suites": len(suites), "start": _milliseconds(report.began), "stop": _milliseconds(report.ended)}


def _run(report: RunReport) -> str:
    return report.evidence.started.run if report.evidence.started else ""


def _test(trial: TrialEvidence, verdict: Verdict, told: Told, cause: Cause | None) -> dict[str, Any]:
    started = trial.started
    message, text = told.problem
    _, line, _ = split_place(told.place)
    said = led(trial, cause, message or "; ".join(verdict.reasons))
    optional = {"message": "\n".join(said), "trace": led_text(text, message, cause), "tags": list(started.tags),
                "line": line}
    return {
        "id": str(uuid5(_OURS, "\0".join((*_suite(trial), started.plan)))),
        "name": f"{started.scenario} · {started.plan}",
        "status": _STATUS[verdict.kind], "rawStatus": str(verdict.kind), "duration": _milliseconds(trial.seconds),
        "suite": _suite(trial), "filePath": started.file, "type": "e2e",
        **{key: value for key, value in optional.items() if value},
        "extra": {"trial": started.trial, "plan": started.plan, "personas": dict(started.personas),
                  "faults": [f"{fault.edge} {fault.described}" for fault in started.faults],
                  "blame": str(verdict.blame), "rerun": started.rerun,
                  **({"cause": cause_json(cause)} if cause else {})},
    }


def _suite(trial: TrialEvidence) -> list[str]:
    """The file, and who plays in it."""
    who = ", ".join(f"{role}={persona}" for role, persona in trial.started.personas.items())
    return [trial.started.file, who] if who else [trial.started.file]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
