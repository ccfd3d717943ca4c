"""`sends`: what the product must have sent to a provider because of a step, counted from the exchanges that the
proxy saw."""

from __future__ import annotations

from collections.abc import Sequence

from flowprobe.core.decide import path_matches
from flowprobe.core.events import SendsJudged
from flowprobe.core.evidence import ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.findings import Finding
from flowprobe.core.scenario import FaultPlan, Scenario, Sends
from flowprobe.core.shapes import compare, describe
from flowprobe.core.trial import promised_under

__all__ = ["judge_sends"]


def judge_sends(scenario: Scenario, plan: FaultPlan, evidence: TrialEvidence) -> tuple[SendsJudged, ...]:
    """One judgement for each step that was answered and promises something."""
    under = promised_under(scenario, plan)
    found = {step.name: step for step in evidence.steps}
    judged = []
    for step in scenario.workflow:
        seen = found.get(step.name)
        key, promised = under.get(step.name, ("", step.expect))
        if seen is None or not seen.calls or not (step.expect.sends or promised.sends):
            continue
        ordinary, left = _findings(step.expect.sends, seen), _findings(promised.sends, seen)
        outcome = "broken" if left else "degraded" if ordinary else "held"
        because = f"under {key}" if outcome == "degraded" else ""
        judged.append(SendsJudged(evidence.started.trial, step.name, outcome, left or ordinary, because))
    return tuple(judged)


def _findings(sends: Sequence[Sends], step: StepEvidence) -> tuple[Finding, ...]:
    exchanges = [exchange for call in step.calls for exchange in call.exchanges]
    return tuple(finding for wanted in sends if (finding := _judge(wanted, exchanges)) is not None)


def _judge(wanted: Sends, exchanges: Sequence[ExchangeEvidence]) -> Finding | None:
    count = sum(1 for found in exchanges if _is(wanted, found))
    if not compare(wanted.calls, count):
        return None
    return Finding("sends", f"{wanted.method} {wanted.path} to {wanted.provider!r}", _times(describe(wanted.calls)),
                   _times(str(count)), str(wanted.position))


def _times(count: str) -> str:
    return "once" if count == "1" else f"{count} times"


def _is(wanted: Sends, found: ExchangeEvidence) -> bool:
    exchange = found.exchange
    return (exchange.edge == wanted.provider and exchange.method == wanted.method
            and path_matches(wanted.path, exchange.path))
