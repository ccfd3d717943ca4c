"""A trial as lines of text for people: spans with a style, so that a pipe gets plain text and a terminal colour.

Styles are the few names of `STYLES`; nothing here knows a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flowprobe.core.blame import why
from flowprobe.core.events import CallReplied, CallUnanswered, Injected
from flowprobe.core.evidence import CallEvidence, ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.findings import Finding
from flowprobe.core.verdict import Blame, Kind, Verdict, leftovers
from flowprobe.report.model import RunReport, twin_of
from flowprobe.report.visible import visible

__all__ = ["STYLES", "Line", "Span", "details", "footer", "headline", "scenario_line", "summary"]

STYLES = ("", "dim", "bold", "good", "warn", "bad", "odd")


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    style: str = ""


Line = tuple[Span, ...]
_MARK = {Kind.PASS: ("✓", "good"), Kind.DEGRADED: ("≈", "warn"), Kind.FAIL: ("✗", "bad"),
         Kind.INCONCLUSIVE: ("?", "odd")}
_STEP_MARK = {"held": ("✓", "good"), "degraded": ("≈", "warn"), "broken": ("✗", "bad")}
_WIDTH = 46


def line(*spans: str | Span) -> Line:
    return tuple(Span(visible(s)) if isinstance(s, str) else Span(visible(s.text), s.style) for s in spans)


def headline(version: str, environment: str, seed: int, folder: str) -> Line:
    said = f" {version} · environment {environment} · seed {seed} · "
    return line(Span("FlowProbe", "bold"), said, Span(folder, "dim"))


def scenario_line(trial: TrialEvidence) -> Line:
    who = ", ".join(f"{role} {name}" for role, name in trial.started.personas.items())
    return line(Span(trial.started.scenario, "bold"), Span(f"  {trial.started.file} · {who}", "dim"))


def summary(trial: TrialEvidence, verdict: Verdict) -> Line:
    """One line for a trial: mark, plan, verdict, what the plan is, how long it took."""
    mark, style = _MARK[verdict.kind]
    faults = ", ".join(f"{fault.edge} {fault.described}" for fault in trial.started.faults) or "nothing injected"
    blame = f" ({verdict.blame})" if verdict.kind is Kind.INCONCLUSIVE else ""
    return line("  ", Span(mark, style), f" {trial.started.plan:<22} ", Span(f"{verdict.kind}{blame}", style),
                Span(f"  {faults} · {milliseconds(trial.seconds)}", "dim"))


def details(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> Iterator[Line]:
    """Why: the sentence, the journey with the provider calls under each step, and the command to run it again."""
    sentence = why(trial, twin) if verdict.kind in (Kind.FAIL, Kind.DEGRADED) else ""
    for text in [sentence] if sentence else verdict.reasons:
        yield line("      ", Span(text, "bold" if verdict.kind is Kind.FAIL else ""))
    if verdict.kind is not Kind.DEGRADED and trial.calls:
        yield line("")
        for step in trial.steps:
            yield from _step(step)
        yield from (_exchange(found, "         ") for found in trial.exchanges)
        yield line("")
    if verdict.kind is not Kind.DEGRADED and trial.skipped is None:
        yield line("      ", Span("run just this again: ", "dim"), trial.started.rerun)


def _step(step: StepEvidence) -> Iterator[Line]:
    if not step.calls:
        outcome = step.outcome.replace("-", " ")
        yield line("      ", Span(f"· {step.name:<12} {outcome}: {step.because}", "dim"))
        return
    for call in step.calls:
        yield _call(step, call)
        for exchange in call.exchanges:
            yield _exchange(exchange, "         └ ")
    for finding in step.findings:
        style = "bad" if step.outcome == "broken" else "warn"
        excused = f"  (allowed {step.because})" if step.outcome == "degraded" else ""
        yield line("         ", Span(finding.sentence() + excused, style), Span(f"  {_places(finding)}", "dim"))


def _places(finding: Finding) -> str:
    """Where the file asks for it, and where a contract or a schema does."""
    return " · ".join(filter(None, (finding.place, finding.document)))


def _call(step: StepEvidence, call: CallEvidence) -> Line:
    mark, style = _STEP_MARK.get(step.outcome, ("·", "dim"))
    where = _path(call.sent.url)
    what = f"{call.sent.method} {where}"
    return line("      ", Span(mark, style), f" {step.name:<12} {what:<{_WIDTH}} ", *_outcome(call))


def _outcome(call: CallEvidence) -> tuple[Span, ...]:
    match call.outcome:
        case CallReplied(status=status, total_s=seconds):
            return (Span(f"{status}"), Span(f"{milliseconds(seconds):>9}"))
        case CallUnanswered(reason=reason, total_s=seconds):
            return (Span(f"no reply ({reason})", "bad"), Span(f"{milliseconds(seconds):>9}"))
        case _:
            return (Span("no outcome", "odd"),)


def _exchange(found: ExchangeEvidence, lead: str) -> Line:
    exchange = found.exchange
    what = f"{exchange.edge}: {exchange.method} {exchange.path}"
    status = str(exchange.status) if exchange.status is not None else "no answer"
    if exchange.upstream_status is None and exchange.error and not found.injections:
        status = f"could not be reached ({exchange.error})"
    injected = [Span("  + " + _receipt(receipt), "warn") for receipt in found.injections]
    doubt = [Span(f"  (joined by {found.by})", "dim")] if found.by in ("after", "none") else []
    return line(lead, f"{what:<{_WIDTH + 10}} ", Span(status), f"{milliseconds(exchange.ended - exchange.started):>9}",
                *injected, *doubt)


def _receipt(receipt: Injected) -> str:
    """What was injected, and what came of it."""
    if receipt.kind == "latency":
        ended = f" ({receipt.detail})" if receipt.detail else ""
        asked, realised = milliseconds(receipt.asked_s), milliseconds(receipt.realised_s)
        return f"latency injected: asked {asked}, realised {realised}{ended}"
    gave_up = f", the caller gave up after {milliseconds(receipt.gave_up_s)}" if receipt.gave_up_s is not None else ""
    return f"{receipt.kind} injected{': ' + receipt.detail if receipt.detail else ''}{gave_up}"


def _path(url: str) -> str:
    rest = url.split("://", 1)[-1]
    path = "/" + rest.split("/", 1)[1] if "/" in rest else "/"
    return path if len(path) <= _WIDTH - 7 else path[: _WIDTH - 8] + "…"


def footer(report: RunReport) -> Iterator[Line]:
    """The verdict of the run, its counts, and what else has to be known."""
    kinds = [verdict.kind for verdict in report.verdicts.values()]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in Kind if kind in kinds) or "no trials"
    mark, style = _MARK[report.verdict]
    yield line("")
    yield line(Span(f"{mark} {report.verdict}", style), f"  {counts}", Span(f"  exit {report.exit_code}", "dim"))
    for trial in report.evidence.trials:
        for left in leftovers(trial):
            yield line("  ", Span(f"left behind by {trial.started.plan!r}: {left}", "bad"))
    unseen = tuple(dict.fromkeys(words for trial in report.evidence.trials for words in trial.unseen))
    if unseen:
        yield line("  ", Span(f"not judged, for these calls do not pass FlowProbe here: {'; '.join(unseen)}", "dim"))
    for trouble in report.evidence.trouble:
        yield line("  ", Span(f"nothing is certain: {trouble}", "bad"))
    for note in report.notes:
        yield line("  ", Span(note, "dim"))
    blames = {v.blame for v in report.verdicts.values()} - {Blame.NONE, Blame.PRODUCT}
    if report.verdict is Kind.INCONCLUSIVE and blames:
        yield line(Span(f"  nothing was judged there: {', '.join(sorted(blames))}", "dim"))


def trial_block(trial: TrialEvidence, verdict: Verdict, report: RunReport) -> Iterator[Line]:
    yield summary(trial, verdict)
    if verdict.kind is not Kind.PASS:
        yield from details(trial, verdict, twin_of(trial, report.evidence))
