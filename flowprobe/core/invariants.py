"""Holding what is promised of the whole journey against what was seen of it: `always` and `never`, over the provider
calls that were the trial's and over what the probes show.

What nobody can tell is neither kept nor broken: a call of which nothing says whose it is, a probe that was not made or
that answers with an error where no status is named. An invariant that comes out the same either way is judged all the
same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from flowprobe.core.conditions import unmet
from flowprobe.core.events import ExchangeEnded, InvariantJudged
from flowprobe.core.evidence import CallEvidence, ExchangeEvidence, TrialEvidence
from flowprobe.core.expect import judge
from flowprobe.core.findings import Finding, few
from flowprobe.core.parsed import Parsed
from flowprobe.core.plain import Frozen, Plain, plain
from flowprobe.core.resolve import Absent, Names, WrongType
from flowprobe.core.sends import doubtful, fits, is_watched, miscounted, named, passed, seen_of
from flowprobe.core.statements import PROBE, Facts, Invariant, Probe, Shows
from flowprobe.core.steps import Sends
from flowprobe.core.wire import NoReply, Outcome, Reply

__all__ = ["Asked", "Seen", "judge_invariant", "unjudged"]

_ENVIRONMENT, _SCENARIO, _PRODUCT, _ACCOUNT = "environment", "scenario", "product", "account set-up"
"""Who has to look where something cannot be told: see `core.verdict.Blame`."""

_OURS: Mapping[str, str] = {"auth": _ACCOUNT, "refused": _ENVIRONMENT, "proxy": "tool", "stopped": "stopped",
                            "invalid-url": _SCENARIO}
"""Why a probe has no reply that says nothing of the product, and who has to look then."""


@plain
class Seen(Plain):
    """What was seen of a trial so far. `watched` are the edges that our proxy stands on, None for all; `nobodys` the
    calls that passed meanwhile and of which nothing tells whose they are."""

    evidence: TrialEvidence
    watched: Collection[str] | None = None
    nobodys: tuple[ExchangeEnded, ...] = ()


@plain
class Asked(Frozen):
    """What came of a probe the last time. `unmade` says why it was not made, where it was not."""

    outcome: Outcome | None = None
    parsed: Parsed | None = None
    unmade: str = ""


@plain
class _Fact(Plain):
    """Whether something is so. None: nobody can tell, as `because` says; `blame` is '' where nobody could look. Where
    it is so, `told` says it in a clause."""

    holds: bool | None
    told: str = ""
    findings: tuple[Finding, ...] = ()
    because: str = ""
    blame: str = ""


@plain
class _Known(Frozen):
    """What facts are told by."""

    seen: Seen
    probes: Mapping[str, Probe]
    asked: Mapping[str, Asked]
    names: Names


def judge_invariant(invariant: Invariant, seen: Seen, probes: Sequence[Probe], asked: Mapping[str, Asked],
                    names: Names) -> InvariantJudged:
    """`asked` has the answer of each probe by its name, `names` what the journey captured."""
    try:
        if unmet(invariant.when, names, invariant.position):
            return _judged(invariant, seen, "held")
    except (Absent, WrongType) as error:
        return _judged(invariant, seen, "unsure", because=str(error), blame=_SCENARIO)
    return _judge(invariant, _Known(seen, {probe.name: probe for probe in probes}, asked, names))


def _judge(invariant: Invariant, known: _Known) -> InvariantJudged:
    seen = known.seen
    if invariant.oracle:
        return _judge_oracle(invariant, seen)
    facts = _together(_facts(invariant.facts, known, promised=False))
    if invariant.promise == "never":
        return _judge_never(invariant, facts, known)
    then = _together(_facts(invariant.then, known, promised=True))
    if facts.holds is False or then.holds:
        return _judged(invariant, seen, "held")
    if facts.holds and then.holds is False:
        because = f"while {facts.told}" if facts.told else ""
        return _judged(invariant, seen, "broken", _findings(invariant, then.findings), because)
    return _unsure(invariant, seen, [fact for fact in (facts, then) if fact.holds is None])


def unjudged(invariant: Invariant, trial: str, because: str) -> InvariantJudged:
    """For one that nobody came to judge: we were stopped."""
    return InvariantJudged(trial, invariant.promise, invariant.name, "unsure", because=because, blame="stopped")


def _judge_never(invariant: Invariant, facts: _Fact, known: _Known) -> InvariantJudged:
    if facts.holds is None:
        return _unsure(invariant, known.seen, [facts])
    if not facts.holds:
        return _judged(invariant, known.seen, "held")
    finding = Finding("never", "", "never this", facts.told, str(invariant.position))
    return _judged(invariant, known.seen, "broken", (finding,))


def _judge_oracle(invariant: Invariant, seen: Seen) -> InvariantJudged:
    """What an oracle saw in any step, or in what the product answered to a probe."""
    shown = invariant.oracle == "stack-trace"
    phases = {step.name: step.phase for step in seen.evidence.steps}
    found = tuple(Finding("never", one.step, f"never {one.oracle}", one.seen, str(invariant.position))
                  for one in seen.evidence.observed
                  if one.oracle == invariant.oracle and phases.get(one.step) != "given")
    if found:
        return _judged(invariant, seen, "broken", few(found))
    if not shown and seen.watched is not None and not seen.watched:
        return _judged(invariant, seen, "unseen", because=f"never {invariant.oracle}")
    calls = [exchange for exchange in _doubts(seen) if not exchange.edge.endswith(".webhooks")]
    if calls and not shown:
        edges = ", ".join(dict.fromkeys(repr(exchange.edge) for exchange in calls))
        return _judged(invariant, seen, "unsure", because=f"to {edges}: {passed(len(calls))}", blame=_ENVIRONMENT)
    return _judged(invariant, seen, "held")


def _judged(invariant: Invariant, seen: Seen, outcome: str, findings: tuple[Finding, ...] = (), because: str = "",
            blame: str = "") -> InvariantJudged:
    return InvariantJudged(seen.evidence.started.trial, invariant.promise, invariant.name, outcome, findings, because,
                           blame)


def _unsure(invariant: Invariant, seen: Seen, facts: Sequence[_Fact]) -> InvariantJudged:
    """What nobody could look at has no effect on the verdict; what nobody can tell has."""
    blamed = next((fact.blame for fact in facts if fact.blame), "")
    because = "; ".join(dict.fromkeys(fact.because for fact in facts if fact.blame == blamed))
    return _judged(invariant, seen, "unsure" if blamed else "unseen", because=because, blame=blamed)


def _findings(invariant: Invariant, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return few(tuple(replace(finding, kind=invariant.promise) for finding in findings))


# --- facts ----------------------------------------------------------------------------------------


def _together(facts: Iterable[_Fact]) -> _Fact:
    """They hold together: one that does not decides, else one of which nobody can tell."""
    facts = tuple(facts)
    told = " and ".join(fact.told for fact in facts if fact.told)
    if any(fact.holds is False for fact in facts):
        return _Fact(False, told, tuple(finding for fact in facts for finding in fact.findings))
    doubts = [fact for fact in facts if fact.holds is None]
    if not doubts:
        return _Fact(True, told)
    blame = next((fact.blame for fact in doubts if fact.blame), "")
    return _Fact(None, told, because="; ".join(fact.because for fact in doubts if fact.blame == blame), blame=blame)


def _facts(facts: Facts, known: _Known, *, promised: bool) -> Iterator[_Fact]:
    """`promised`: the product has to see to it that they hold, so that silence and errors are its own."""
    journey, doubts = _journey(known.seen.evidence), tuple(_doubts(known.seen))
    for wanted in facts.calls:
        yield _counted(wanted, journey, doubts, known.seen.watched)
    for shows in facts.shows:
        yield _shown(shows, known, promised=promised)


def _counted(wanted: Sends, journey: Sequence[ExchangeEvidence], doubts: Sequence[ExchangeEnded],
             watched: Collection[str] | None) -> _Fact:
    if not is_watched(wanted, watched):
        return _Fact(None, because=named(wanted))
    if count := sum(fits(wanted, exchange) for exchange in doubts):
        return _Fact(None, because=f"{named(wanted)}: {passed(count)}", blame=_ENVIRONMENT)
    findings = tuple(miscounted(wanted, journey))
    return _Fact(not findings, seen_of(wanted, journey), findings)


def _journey(trial: TrialEvidence) -> tuple[ExchangeEvidence, ...]:
    """The provider calls of the workflow and of what it set going, but not those of `given`, nor those that a probe is
    known to have caused itself."""
    own = (found for step in trial.steps if step.phase != "given" for call in step.calls for found in call.exchanges
           if step.phase != PROBE or found.by != "call")
    return (*own, *trial.exchanges)


def _doubts(seen: Seen) -> Iterator[ExchangeEnded]:
    return doubtful(seen.evidence, _workflow(seen.evidence), seen.nobodys)


def _workflow(trial: TrialEvidence) -> tuple[CallEvidence, ...]:
    return tuple(call for step in trial.steps if step.phase == "workflow" for call in step.calls)


def _shown(wanted: Shows, known: _Known, *, promised: bool) -> _Fact:
    probe, asked = known.probes[wanted.probe], known.asked.get(wanted.probe, Asked(unmade="it was not made"))
    name = f"the probe {wanted.probe!r}"
    match asked.outcome:
        case None:
            return _Fact(None, because=f"{name}: {asked.unmade}", blame=_SCENARIO)
        case NoReply(reason=reason, detail=detail) if reason in _OURS:
            return _Fact(None, because=f"{name}: {detail or reason}", blame=_OURS[reason])
        case outcome:
            pass
    try:
        found = judge(probe.step, wanted.expect, outcome, known.names, asked.parsed)
    except Absent as absent:
        return _Fact(None, because=f"{name}: {absent}", blame=_SCENARIO)
    if unread := next((finding for finding in found if finding.kind == "value"), None):
        return _Fact(None, because=f"{name}: {unread.sentence()}", blame=_SCENARIO)
    mute = next((finding for finding in found if finding.kind == "no-reply" or _is_error(finding, wanted)), None)
    if mute is not None and not promised:
        return _Fact(None, because=f"{name}: {mute.sentence()}", blame=_PRODUCT)
    told = f"{name} shows {_said(wanted, outcome)}"
    return _Fact(not found, told, tuple(replace(one, where=f"{wanted.probe} {one.where}") for one in found))


def _is_error(finding: Finding, wanted: Shows) -> bool:
    """An error where no status is named says nothing of what is asked."""
    return finding.kind == "status" and wanted.expect.status is None


def _said(wanted: Shows, outcome: Outcome) -> str:
    status = str(outcome.status) if isinstance(outcome, Reply) else "nothing"
    parts = [part for part in ("headers", "json", "text", "body") if part in wanted.expect.named]
    return f"{status} with such {' and '.join(parts)}" if parts else status


