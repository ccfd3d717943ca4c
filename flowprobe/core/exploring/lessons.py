"""From the evidence of a trial to what the search learns of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b

from flowprobe.core.blame import violation
from flowprobe.core.events import CallReplied, ExchangeEnded
from flowprobe.core.evidence import ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.exploring.model import Break, Judged, Learned, Reached, Site
from flowprobe.core.faults.fault import Fault
from flowprobe.core.oracles import ORACLES
from flowprobe.core.parsed import decoded
from flowprobe.core.statements import PROBE
from flowprobe.core.verdict import Kind, Verdict

__all__ = ["learned"]

_SLOW_S = (0.3, 1.0, 3.0, 10.0)
"""Where a journey that waits longer looks different to its user; coarse, so that noise makes no difference."""

_MANY = (1, 2, 3, 6)


def learned(faults: Sequence[Fault], evidence: TrialEvidence, verdict: Verdict, *,
            oracles: Collection[str] = tuple(ORACLES)) -> Learned:
    """What came of a trial with these faults. Of the `oracles` each that saw something is a promise broken too, whether
    or not the scenario says `never`. Probes are made when the faults are off: what they caused is no place for one."""
    steps = [step for step in evidence.steps if step.phase not in ("given", PROBE)]
    observed = _observed(evidence, oracles)
    breaks = (*_broken(steps, observed), *observed, *_violated(evidence, oracles))
    exchanges = list(_provider_calls(evidence, steps))
    return Learned(
        judged=_judged(evidence, verdict, breaks), breaks=breaks, reached=tuple(_reached(exchanges)),
        fired=_fired(faults, evidence), signature=_signature(steps, exchanges, breaks),
        harm=_harm(steps, exchanges, breaks),
        seconds=evidence.seconds, calls=len(evidence.calls), because="; ".join(verdict.reasons),
        trial=evidence.started.trial)


def _judged(evidence: TrialEvidence, verdict: Verdict, breaks: Sequence[Break]) -> Judged:
    if evidence.how == "set-up-refused":
        return "refused"
    match verdict.kind:
        case Kind.INCONCLUSIVE:
            return "inconclusive"
        case Kind.FAIL:
            return "fail"
        case _ if breaks:
            return "fail"
        case Kind.DEGRADED:
            return "degraded"
        case _:
            return "pass"


# --- what broke ---


def _broken(steps: Sequence[StepEvidence], said: Collection[Break]) -> Iterator[Break]:
    """What a step did not keep, without what was said already: an oracle that its `never` names."""
    for step in steps:
        if step.outcome == "broken":
            for finding in step.findings:
                broke = Break(step.name, finding.kind, finding.where, finding.sentence())
                if broke not in said:
                    yield broke


def _observed(evidence: TrialEvidence, oracles: Collection[str]) -> tuple[Break, ...]:
    """Each wrong once for each step, however many calls show it."""
    found = (Break(seen.step, "never", seen.oracle, f"{seen.oracle}: {seen.seen}")
             for seen in evidence.observed if seen.oracle in oracles)
    return tuple(dict.fromkeys(found))


def _violated(evidence: TrialEvidence, oracles: Collection[str]) -> Iterator[Break]:
    """What is promised of the whole journey, each once; what an oracle saw has been said with its step."""
    for judged in evidence.invariants:
        if judged.outcome == "broken" and not (judged.promise == "never" and judged.name in oracles):
            yield Break("", judged.promise, judged.name, violation(judged, judged.findings[0]))


def _fired(faults: Sequence[Fault], evidence: TrialEvidence) -> frozenset[int]:
    receipts = {receipt.fault for receipt in evidence.receipts}
    return frozenset(number for number, fault in enumerate(faults) if fault.id in receipts)


# --- which provider calls there were ---


def _provider_calls(evidence: TrialEvidence, steps: Sequence[StepEvidence]) -> Iterator[tuple[str, ExchangeEvidence]]:
    """Each with the step that the proxy knew; those of `given` came before faults were on."""
    given = {step.name for step in evidence.steps} - {step.name for step in steps}
    placed = [(step.name, found) for step in evidence.steps for call in step.calls for found in call.exchanges]
    every = [*placed, *(("", found) for found in evidence.exchanges)]
    for step, found in sorted(every, key=lambda each: each[1].exchange.started):
        if step not in given and _is_of_a_provider(found.exchange):
            yield (step if found.by == "call" else ""), found


def _is_of_a_provider(exchange: ExchangeEnded) -> bool:
    return exchange.edge not in ("user", "undeclared") and exchange.method != "CONNECT"


def _reached(exchanges: Sequence[tuple[str, ExchangeEvidence]]) -> Iterator[Reached]:
    ordinals: Counter[tuple[str, str, str]] = Counter()
    for step, found in exchanges:
        seen = found.exchange
        key = (seen.edge, seen.site, step)
        ordinals[key] += 1
        yield Reached(
            Site(seen.edge, seen.site, step, ordinals[key]), seen.status, max(0.0, seen.ended - seen.started),
            acted=seen.upstream_status is not None and 200 <= seen.upstream_status < 300, keyed=bool(seen.key),
            reply_bytes=seen.reply_bytes, protocol=seen.protocol or "HTTP/1.1", gave_up_s=_gave_up(found))


def _gave_up(found: ExchangeEvidence) -> float | None:
    return next((receipt.gave_up_s for receipt in found.injections if receipt.gave_up_s is not None), None)


# --- what it looked like ---


def _signature(steps: Sequence[StepEvidence], exchanges: Sequence[tuple[str, ExchangeEvidence]],
               breaks: Sequence[Break]) -> str:
    """What the user and the providers saw. A call that a fault fell on counts as one that went well: else nothing that
    is tolerated would look like an untroubled journey."""
    user = [[step.name, step.outcome, *_last_reply(step)] for step in steps]
    calls = Counter((found.exchange.edge, found.exchange.site, step, _class(found)) for step, found in exchanges)
    providers = sorted((*key, sum(count >= many for many in _MANY)) for key, count in calls.items())
    wrong = sorted((each.step, each.kind, each.where) for each in breaks)
    text = json.dumps([user, providers, wrong])
    return blake2b(text.encode(), digest_size=8).hexdigest()


def _last_reply(step: StepEvidence) -> list[object]:
    outcome = step.calls[-1].outcome if step.calls else None
    if not isinstance(outcome, CallReplied):
        return [outcome.reason if outcome else ""]
    waited = sum(outcome.total_s >= slow for slow in _SLOW_S)
    return [outcome.status, waited, _shape(decoded(outcome.body.encode())[0])]


def _shape(document: object) -> object:
    """The names and the types of a document, not its values; a list is as its first item is."""
    match document:
        case dict():
            return {str(name): _shape(value) for name, value in sorted(document.items(), key=lambda each: str(each[0]))}
        case list():
            return [_shape(document[0])] if document else []
        case _:
            return type(document).__name__


def _class(found: ExchangeEvidence) -> str:
    status = found.exchange.status
    if found.injections:
        return "2xx"
    return "none" if status is None else f"{status // 100}xx"


def _harm(steps: Sequence[StepEvidence], exchanges: Sequence[tuple[str, ExchangeEvidence]],
          breaks: Sequence[Break]) -> float:
    """Seconds that the user waited, calls that were made again, writes that a provider acted on for a step that came to
    nothing, promises broken: whatever a search should go towards."""
    waited = sum(call.outcome.total_s for step in steps for call in step.calls if call.outcome is not None)
    again = Counter((found.exchange.edge, found.exchange.site, found.exchange.body) for _, found in exchanges)
    repeats = sum(count - 1 for count in again.values())
    unmet = {step.name for step in steps if step.outcome in ("broken", "degraded", "not-reached")}
    orphans = sum(step in unmet and _acted(found.exchange) for step, found in exchanges)
    return round(waited + repeats + 3 * orphans + 10 * len(breaks), 3)


def _acted(exchange: ExchangeEnded) -> bool:
    upstream = exchange.upstream_status
    return exchange.method not in ("GET", "HEAD", "OPTIONS") and upstream is not None and 200 <= upstream < 300
