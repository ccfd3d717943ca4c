"""The judge: evidence in, verdict out. It knows no clock and no file; whatever it cannot judge is inconclusive,
with the blame named, and never a pass."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from flowprobe.core.blame import undecided, violations
from flowprobe.core.events import (
    CallReplied,
    CallUnanswered,
    CleanupEnded,
    CleanupPlanned,
    CleanupSettled,
    Injected,
    PlannedFault,
)
from flowprobe.core.evidence import RunEvidence, StepEvidence, TrialEvidence, is_settled
from flowprobe.core.passed import why_never_fired
from flowprobe.core.plain import Plain, plain

__all__ = ["Blame", "ExitCode", "Kind", "Verdict", "answered", "exit_code", "foremost", "judge_run", "judge_trial",
           "may_be_put_down", "put_down", "worst"]


class Kind(StrEnum):
    PASS = "pass"
    DEGRADED = "degraded"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Blame(StrEnum):
    """Who has to look: of a fail always the product; of an inconclusive verdict one of the others."""

    NONE = ""
    PRODUCT = "product"
    ENVIRONMENT = "environment"
    ACCOUNT = "account set-up"
    BASELINE = "baseline"
    FAULT = "fault never fired"
    CLEANUP = "cleanup"
    TOOL = "tool"
    STOPPED = "stopped"
    PLAN = "plan"
    SCENARIO = "scenario"


class ExitCode:
    OK = 0
    FAIL = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INTERNAL = 4
    REFUSED = 5
    HALTED = 6
    CLEANUP = 7
    INTERRUPTED = 130


@plain
class Verdict(Plain):
    kind: Kind
    blame: Blame
    reasons: tuple[str, ...]


_TOLERANCE_S, _TOLERANCE = 0.05, 0.1
"""How far a delay may be off before nothing is concluded from it: 50 ms or a tenth, whichever is more."""

_LOST = re.compile(r"(\$\{([^.}]+)\.[^}]*\}) has no value")
"""What `Absent` says of a capture that was not made."""

_PARTLY = ("too-large", "protocol")

_RANK = {Kind.PASS: 0, Kind.DEGRADED: 1, Kind.INCONCLUSIVE: 2, Kind.FAIL: 3}


def worst(verdicts: Sequence[Verdict]) -> Kind:
    """Of several: fail > inconclusive > degraded > pass. None at all cannot be judged."""
    return max((verdict.kind for verdict in verdicts), key=_RANK.__getitem__, default=Kind.INCONCLUSIVE)


def judge_run(run: RunEvidence) -> Mapping[str, Verdict]:
    """The verdict of each trial, by its id. Trouble that no trial owns is everybody's."""
    verdicts: dict[str, Verdict] = {}
    reachable = run.ready
    for trial in run.trials:
        reachable = reachable or answered(trial)
        verdicts[trial.started.trial] = judge_trial(trial, reachable=reachable, trouble=run.trouble)
    return verdicts


def answered(trial: TrialEvidence) -> bool:
    """Some call of this trial had a reply, if not a whole one: the environment is there."""
    return any(_spoke(call.outcome) for call in trial.calls)


def _spoke(outcome: CallReplied | CallUnanswered | None) -> bool:
    match outcome:
        case CallUnanswered(status=status, reason=reason, redirects=redirects):
            return status is not None or bool(redirects) or reason in _PARTLY
        case _:
            return outcome is not None


def judge_trial(trial: TrialEvidence, *, reachable: bool, trouble: Sequence[str] = ()) -> Verdict:
    """`reachable`: some call of this run was answered, so silence is the product's and not the environment's. What was
    looked at right after a failure has the last word."""
    verdict = _judged(trial, reachable, trouble)
    diagnosed = trial.diagnosed
    return put_down(verdict, Blame(diagnosed.blame), diagnosed.because) if diagnosed is not None else verdict


def may_be_put_down(verdict: Verdict) -> bool:
    """Whether a look at the surroundings may tell more of it: what passed did, and what we know to be ours is ours."""
    return verdict.kind in (Kind.FAIL, Kind.INCONCLUSIVE) and verdict.blame in (
        Blame.PRODUCT, Blame.ENVIRONMENT, Blame.ACCOUNT)


def put_down(verdict: Verdict, blame: Blame, because: Sequence[str]) -> Verdict:
    """A verdict with what was seen of the surroundings: never a pass, and a fail where it is the product that does not
    answer. What is the product's anyhow stays as it was, with a sentence more."""
    if blame is Blame.NONE or not may_be_put_down(verdict):
        return verdict
    if blame is not Blame.PRODUCT:
        return Verdict(Kind.INCONCLUSIVE, blame, (*because, *verdict.reasons))
    if verdict.blame is Blame.PRODUCT:
        return Verdict(verdict.kind, blame, (*verdict.reasons, *because))
    return Verdict(Kind.FAIL, blame, (*because, *verdict.reasons))


def _judged(trial: TrialEvidence, reachable: bool, trouble: Sequence[str]) -> Verdict:
    if trial.skipped is not None:
        return Verdict(Kind.INCONCLUSIVE, Blame(trial.skipped.blame), (trial.skipped.because,))
    if trial.trouble or trouble:
        return Verdict(Kind.INCONCLUSIVE, Blame.TOOL, (*trial.trouble, *trouble))
    if trial.how == "set-up-failed":
        return _not_set_up(trial)
    if trial.how == "set-up-refused":
        return Verdict(Kind.INCONCLUSIVE, Blame.ACCOUNT, _said(trial, "refused"))
    if trial.how != "finished":
        return Verdict(Kind.INCONCLUSIVE, Blame.STOPPED,
                       (trial.halted or "the run was stopped before the journey ended",))
    return _finished(trial, reachable)


def _not_set_up(trial: TrialEvidence) -> Verdict:
    """The account could not be brought into its state: nothing was asked of the journey itself."""
    steps = tuple(step for step in trial.steps if step.phase == "given" and step.outcome in ("broken", "not-reached"))
    said = (*_findings(steps, trial), *(f"{step.name}: {step.because}" for step in steps if step.because))
    return Verdict(Kind.INCONCLUSIVE, Blame.ACCOUNT, tuple(f"given: {words}" for words in said))


def _finished(trial: TrialEvidence, reachable: bool) -> Verdict:
    """The first reason that applies decides; the order is that of docs/reference/verdicts.md. What excuses a step that
    broke excuses no invariant."""
    broken = tuple(step for step in trial.steps if step.outcome == "broken")
    violated = violations(trial)
    excused = () if violated else broken
    reasons: tuple[tuple[Kind, Blame, tuple[str, ...]], ...] = (
        (Kind.INCONCLUSIVE, Blame.TOOL, (*_mistimed(trial), *_saturated(trial))),
        (Kind.INCONCLUSIVE, Blame.ENVIRONMENT, _stand_ins(trial)),
        (Kind.INCONCLUSIVE, Blame.PLAN,
         () if violated else tuple(_spoiled(step) for step in trial.steps if _made_by_us(step))),
        (Kind.INCONCLUSIVE, Blame.ACCOUNT, _not_signed_in(excused)),
        (Kind.INCONCLUSIVE, Blame.ENVIRONMENT,
         () if reachable or not (broken or violated) else _unreachable(trial)),
        (Kind.INCONCLUSIVE, Blame.SCENARIO, _unreadable(excused)),
        (Kind.FAIL, Blame.PRODUCT, (*_findings([step for step in broken if not _made_by_us(step)], trial), *violated)),
        (Kind.INCONCLUSIVE, Blame.ENVIRONMENT, trial.unsure),
        *((Kind.INCONCLUSIVE, Blame(judged.blame), (undecided(judged),)) for judged in trial.invariants
          if judged.outcome == "unsure"),
        (Kind.INCONCLUSIVE, Blame.FAULT, tuple(why_never_fired(trial, fault) for fault in _unfired(trial))),
        (Kind.INCONCLUSIVE, Blame.CLEANUP, leftovers(trial)),
        (Kind.INCONCLUSIVE, Blame.SCENARIO, _needs_skipped(trial)),
        (Kind.INCONCLUSIVE, Blame.PRODUCT, _said(trial, "not-reached")),
        (Kind.DEGRADED, Blame.NONE, _said(trial, "degraded")),
    )
    for kind, blame, said in reasons:
        if said:
            return Verdict(kind, blame, said)
    return Verdict(Kind.PASS, Blame.NONE, ())


def _findings(broken: Sequence[StepEvidence], trial: TrialEvidence) -> tuple[str, ...]:
    found = tuple(f"{step.name}: {finding.sentence()}" for step in broken for finding in step.findings)
    ended = tuple(f"meanwhile {gone.process} {gone.how}" for gone in trial.ended if not gone.stand_in)
    return (*found, *ended) if found else ()


def _said(trial: TrialEvidence, outcome: str) -> tuple[str, ...]:
    return tuple(f"{step.name}: {step.because}" for step in trial.steps if step.outcome == outcome)


def _unreadable(broken: Sequence[StepEvidence]) -> tuple[str, ...]:
    """Where the contract itself is wrong, a document of ours; nothing where a step broke for another reason too."""
    findings = [(step.name, finding) for step in broken for finding in step.findings]
    if any(finding.kind != "contract" or finding.where.partition(" ")[0] != "document" for _, finding in findings):
        return ()
    return tuple(f"{name}: the contract cannot be judged: {finding.seen}" for name, finding in findings)


def _needs_skipped(trial: TrialEvidence) -> tuple[str, ...]:
    """Steps that look up what a skipped step would have captured: the scenario leaves out what it needs."""
    skipped = {step.name for step in trial.steps if step.outcome == "skipped"}
    lost = ((step.name, _LOST.fullmatch(step.because)) for step in trial.steps if step.outcome == "not-reached")
    return tuple(f"{name}: needs {found[1]}, which the skipped step `{found[2]}` would have captured"
                 for name, found in lost if found and found[2] in skipped)


def _stand_ins(trial: TrialEvidence) -> tuple[str, ...]:
    """A stand-in for a provider that ended by itself is not the product's doing."""
    return tuple(f"{gone.process}, which stands in for a provider, {gone.how}" for gone in trial.ended if gone.stand_in)


def _mistimed(trial: TrialEvidence) -> tuple[str, ...]:
    """Delays and slow bytes that did not come out as asked: what was then seen was not seen under this plan. A call
    whose caller went away was not answered, and its delay was as long as anybody waited."""
    return tuple(
        f"proxy: {_timed(receipt)} of {receipt.asked_s * 1000:.0f} ms on {receipt.edge!r} came out as "
        f"{receipt.realised_s * 1000:.0f} ms"
        for found in trial.all_exchanges if found.exchange.status is not None
        for receipt in found.injections
        if _timed(receipt)
        and abs(receipt.realised_s - receipt.asked_s) > max(_TOLERANCE_S, receipt.asked_s * _TOLERANCE))


def _timed(receipt: Injected) -> str:
    """What of a receipt is to be as long as it was asked; '' where nothing is. A delay with a detail ended early, for
    nobody waited any more, or was the provider's own; slow bytes are as slow as they were for all that moved."""
    match receipt.kind:
        case "latency" if not receipt.detail:
            return "a delay"
        case "bandwidth":
            return f"a line for {receipt.moved} bytes"
        case _:
            return ""


def _saturated(trial: TrialEvidence) -> tuple[str, ...]:
    """A promise of time that was missed by less than our own proxy was late says nothing about the product."""
    missed = [f.late_s for step in trial.steps if step.outcome == "broken" for f in step.findings if f.kind == "within"]
    if not missed or not trial.all_exchanges or min(missed) >= trial.proxy_lag_s:
        return ()
    return (f"proxy: saturated, up to {trial.proxy_lag_s * 1000:.0f} ms late, while a time was missed by "
            f"{min(missed) * 1000:.0f} ms",)


_SILENT = ("reset", "close", "hang", "lost_reply", "refuse", "h2")
_MADE = ("status", "stale", "redirect_loop", "error_envelope", "expired_token")


def _made_by_us(step: StepEvidence) -> bool:
    """The last reply of a step was made, spoiled or taken away on the user edge, and that decided the step: it broke,
    or it held by an answer that the product never gave. What `under` promised for it is another matter."""
    kinds = {"broken": (*_MADE, "body", "field", *_SILENT), "held": _MADE}.get(step.outcome, ())
    return any(receipt.edge == "user" and receipt.kind in kinds
               for call in step.calls[-1:] for exchange in call.exchanges for receipt in exchange.injections)


def _spoiled(step: StepEvidence) -> str:
    if isinstance(step.calls[-1].outcome, CallUnanswered):
        return (f"{step.name}: the plan itself took the last reply away, between the user and the product: leave the "
                "step an attempt that comes through (`when: {first: 1}`), or put the fault on a provider")
    return (f"{step.name}: the reply was made by the plan itself, between the user and the product: say in `under` "
            "what the user should then see, or put the fault on a provider")


def _not_signed_in(broken: Sequence[StepEvidence]) -> tuple[str, ...]:
    """Steps whose call never left because nobody could sign it; nothing where a step broke for another reason too."""
    if not all(_unsigned(step) for step in broken):
        return ()
    return tuple(f"{step.name}: {finding.seen}" for step in broken for finding in step.findings)


def _unsigned(step: StepEvidence) -> bool:
    outcome = step.calls[-1].outcome if step.calls else None
    return isinstance(outcome, CallUnanswered) and outcome.reason == "auth"


def _unreachable(trial: TrialEvidence) -> tuple[str, ...]:
    if not trial.calls or answered(trial):
        return ()
    first = trial.calls[0]
    outcome = first.outcome
    detail = (outcome.detail or outcome.reason) if isinstance(outcome, CallUnanswered) else "no outcome"
    return (f"nothing of this environment answered: {first.sent.method} {first.sent.url}: {detail}",)


def _unfired(trial: TrialEvidence) -> tuple[PlannedFault, ...]:
    """Of faults of which a call suffers one, each has done its part as soon as any has: the others were not drawn, or
    their calls were not made."""
    fired = {receipt.fault for receipt in trial.receipts}
    drawn = any(fault.among and fault.id in fired for fault in trial.started.faults)
    return tuple(fault for fault in trial.started.faults if fault.id not in fired and not (fault.among and drawn))


def leftovers(trial: TrialEvidence) -> tuple[str, ...]:
    """What was made, or may have been, and is not known to be gone."""
    left = []
    for step, row in trial.cleanup.items():
        if is_settled(row):
            continue
        match row:
            case CleanupEnded(detail=detail) | CleanupSettled(detail=detail):
                left.append(f"{step}: {detail or 'its cleanup was not run'}")
            case CleanupPlanned(described=described):
                left.append(f"{step}: {described} was not run")
    return tuple(left)


def foremost(codes: Iterable[int]) -> int:
    """The code of several runs: the first of 7, 130, 6, 5, 4, 1, 3, 0 that one of them has."""
    order = (ExitCode.CLEANUP, ExitCode.INTERRUPTED, ExitCode.HALTED, ExitCode.REFUSED, ExitCode.INTERNAL,
             ExitCode.FAIL, ExitCode.INCONCLUSIVE)
    there = set(codes)
    return next((code for code in order if code in there), ExitCode.OK)


def exit_code(run: RunEvidence, verdicts: Mapping[str, Verdict], *, internal: bool = False) -> int:
    """Precedence 7, 130, 6, 5, 4, 1, 3, 0 (see docs/reference/verdicts.md). `internal`: a bug of ours showed."""
    if any(leftovers(trial) for trial in (*run.trials, *run.aside)):
        return ExitCode.CLEANUP
    if run.interrupted:
        return ExitCode.INTERRUPTED
    if run.halted:
        return ExitCode.REFUSED if run.halted == "refused" else ExitCode.HALTED
    if internal:
        return ExitCode.INTERNAL
    kind = worst(tuple(verdicts.values()))
    if kind is Kind.FAIL:
        return ExitCode.FAIL
    return ExitCode.INCONCLUSIVE if kind is Kind.INCONCLUSIVE or run.trouble else ExitCode.OK
