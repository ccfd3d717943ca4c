"""Why a trial came out as it did, in one sentence: the step, what was promised and seen, what was injected
there, and how the same step went without it. It states what was observed together; it does not guess."""

from __future__ import annotations

from collections import Counter

from flowprobe.core.events import CallReplied, Injected, InvariantJudged
from flowprobe.core.evidence import StepEvidence, TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.findings import Finding

__all__ = ["contrast", "injected_in", "undecided", "violation", "violations", "why"]


def why(trial: TrialEvidence, twin: TrialEvidence | None) -> str:
    """The sentence for a trial with a broken or eased step, or a broken invariant; '' where there is none."""
    broken = next((s for s in trial.steps if s.outcome == "broken"), None)
    violated = violations(trial)
    if broken is None and violated:
        return ", ".join(filter(None, (f"Broken, {violated[0]}", _after(trial, trial.receipts)))) + "."
    step = broken or next((s for s in trial.steps if s.outcome == "degraded"), None)
    if step is None or not step.findings:
        return ""
    parts = [f"Step {step.name!r} {_said(step.findings[0])}", _while(trial, step)]
    return ", ".join(part for part in parts if part) + "." + _contrast(step, twin)


def violations(trial: TrialEvidence) -> tuple[str, ...]:
    """What was promised of the whole journey and is broken: a clause for each finding."""
    return tuple(violation(judged, finding) for judged in trial.invariants if judged.outcome == "broken"
                 for finding in judged.findings)


def violation(judged: InvariantJudged, finding: Finding) -> str:
    """One of them, in a clause."""
    seen = finding.sentence() if judged.promise == "always" else ": ".join(filter(None, (finding.where, finding.seen)))
    return f"{judged.promise} {judged.name!r}: {seen}" + (f", {judged.because}" if judged.because else "")


def undecided(judged: InvariantJudged) -> str:
    """One of which nobody can tell, in a clause."""
    return f"{judged.promise} {judged.name!r} cannot be judged: {judged.because}"


def _said(finding: Finding) -> str:
    match finding.kind:
        case "within" if "." in finding.where:
            rank = finding.where.partition(".")[2]
            return f"had a {rank} of {finding.seen} where {finding.expected} was promised"
        case "within":
            return f"took {finding.seen} where {finding.expected} was promised"
        case "status":
            return f"was answered {finding.seen} where {finding.expected} was promised"
        case "contract":
            return f"does not keep its contract: {finding.sentence()}"
        case "no-reply":
            return f"got no reply: {finding.seen}"
        case "poll" if finding.where == "poll":
            return f"was polled in vain: {finding.expected} was promised, {finding.seen}"
        case "poll":
            return f"was polled in vain: {finding.where} was {finding.seen} where {finding.expected} was promised"
        case "sends":
            return f"made the product send {finding.where} {finding.seen} where {finding.expected} was promised"
        case "receives":
            return f"brought the product {finding.where} {finding.seen} where {finding.expected} was promised"
        case "never":
            return f"shows what must never be: {finding.seen}"
        case "gives_up":
            return f"{finding.seen}, where {finding.expected} was promised"
        case "repeat":
            return f"was repeated in vain: {finding.expected} was promised, and {finding.seen}"
        case "capture":
            return f"gave no {finding.expected.removeprefix('a ')}: {finding.where} was {finding.seen}"
        case "timeout":
            return f"came too late: {finding.where} had taken {finding.seen}, and {finding.expected} was promised"
        case "value" if finding.unmade:
            return f"could not be made: {finding.unmade}"
        case "value":
            return f"could not be made or judged: {finding.where} needs {finding.expected}, {finding.seen}"
        case _:
            return f"answered {finding.where} = {finding.seen} where {finding.expected} was promised"


def _while(trial: TrialEvidence, step: StepEvidence) -> str:
    here = injected_in(step)
    if here:
        return "while " + _listed(trial, here)
    return _after(trial, tuple(r for r in trial.receipts if r not in here))


def _after(trial: TrialEvidence, receipts: tuple[Injected, ...]) -> str:
    return f"after {_listed(trial, receipts)}" if receipts else ""


def injected_in(step: StepEvidence) -> tuple[Injected, ...]:
    """The receipts of the provider calls under a step."""
    return tuple(r for call in step.calls for exchange in call.exchanges for r in exchange.injections)


def _listed(trial: TrialEvidence, receipts: tuple[Injected, ...]) -> str:
    described = {fault.id: fault.described for fault in trial.started.faults}
    counts = Counter((receipt.edge, described.get(receipt.fault, receipt.kind)) for receipt in receipts)
    return " and ".join(
        f"{words} was injected " + ("between the user and the product" if edge == "user" else f"into {edge!r}")
        + (f" ({times} times)" if times > 1 else "")
        for (edge, words), times in counts.items())


def _contrast(step: StepEvidence, twin: TrialEvidence | None) -> str:
    text = contrast(step, twin)
    return f" Without the fault: {text}." if text else ""


def contrast(step: StepEvidence, twin: TrialEvidence | None) -> str:
    """How the same step went in the unfaulted twin: "201 in 45 ms"."""
    same = next((s for s in twin.steps if s.name == step.name), None) if twin else None
    outcome = same.calls[-1].outcome if same and same.calls else None
    return f"{outcome.status} in {milliseconds(outcome.total_s)}" if isinstance(outcome, CallReplied) else ""
