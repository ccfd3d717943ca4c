"""A trial from near: the whole of it, and of one of its steps everything that was sent and that came."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flowprobe.core.cause import Cause
from flowprobe.core.events import CallReplied, CallUnanswered, members
from flowprobe.core.evidence import CallEvidence, ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.findings import Finding
from flowprobe.core.reading import links_of
from flowprobe.core.telemetry import Telemetry
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.causes import cause_lead
from flowprobe.report.lines import scenario_line, trial_block
from flowprobe.report.said import said_json, said_lines
from flowprobe.report.spans import Line, Span, line
from flowprobe.report.steps import journey

__all__ = ["step_json", "step_lines", "trial_lines"]

_NOTHING: Mapping[str, Collection[Telemetry]] = MappingProxyType({})
_NO_LINKS: Mapping[str, str] = MappingProxyType({})
_OUTCOME = {"held": "good", "degraded": "warn", "broken": "bad"}


def trial_lines(number: int, trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None,
                cause: Cause | None = None) -> Iterator[Line]:
    """All that is known of a trial, but for what its calls bore."""
    yield scenario_line(trial)
    yield from trial_block(trial, verdict, twin, cause_lead(trial, cause))
    if verdict.kind in (Kind.PASS, Kind.DEGRADED) and trial.calls:
        yield line("")
        yield from journey(trial)
    yield line("")
    yield _fact("trial", f"{number} in its run, id {trial.started.trial}, seed {trial.started.seed}")
    if trial.started.account:
        yield _fact("account", ", ".join(f"{name} {_value(value)}" for name, value in trial.started.account.items()))
    for fault in trial.started.faults:
        fired = sum(receipt.fault == fault.id for receipt in trial.receipts)
        when = f", {fault.when}" if fault.when else ""
        yield _fact("fault", f"{fault.edge} {fault.described}{when}: injected {_times(fired)}"
                    + "".join(f", passed by {_times(count)} ({reason})"
                              for reason, count in trial.passed.get(fault.id, {}).items()))
    for step, row in trial.cleanup.items():
        said = {key: value for key, value in members(row).items() if key in ("state", "outcome", "detail") and value}
        yield _fact("cleanup", f"{step}: " + (", ".join(map(str, said.values())) or "planned, and not run"))
    for text in (*trial.unseen, *trial.unsure):
        yield _fact("not judged", text)


def step_lines(step: StepEvidence, said: Mapping[str, Collection[Telemetry]] = _NOTHING,
               links: Mapping[str, str] = _NO_LINKS) -> Iterator[Line]:
    """What was promised of a step and seen, and each of its calls: request, reply, provider calls and receipts, and
    what the product said of itself, by the call."""
    because = f"  {step.because}" if step.because else ""
    yield line(Span(step.name, "bold"), "  ", Span(step.outcome.replace("-", " "), _OUTCOME.get(step.outcome, "odd")),
               Span(because, "dim"))
    yield from _promised(step.findings)
    for name, value in step.captured.items():
        yield _fact("captured", f"{name} = {_value(value)}")
    for call in step.calls:
        yield line("")
        yield from _call(call)
        if said.get(call.sent.call):
            yield from said_lines(said[call.sent.call])
        yield from (line(Span(f"look at it in {name}: ", "bold"), url)
                    for name, url in links_of(links, (call.sent.call,)))


def step_json(step: StepEvidence, said: Mapping[str, Collection[Telemetry]] = _NOTHING) -> dict[str, Any]:
    """The same for machines."""
    calls = {call.sent.call: said[call.sent.call] for call in step.calls if call.sent.call in said}
    return {
        "step": step.name, "phase": step.phase, "outcome": step.outcome, "because": step.because,
        "findings": [members(finding) for finding in step.findings], "captured": dict(step.captured),
        "calls": [{"request": members(call.sent), "reply": _reply_json(call),
                   "exchanges": [_exchange_json(found) for found in call.exchanges]} for call in step.calls],
        "telemetry": said_json(calls)}


def _exchange_json(found: ExchangeEvidence) -> dict[str, Any]:
    return {**members(found.exchange), "joined_by": found.by,
            "injections": [members(receipt) for receipt in found.injections]}


def _reply_json(call: CallEvidence) -> dict[str, Any] | None:
    return None if call.outcome is None else {"event": type(call.outcome).__name__, **members(call.outcome)}


# --- parts ----------------------------------------------------------------------------------------


def _fact(name: str, text: str) -> Line:
    return line("      ", Span(f"{name:<10} ", "dim"), text)


def _promised(findings: Sequence[Finding]) -> Iterator[Line]:
    if not findings:
        yield line(Span("      nothing that was promised of it is broken", "dim"))
    for finding in findings:
        places = " · ".join(filter(None, (finding.place, finding.document)))
        yield line("      ", Span("✗ ", "bad"), Span(finding.sentence(), "bad"), Span(f"  {places}", "dim"))


def _call(call: CallEvidence) -> Iterator[Line]:
    sent = call.sent
    again = f" · attempt {sent.attempt}" if sent.attempt > 1 else ""
    yield line(Span(f"→ {sent.method} {sent.url}", "bold"), Span(f"  as {sent.persona}{again}", "dim"))
    yield from _headers(sent.headers.items())
    yield from _body(sent.body)
    yield from _outcome(call.outcome)
    for found in call.exchanges:
        yield from _exchange(found)


def _outcome(outcome: CallReplied | CallUnanswered | None) -> Iterator[Line]:
    match outcome:
        case CallReplied():
            times = f"  {milliseconds(outcome.total_s)}, first byte after {milliseconds(outcome.first_byte_s)}"
            for url in outcome.redirects:
                yield line(Span(f"  redirected to {url}", "dim"))
            yield line(Span(f"← {outcome.status}", "bold"), Span(times, "dim"))
            yield from _headers(outcome.headers)
            yield from _body(outcome.body)
            if outcome.truncated:
                yield line(Span(f"    … {outcome.body_bytes} bytes in all", "dim"))
        case CallUnanswered():
            detail = f": {outcome.detail}" if outcome.detail else ""
            yield line(Span(f"← no reply ({outcome.reason}){detail}", "bad"),
                       Span(f"  {milliseconds(outcome.total_s)}", "dim"))
        case _:
            yield line(Span("← nothing is known of what came", "odd"))


def _headers(headers: Any) -> Iterator[Line]:
    for name, value in headers:
        yield line("    ", Span(f"{name}: ", "dim"), value)


def _body(text: str) -> Iterator[Line]:
    """JSON is laid out; anything else stands as it came, a line for each of its own."""
    if not text:
        return
    with contextlib.suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    for row in text.split("\n"):
        yield line("    ", row)


def _exchange(found: ExchangeEvidence) -> Iterator[Line]:
    one = found.exchange
    status = str(one.status) if one.status is not None else f"no answer{f' ({one.error})' if one.error else ''}"
    theirs = f", of the provider {one.upstream_status}" if one.upstream_status not in (None, one.status) else ""
    yield line(Span(f"└ {one.edge}: {one.method} {one.host}{one.path}", "bold"), f"  {status}{theirs}",
               Span(f"  {milliseconds(one.ended - one.started)} · joined by {found.by} ({one.evidence})"
                    + (f" · spared: {one.spared}" if one.spared else ""), "dim"))
    for receipt in found.injections:
        yield line("    ", Span(f"+ {receipt.kind} of the fault {receipt.fault!r}", "warn"),
                   f"  {_receipt(members(receipt))}")


def _receipt(parts: Mapping[str, Any]) -> str:
    """What of a receipt is not said yet, and is not nothing."""
    said = []
    for name in ("asked_s", "slept_s", "realised_s", "gave_up_s"):
        if parts[name]:
            said.append(f"{name[:-2].replace('_', ' ')} {milliseconds(parts[name])}")
    said += [f"{name.replace('_', ' ')} {parts[name]}" for name in ("detail", "moved", "depends_on") if parts[name]]
    return ", ".join([f"number {parts['ordinal']} at {parts['site']}", *said])


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _times(count: int) -> str:
    return {0: "never", 1: "once"}.get(count, f"{count} times")
