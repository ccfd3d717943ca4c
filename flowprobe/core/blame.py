"""What broke, in the words of people: a clause for a promise of a step, and for one of the whole journey. Whose doing
it is, is another question (`explaining`)."""

from __future__ import annotations

from flowprobe.core.events import InvariantJudged
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.findings import Finding

__all__ = ["said", "undecided", "violation", "violations"]


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


def said(finding: Finding) -> str:
    """What a step did not keep, in a clause without its subject."""
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
