"""From the evidence of a trial and of its unfaulted twin to what the trial is put down to.

Only a delay can be told for sure from these two: with what we made the product wait taken off, the step takes what it
took in the twin, that would have been in time, and nothing went on meanwhile. All else was seen together, and is no
more than likely; whether it is so is seen when the fault is taken away, which is what `flowprobe why` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from flowprobe.core.blame import said, violations
from flowprobe.core.events import CallReplied, ExchangeEnded, Injected
from flowprobe.core.evidence import CallEvidence, StepEvidence, TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.explanation import Explanation, Origin, Sure, Suspect, sentence
from flowprobe.core.findings import Finding
from flowprobe.core.on_the_way import is_on_the_way
from flowprobe.core.plain import Plain, plain

__all__ = ["explained", "injected_in", "why"]

_LATE = ("latency", "bandwidth")
"""Faults by which the product gets all that it asked for, later."""
_ABOUT_TIME = ("within", "poll", "timeout", "gives_up", "no-reply", "repeat")
"""What may be broken by nothing but a delay."""
_ABOUT_CALLS = ("sends", "receives", "never", "always")
"""What another try may break, though it went well."""
_APART_S, _APART = 0.1, 0.1
"""So far may the rest of a step be from what its twin took, in seconds or in parts of the delay, whichever is more."""
_BUSY = 429
_DURING = ("call", "window")
"""How a provider call is joined that began while the step's call was in flight."""
_NOT_PROVIDERS = ("user", "undeclared")


def why(trial: TrialEvidence, twin: TrialEvidence | None, *, longest: int | None = None) -> str:
    """The sentence for a trial with a broken or eased step, or a broken invariant; '' where there is none. The name of
    its journey is cut where it is longer than `longest`."""
    found = explained(trial, twin)
    return sentence(found, longest=longest) if found is not None else ""


def explained(trial: TrialEvidence, twin: TrialEvidence | None) -> Explanation | None:
    """What a trial with a broken or eased step, or with a broken invariant, is put down to; None for another."""
    broken = next((s for s in trial.steps if s.outcome == "broken"), None)
    violated = violations(trial)
    if broken is None and violated:
        return _told(trial, "", violated[0], _of_journey(trial, twin))
    step = broken or next((s for s in trial.steps if s.outcome == "degraded"), None)
    if step is None or not step.findings:
        return None
    same = next((s for s in twin.steps if s.name == step.name), None) if twin else None
    finding = step.findings[0]
    found = _told(trial, step.name, said(finding), _of_step(trial, twin, step, finding, same), _contrast(same))
    return found if broken is not None else replace(found, eased=True)


@plain
class _Reading(Plain):
    origin: Origin
    sure: Sure
    because: tuple[Suspect, ...] = ()
    beside: tuple[Suspect, ...] = ()
    provider: str = ""
    failed: str = ""


def _told(trial: TrialEvidence, step: str, broke: str, read: _Reading, without: str = "") -> Explanation:
    return Explanation(trial.started.scenario, tuple(trial.started.personas.values()), step, broke, read.origin,
                       read.sure, read.because, read.beside, read.provider, read.failed, without)


def _contrast(same: StepEvidence | None) -> str:
    """How the same step went in the unfaulted twin: "201 in 45 ms"."""
    outcome = same.calls[-1].outcome if same and same.calls else None
    return f"{outcome.status} in {milliseconds(outcome.total_s)}" if isinstance(outcome, CallReplied) else ""


# --- the whole journey, and a step of it ----------------------------------------------------------


def _of_journey(trial: TrialEvidence, twin: TrialEvidence | None) -> _Reading:
    """What is promised of all of it may be broken by anything that fell, and least by what was only late."""
    suspects = _suspects(trial, trial.receipts, ())
    if not suspects:
        return _by_itself(trial, twin, None)
    hurt = [each for each in suspects if each.did != "waited"] or suspects
    return _blamed(hurt, [each for each in suspects if each not in hurt], Sure.LIKELY)


def _of_step(trial: TrialEvidence, twin: TrialEvidence | None, step: StepEvidence, finding: Finding,
             same: StepEvidence | None) -> _Reading:
    under = injected_in(step)
    before = _fell_before(trial, step, finding)
    here = _suspects(trial, [r for r in before if r in under], step.calls)
    earlier = _suspects(trial, [r for r in before if r not in under], ())
    if finding.kind == "within":
        read = _of_time(step, finding, (*here, *earlier), same)
    else:
        read = _seen_together(step, finding, here, earlier)
    return read or _by_itself(trial, twin, step, finding, (*here, *earlier))


def _fell_before(trial: TrialEvidence, step: StepEvidence, finding: Finding) -> Sequence[Injected]:
    """What fell on a later step did not break this one; but what a step sends is counted to the end."""
    if finding.kind in _ABOUT_CALLS:
        return trial.receipts
    place = next(number for number, each in enumerate(trial.steps) if each is step)
    later = [r for each in trial.steps[place + 1:] for r in injected_in(each)]
    return [r for r in trial.receipts if r not in later]


def _of_time(step: StepEvidence, finding: Finding, suspects: Sequence[Suspect],
             same: StepEvidence | None) -> _Reading | None:
    """A delay explains as much time as it took. A failure may cost any time: it is tried again, or worked around. None
    where nothing that fell explains it."""
    here = [each for each in suspects if each.here]
    if finding.where.startswith("within.") and here:  # of many calls, of which each had its own
        return _blamed(here, (), Sure.LIKELY)
    read = _by_the_clock(step, finding, here, same) if here else None
    hurt = [each for each in here if each.did != "waited"]
    if read is None and hurt:
        read = _blamed(hurt, [each for each in here if each not in hurt], Sure.LIKELY)
    return read


def _seen_together(step: StepEvidence, finding: Finding, here: Sequence[Suspect],
                   earlier: Sequence[Suspect]) -> _Reading | None:
    """First those of the provider that the promise is about; then what the product ended with or went on after, for
    nobody sees from outside which of these it could not bear; what fell on an earlier step, what it tried again, and
    last what was no more than late. None where nothing fell."""
    every = (*here, *earlier)
    provider, failed = _failed_by_itself(step)
    named = [each for each in every if f"'{each.edge}'" in finding.where]
    ended = [each for each in here if each.did in ("ended", "gave up")]
    if provider and not ended and not named:
        return _Reading(Origin.PROVIDER, Sure.LIKELY, (), every, provider, failed)
    chosen = named or [each for each in here if each in ended or each.did == "went on"] or [
        each for each in earlier if each.did != "waited"]
    if not chosen and finding.kind in (*_ABOUT_CALLS, *_ABOUT_TIME):
        chosen = list(here) or list(earlier)
    if chosen:
        return _blamed(chosen, [each for each in here if each not in chosen], Sure.LIKELY)
    return _blamed(here or earlier, (), Sure.UNKNOWN) if every else None


def _blamed(because: Iterable[Suspect], beside: Iterable[Suspect], sure: Sure) -> _Reading:
    return _Reading(Origin.UNKNOWN if sure is Sure.UNKNOWN else Origin.FAULT, sure, tuple(because), tuple(beside))


# --- time -----------------------------------------------------------------------------------------


def _by_the_clock(step: StepEvidence, finding: Finding, suspects: Sequence[Suspect],
                  same: StepEvidence | None) -> _Reading | None:
    """The faults for which the product waited for as long as it was late; None where they are not enough."""
    late = _late(step, finding)
    waits = {each.fault: _waited(r for r in _fallen(late) if r.fault == each.fault) for each in suspects}
    total = sum(waits.values())
    if total < finding.late_s or not total:
        return None
    because = tuple(each for each in suspects if waits[each.fault] >= finding.late_s
                    or total - waits[each.fault] < finding.late_s) or tuple(suspects)
    beside = tuple(each for each in suspects if each not in because)
    enough = _is_enough(late, finding, _twin_of(late, step, same), total)
    return _blamed(because, beside, Sure.SURE if enough else Sure.LIKELY)


def _late(step: StepEvidence, finding: Finding) -> CallEvidence:
    """The call that took too long: of the rounds of a step any, else its last."""
    return next((call for call in step.calls if isinstance(call.outcome, CallReplied)
                 and milliseconds(call.outcome.total_s) == finding.seen), step.calls[-1])


def _twin_of(late: CallEvidence, step: StepEvidence, same: StepEvidence | None) -> CallEvidence | None:
    """The same call in the twin, where its step held: of the same round, where both have as many."""
    if same is None or not same.calls or same.outcome == "broken":
        return None
    alike = len(same.calls) == len(step.calls)
    return same.calls[step.calls.index(late) if alike else -1]


def _is_enough(late: CallEvidence, finding: Finding, twin: CallEvidence | None, waited_s: float) -> bool:
    """The waits alone are too long on top of what the call took in the twin, and the rest of it took about as long as
    there: nothing else was slow, and nothing went on meanwhile. Waits that outlast the call prove nothing."""
    reply, before = late.outcome, twin.outcome if twin else None
    if twin is None or not isinstance(reply, CallReplied) or not isinstance(before, CallReplied):
        return False
    if any(found.by not in _DURING for found in late.exchanges if found.injections):
        return False
    apart = reply.total_s - waited_s - before.total_s
    promised = reply.total_s - finding.late_s
    return apart <= max(_APART_S, _APART * waited_s) and before.total_s + waited_s > promised and (
        is_on_the_way(late, twin, waited_s))


def _waited(receipts: Iterable[Injected]) -> float:
    """For how long the product was made to wait; for what it gave up, until then."""
    return sum(r.realised_s or r.slept_s if r.gave_up_s is None else r.gave_up_s for r in receipts)


# --- what fell, and what the product did then -----------------------------------------------------


def injected_in(step: StepEvidence) -> tuple[Injected, ...]:
    """The receipts of the provider calls under a step."""
    return tuple(r for call in step.calls for r in _fallen(call))


def _fallen(call: CallEvidence) -> Iterator[Injected]:
    return (r for found in call.exchanges for r in found.injections)


def _suspects(trial: TrialEvidence, receipts: Sequence[Injected], calls: Sequence[CallEvidence]) -> tuple[Suspect, ...]:
    """Each fault once, in the order in which they fell; `calls` are those of the step, where it fell on one of them."""
    described = {fault.id: fault.described for fault in trial.started.faults}
    ids = dict.fromkeys((r.fault, r.edge) for r in receipts)
    return tuple(_suspect(described.get(id), [r for r in receipts if (r.fault, r.edge) == (id, edge)], calls)
                 for id, edge in ids)


def _suspect(described: str | None, receipts: Sequence[Injected], calls: Sequence[CallEvidence]) -> Suspect:
    last = receipts[-1]
    gave_up = next((r.gave_up_s for r in reversed(receipts) if r.gave_up_s is not None), None)
    return Suspect(last.fault, last.edge, last.kind, described or last.kind, len(receipts), bool(calls),
                   round(_waited(receipts), 6), gave_up, _did(last, calls))


def _did(last: Injected, calls: Sequence[CallEvidence]) -> str:
    """By what it did after the last that fell of this fault."""
    if last.kind in _LATE and last.gave_up_s is None:
        return "waited"
    every = sorted((found for call in calls for found in call.exchanges if _is_of_a_provider(found.exchange)),
                   key=lambda found: found.exchange.started)
    place = next((n for n, found in enumerate(every) if found.exchange.exchange == last.exchange), len(every))
    later = [found.exchange for found in every[place + 1:]]
    if any((each.edge, each.site) == (last.edge, last.site) for each in later):
        return "tried again"
    if later:
        return "went on"
    return "gave up" if last.gave_up_s is not None else "ended" if calls else ""


def _is_of_a_provider(exchange: ExchangeEnded) -> bool:
    return exchange.edge not in _NOT_PROVIDERS and exchange.method != "CONNECT"


# --- without a fault of ours ----------------------------------------------------------------------


def _by_itself(trial: TrialEvidence, twin: TrialEvidence | None, step: StepEvidence | None,
               finding: Finding | None = None, beside: Sequence[Suspect] = ()) -> _Reading:
    """A provider that failed, or was as slow as the step was late; an environment in which nothing answers, and did not
    in the twin; else the product. What goes past our proxy is not seen, so none of it is sure."""
    calls = (*trial.calls, *(twin.calls if twin else ()))
    if not any(isinstance(call.outcome, CallReplied) for call in calls):
        return _Reading(Origin.ENVIRONMENT, Sure.LIKELY, (), tuple(beside))
    provider = (_slow_by_itself(step, finding) or _failed_by_itself(step)) if step else ("", "")
    origin = Origin.PROVIDER if provider[0] else Origin.PRODUCT
    return _Reading(origin, Sure.LIKELY, (), tuple(beside), *provider)


def _failed_by_itself(step: StepEvidence) -> tuple[str, str]:
    """The last provider call of the step, where nothing was injected into it and it failed: which, and how."""
    last = max(_own(step), key=lambda each: each.started, default=None)
    if last is None or (last.status is not None and last.status < 500 and last.status != _BUSY and not last.error):
        return "", ""
    return last.edge, f"answered {last.status}" if last.status is not None else "did not answer"


def _slow_by_itself(step: StepEvidence, finding: Finding | None) -> tuple[str, str] | None:
    """The slowest provider call of the step, where it alone makes up for what the step was late."""
    slowest = max(_own(step), key=lambda each: each.ended - each.started, default=None)
    if finding is None or finding.kind != "within" or slowest is None:
        return None
    took = slowest.ended - slowest.started
    return (slowest.edge, f"took {milliseconds(took)}") if took >= finding.late_s > 0 else None


def _own(step: StepEvidence) -> list[ExchangeEnded]:
    """The provider calls of a step's last call on which nothing fell."""
    return [found.exchange for call in step.calls[-1:] for found in call.exchanges
            if not found.injections and _is_of_a_provider(found.exchange)]
