"""`result.json`: the run for machines. Its shape is versioned; `docs/reference/result.md` describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flowprobe.core.events import CallReplied, CallUnanswered, InvariantJudged, members, to_json
from flowprobe.core.evidence import CallEvidence, ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.explaining import explained
from flowprobe.core.explanation import Explanation, Suspect, sentence
from flowprobe.core.findings import Finding
from flowprobe.core.leaks import leaks_of
from flowprobe.core.spared import Spared
from flowprobe.core.verdict import Verdict
from flowprobe.report.causes import cause_json, led
from flowprobe.report.model import RunReport
from flowprobe.report.said import said_json

__all__ = ["indented", "result_text", "trial_text"]

VERSION = 1


def result_text(report: RunReport, more: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The whole run as JSON, line by line of what was told of its trials; the journal has the bodies. `more` are
    further members."""
    yield _open({**_run(report), **(more or {})}, "trials")
    for number, (trial, told) in enumerate(zip(report.evidence.trials, report.told, strict=True)):
        yield ", " if number else ""
        name = trial.started.trial
        cause = report.causes.get(name)
        learned = {"cause": cause_json(cause),
                   "telemetry": said_json(report.said(name) if report.said is not None else None)}
        yield from _with_learned(told.result, {**learned, "why": " ".join(led(trial, cause, ""))} if cause else learned)
    yield "]}\n"


def _with_learned(result: Iterable[str], learned: Mapping[str, Any]) -> Iterator[str]:
    """A trial that was told, with what was learned of it since then as its last members: another `why` among them
    stands in place of its own."""
    last = ""
    for part in result:
        if last:
            yield last
        last = part
    own = "" if "why" in learned else last.removesuffix("}")
    yield f"{own}, {_text(learned)[1:]}"


def trial_text(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> Iterator[str]:
    """A trial as JSON, step by step: a trial is as long as it likes, and all of it at once is many times its size. No
    part has a line break. The last one is its sentence, for which a better one may be found."""
    found = explained(trial, twin)
    yield _open(_trial_head(trial, verdict, found), "steps")
    for place, step in enumerate(trial.steps):
        yield (", " if place else "") + _text(_step(step))
    yield "], " + _text(_trial_tail(trial, twin))[1:-1]
    yield f', "why": {_text(sentence(found) if found else "")}}}'


_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[][{}]|, |[^][{}",]+|[",]')


def indented(parts: Iterable[str]) -> Iterator[str]:
    """The parts of `result_text` as people read them: indented by a blank for each level, as `json.dumps` does it. What
    was redacted is no JSON any more where a secret looked like some, and goes as it is."""
    depth, after_opening = 0, False
    for part in parts:
        shown = []
        for token in _TOKEN.findall(part.rstrip("\n")):
            if token in ("]", "}"):
                depth -= 1
                shown.append(token if after_opening else _line(depth) + token)
            else:
                shown += [_line(depth)] if after_opening else []
                shown.append("," + _line(depth) if token == ", " else token)
            after_opening = token in ("[", "{")
            depth += after_opening
        yield "".join(shown)


def _line(depth: int) -> str:
    return "\n" + " " * depth


def _open(record: dict[str, Any], last: str) -> str:
    """A record whose last member is a list that follows."""
    return f'{_text(record)[:-1]}, "{last}": ['


_text = json.JSONEncoder(ensure_ascii=False).encode


def _run(report: RunReport) -> dict[str, Any]:
    started = report.evidence.started
    return {
        "version": VERSION,
        "run": started.run if started else "",
        "flowprobe": started.version if started else "",
        "environment": started.environment if started else "",
        "seed": started.seed if started else 0,
        "verdict": str(report.verdict),
        "exit_code": report.exit_code,
        "folder": str(report.folder),
        "interrupted": report.evidence.interrupted,
        "collateral": report.evidence.collateral,
        "unattributed": report.evidence.unattributed,
        "spared": [_spared(each, calls) for each, calls in report.evidence.spared.items()],
        "undeclared": dict(report.evidence.undeclared),
        "trouble": list(report.evidence.trouble),
        "notes": list(report.notes),
    }


def _trial_head(trial: TrialEvidence, verdict: Verdict, found: Explanation | None) -> dict[str, Any]:
    started = trial.started
    return {
        "trial": started.trial, "scenario": started.scenario, "file": started.file,
        "personas": dict(started.personas), "account": dict(started.account), "plan": started.plan,
        "tags": list(started.tags),
        "imitates": started.imitates, "survives": started.survives,
        "verdict": str(verdict.kind), "blame": str(verdict.blame), "reasons": list(verdict.reasons),
        "explanation": _explanation(found) if found else None, "rerun": started.rerun,
        "seconds": round(trial.seconds, 6),
        "proxy_lag_s": round(trial.proxy_lag_s, 6),
        "faults": [_plain(fault) for fault in started.faults],
        "receipts": [_plain(receipt) for receipt in trial.receipts],
        "passed": [{"fault": fault, "reason": reason, "calls": count}
                   for fault, reasons in trial.passed.items() for reason, count in reasons.items()],
    }


def _explanation(found: Explanation) -> dict[str, Any]:
    return {"scenario": found.scenario, "personas": list(found.personas), "step": found.step, "broke": found.broke,
            "origin": str(found.origin), "sure": str(found.sure),
            "because": [_suspect(each) for each in found.because], "beside": [_suspect(each) for each in found.beside],
            "provider": found.provider, "failed": found.failed, "without": found.without, "eased": found.eased}


def _suspect(suspect: Suspect) -> dict[str, Any]:
    return {"fault": suspect.fault, "edge": suspect.edge, "kind": suspect.kind, "described": suspect.described,
            "times": suspect.times, "here": suspect.here, "injected_s": suspect.injected_s,
            "gave_up_s": suspect.gave_up_s, "did": suspect.did}


def _spared(spared: Spared, calls: int) -> dict[str, Any]:
    return {"edge": spared.edge, "evidence": spared.evidence, "because": spared.because, "calls": calls}


def _trial_tail(trial: TrialEvidence, twin: TrialEvidence | None) -> dict[str, Any]:
    return {
        "cleanup": {step: _plain(row) for step, row in trial.cleanup.items()},
        "exchanges": [_exchange(found) for found in trial.exchanges],
        "not_judged": list(trial.unseen),
        "invariants": [_invariant(judged) for judged in trial.invariants],
        "observed": [members(seen) for seen in trial.observed],
        "leaks": [members(leak) for leak in leaks_of(trial, twin)],
    }


def _invariant(judged: InvariantJudged) -> dict[str, Any]:
    return {"promise": judged.promise, "name": judged.name, "outcome": judged.outcome, "because": judged.because,
            "findings": [_finding(finding) for finding in judged.findings]}


def _step(step: StepEvidence) -> dict[str, Any]:
    return {"step": step.name, "outcome": step.outcome, "because": step.because,
            "findings": [_finding(finding) for finding in step.findings], "calls": [_call(call) for call in step.calls]}


def _finding(finding: Finding) -> dict[str, str]:
    return {"kind": finding.kind, "where": finding.where, "expected": finding.expected, "seen": finding.seen,
            "place": finding.place, "document": finding.document}


def _call(call: CallEvidence) -> dict[str, Any]:
    return {"call": call.sent.call, "method": call.sent.method, "url": call.sent.url, "persona": call.sent.persona,
            **_outcome(call), "exchanges": [_exchange(found) for found in call.exchanges]}


def _outcome(call: CallEvidence) -> dict[str, Any]:
    match call.outcome:
        case CallReplied(status=status, total_s=seconds):
            return {"status": status, "seconds": round(seconds, 6), "no_reply": None}
        case CallUnanswered(reason=reason, detail=detail, total_s=seconds):
            return {"status": None, "seconds": round(seconds, 6), "no_reply": {"reason": reason, "detail": detail}}
        case _:
            return {"status": None, "seconds": None, "no_reply": None}


def _exchange(found: ExchangeEvidence) -> dict[str, Any]:
    return {**_plain(found.exchange), "joined_by": found.by, "injections": [_plain(r) for r in found.injections]}


def _plain(event: Any) -> dict[str, Any]:
    return {key: value for key, value in to_json(event).items() if key not in ("event", "trial")}
