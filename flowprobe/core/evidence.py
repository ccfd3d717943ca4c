"""The journal, joined and arranged for a verdict: a fold over the streams of every writer.

Provider exchanges stand under the call that caused them. The join is by call id where the trace context or the
trial's id came through; else by the window of the call that was in flight, which is marked as such: what we
then say is "during", not "because of".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from flowprobe.core.events import (
    CallReplied,
    CallSent,
    CallUnanswered,
    CleanupEnded,
    CleanupPlanned,
    CleanupSettled,
    Diagnosed,
    EnvironmentReady,
    ExchangeEnded,
    FaultsArmed,
    FaultsDisarmed,
    FaultsPassed,
    Halted,
    HookFailed,
    IdentityJudged,
    Injected,
    Interrupted,
    InvariantJudged,
    LeaseApplied,
    LeaseEnded,
    LedgerOpened,
    ProcessEnded,
    ProxyStarted,
    RunEnded,
    RunStarted,
    Saturated,
    SendsJudged,
    Stamped,
    StepEnded,
    ToolFailure,
    TrialEnded,
    TrialSkipped,
    TrialStarted,
)
from flowprobe.core.findings import Finding
from flowprobe.core.oracles import Observation, observe
from flowprobe.core.plain import Plain, plain
from flowprobe.core.spared import Spared, spared_in
from flowprobe.core.statements import PROBE

__all__ = ["CallEvidence", "ExchangeEvidence", "RunEvidence", "StepEvidence", "TrialEvidence", "fold", "gaps",
           "is_settled"]


K = TypeVar("K")


@plain
class ExchangeEvidence(Plain):
    """A provider call and what was injected into it; `by` says how it was joined to the step: call (its id came
    through), window (it began while the step's call was in flight), after (it began later, before the next step's
    call) or none."""

    exchange: ExchangeEnded
    injections: tuple[Injected, ...]
    by: str


@plain
class CallEvidence(Plain):
    sent: CallSent
    outcome: CallReplied | CallUnanswered | None
    exchanges: tuple[ExchangeEvidence, ...] = ()


@plain
class StepEvidence(Plain):
    """`outcome` is held, degraded, broken, skipped or not-reached; `phase` is given or workflow."""

    name: str
    outcome: str
    findings: tuple[Finding, ...]
    because: str
    captured: Mapping[str, Any]
    calls: tuple[CallEvidence, ...]
    phase: str = "workflow"


def is_settled(row: CleanupSettled | CleanupEnded | CleanupPlanned) -> bool:
    """What a step made is known to be gone, or was never made."""
    match row:
        case CleanupEnded(outcome=outcome):
            return outcome == "gone"
        case CleanupSettled(state=state):
            return state == "not-needed"
        case _:
            return False


@plain
class TrialEvidence(Plain):
    """Everything that is known of one trial. `receipts` are its injections, `exchanges` its provider calls in
    no step's window, `trouble` what failed on our side while it ran (a gap in a journal included), `proxy_lag_s`
    how late the proxy's clock was at the worst, `ended` the processes of ours that ended by themselves, `halted` why a
    guard of the environment ended it, `unseen` what was promised of provider calls that do not pass our proxy, and so
    was not judged, `observed` what the oracles saw, `passed` how many calls a fault passed by, by its id and the
    reason, `unsure` what was promised of provider calls and may be kept or not: nothing told whose calls they were,
    `invariants` what came of what is promised of the whole journey, `diagnosed` what was looked at right after it
    failed. A probe stands among the steps, in its phase."""

    started: TrialStarted
    steps: tuple[StepEvidence, ...]
    receipts: tuple[Injected, ...]
    exchanges: tuple[ExchangeEvidence, ...]
    how: str
    skipped: TrialSkipped | None
    trouble: tuple[str, ...]
    cleanup: Mapping[str, CleanupSettled | CleanupEnded | CleanupPlanned]
    seconds: float
    proxy_lag_s: float = 0.0
    ended: tuple[ProcessEnded, ...] = ()
    halted: str = ""
    unseen: tuple[str, ...] = ()
    observed: tuple[Observation, ...] = ()
    passed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unsure: tuple[str, ...] = ()
    invariants: tuple[InvariantJudged, ...] = ()
    diagnosed: Diagnosed | None = None

    def without_journey(self) -> TrialEvidence:
        """The same, as light as a trial that has been told of can be: what is kept of it does not grow with its
        steps, but for what they left behind."""
        left = {step: row for step, row in self.cleanup.items() if not is_settled(row)}
        return replace(self, steps=(), receipts=(), exchanges=(), observed=(), passed={}, cleanup=left,
                       invariants=())

    @property
    def calls(self) -> tuple[CallEvidence, ...]:
        return tuple(call for step in self.steps for call in step.calls)

    @property
    def all_exchanges(self) -> tuple[ExchangeEvidence, ...]:
        return (*(e for call in self.calls for e in call.exchanges), *self.exchanges)


@plain
class RunEvidence(Plain):
    """`collateral` counts injections into calls that were not ours (it must be 0), `nobodys` the provider
    calls that we could not call ours and left alone, by edge, `spared` those among all that a fault was near to and
    left alone, `undeclared` the calls to hosts that nobody declared. `halted` is the kind of the guard that ended the
    run. `aside` are trials that were made to explain one of `trials`, and left something behind."""

    started: RunStarted | None
    trials: tuple[TrialEvidence, ...]
    trouble: tuple[str, ...]
    interrupted: str
    nobodys: Mapping[str, int]
    collateral: int
    proxy: ProxyStarted | None = None
    ready: bool = False
    halted: str = ""
    spared: Mapping[Spared, int] = field(default_factory=dict)
    undeclared: Mapping[str, int] = field(default_factory=dict)
    aside: tuple[TrialEvidence, ...] = ()

    @property
    def unattributed(self) -> int:
        """How many calls were nobody's."""
        return sum(self.nobodys.values())

    def plus(self, part: RunEvidence, trial: TrialEvidence | None) -> RunEvidence:
        """This evidence and that of a further part of the run, of which `trial` is kept."""
        return replace(
            self, started=self.started or part.started, proxy=self.proxy or part.proxy, ready=self.ready or part.ready,
            trials=(*self.trials, trial) if trial else self.trials, trouble=(*self.trouble, *part.trouble),
            nobodys=_summed(self.nobodys, part.nobodys), collateral=self.collateral + part.collateral,
            halted=self.halted or part.halted, spared=_summed(self.spared, part.spared),
            undeclared=_summed(self.undeclared, part.undeclared))


def _summed(one: Mapping[K, int], other: Mapping[K, int]) -> dict[K, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in (*one, *other)}


@dataclass(slots=True)
class _Gathered:
    """One trial while it is being folded."""

    started: TrialStarted
    mono: float
    ended: float = 0.0
    sent: list[CallSent] = field(default_factory=list)
    outcomes: dict[str, CallReplied | CallUnanswered] = field(default_factory=dict)
    steps: dict[str, StepEnded] = field(default_factory=dict)
    sends: dict[str, SendsJudged] = field(default_factory=dict)
    exchanges: list[ExchangeEnded] = field(default_factory=list)
    receipts: list[Injected] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)
    cleanup: dict[str, CleanupSettled | CleanupEnded | CleanupPlanned] = field(default_factory=dict)
    proxy_lag_s: float = 0.0
    processes: list[ProcessEnded] = field(default_factory=list)
    how: str = "unfinished"
    halted: str = ""
    skipped: TrialSkipped | None = None
    passed: dict[str, dict[str, int]] = field(default_factory=dict)
    invariants: list[InvariantJudged] = field(default_factory=list)
    diagnosed: Diagnosed | None = None


def fold(events: Iterable[Stamped], *, whole: bool = True) -> RunEvidence:
    """Join the streams of one run, in any order of writers. `whole`: the streams are complete, so that a number
    that is missing means a lost line."""
    lines = sorted(events, key=lambda line: line.mono)
    state = _Fold()
    for line in lines:
        state.take(line)
    if whole:
        state.trouble += gaps(lines)
    return state.finish()


def gaps(lines: Sequence[Stamped]) -> tuple[str, ...]:
    """Numbers that are missing from a writer's stream."""
    numbers: dict[str, list[int]] = {}
    for line in lines:
        numbers.setdefault(line.writer, []).append(line.number)
    return tuple(
        f"the journal of the {writer} has a gap: {len(seen)} lines, numbered up to {max(seen)}"
        for writer, seen in numbers.items() if sorted(seen) != list(range(1, len(seen) + 1))
    )


class _Fold:
    def __init__(self) -> None:
        self.run: RunStarted | None = None
        self.proxy: ProxyStarted | None = None
        self.trials: dict[str, _Gathered] = {}
        self.call_trials: dict[str, str] = {}
        self.trouble: list[str] = []
        self.interrupted = ""
        self.halted = ""
        self.ready = False
        self.nobodys: Counter[str] = Counter()
        self.collateral = 0
        self.exchanges: list[ExchangeEnded] = []
        self.current: _Gathered | None = None

    def take(self, line: Stamped) -> None:
        match line.event:
            case RunStarted() as event:
                self.run = event
            case ProxyStarted() as event:
                self.proxy = event
            case TrialStarted() as event:
                self.current = self.trials[event.trial] = _Gathered(event, line.mono)
            case Interrupted(signal=signal):
                self.interrupted = signal
            case EnvironmentReady() | IdentityJudged(outcome="held"):
                self.ready = True
            case Halted() as event:
                self._halt(event)
            case Saturated(lag_s=lag):
                self._late(lag)
            case ToolFailure() | HookFailed() | LeaseEnded():
                self._trouble(line.event)
            case ExchangeEnded() | Injected():
                self._provider(line.event)
            case FaultsPassed() as event:
                self._passed(event)
            case RunEnded() | LedgerOpened() | IdentityJudged() | FaultsArmed() | FaultsDisarmed() | LeaseApplied():
                pass
            case _:
                self._runner(line)

    def _runner(self, line: Stamped) -> None:
        event = line.event
        trial = self.trials.get(getattr(event, "trial", "")) or self.trials.get(
            self.call_trials.get(getattr(event, "call", ""), ""))
        if trial is None:
            return
        match event:
            case CallSent():
                trial.sent.append(event)
                self.call_trials[event.call] = event.trial
            case CallReplied() | CallUnanswered():
                trial.outcomes[event.call] = event
            case StepEnded():
                trial.steps[event.step] = event
            case SendsJudged():
                trial.sends[event.step] = event
            case InvariantJudged():
                trial.invariants.append(event)
            case Diagnosed():
                trial.diagnosed = event
            case TrialEnded():
                trial.how, trial.ended = event.how, line.mono
            case TrialSkipped():
                trial.how, trial.skipped, trial.ended = "skipped", event, line.mono
            case ProcessEnded():
                trial.processes.append(event)
            case CleanupPlanned() | CleanupSettled() | CleanupEnded():
                trial.cleanup[event.step if event.round == 1 else f"{event.step} (round {event.round})"] = event
            case _:
                pass

    def _halt(self, event: Halted) -> None:
        self.halted = self.halted or event.kind
        if event.trial in self.trials:
            self.trials[event.trial].halted = event.because

    def _late(self, lag: float) -> None:
        if self.current is not None:
            self.current.proxy_lag_s = max(self.current.proxy_lag_s, lag)

    def _trouble(self, event: ToolFailure | HookFailed | LeaseEnded) -> None:
        match event:
            case ToolFailure(part=part, detail=detail):
                text = f"{part}: {detail}"
            case HookFailed(hook=hook, detail=detail):
                text = f"proxy: the hook {hook} failed, so nothing was injected there: {detail}"
            case LeaseEnded(reason="released"):
                return
            case LeaseEnded(lease=lease, reason=reason):
                text = f"proxy: the faults of lease {lease} ended early ({reason})"
        of = getattr(event, "trial", None)
        trial = self.trials.get(of) if of else self.current
        (trial.trouble if trial and trial.how == "unfinished" else self.trouble).append(text)

    def _provider(self, event: ExchangeEnded | Injected) -> None:
        trial = self.trials.get(event.trial) if event.trial else None
        if isinstance(event, ExchangeEnded) and (event.spared or event.edge == "undeclared"):
            self.exchanges.append(event)
        if not event.trial:
            self.collateral += isinstance(event, Injected)
            self.nobodys[event.edge] += isinstance(event, ExchangeEnded)
        elif trial is None:
            return  # an echo of a trial that has been judged: background work that the product finished late
        elif isinstance(event, Injected):
            trial.receipts.append(event)
        else:
            trial.exchanges.append(event)

    def _passed(self, event: FaultsPassed) -> None:
        """The rules of a lease may be put on several times."""
        trial = self.trials.get(event.trial)
        if trial is None:
            return
        for fault, reasons in event.passed.items():
            known = trial.passed.setdefault(fault, {})
            for reason, count in reasons.items():
                known[reason] = known.get(reason, 0) + count

    def finish(self) -> RunEvidence:
        hosts = Counter(each.host for each in self.exchanges if each.edge == "undeclared")
        if self.collateral:
            self.trouble.append(f"proxy: {self.collateral} injections fell on calls that were not ours")
        return RunEvidence(self.run, tuple(_trial(trial) for trial in self.trials.values()), tuple(self.trouble),
                           self.interrupted, dict(+self.nobodys), self.collateral, self.proxy, self.ready, self.halted,
                           spared_in(self.exchanges), hosts)


def _trial(trial: _Gathered) -> TrialEvidence:
    workflow_calls = [sent for sent in trial.sent if sent.phase != "cleanup"]
    placed, loose = _place(trial, trial.sent)
    calls: dict[str, list[CallEvidence]] = {}
    for sent in workflow_calls:
        evidence = CallEvidence(sent, trial.outcomes.get(sent.call), tuple(placed.get(sent.call, ())))
        calls.setdefault(sent.step, []).append(evidence)
    probes = dict.fromkeys(sent.step for sent in trial.sent if sent.phase == PROBE)
    steps = (*(_step(event, trial.sends.get(name), calls.get(name, [])) for name, event in trial.steps.items()),
             *(StepEvidence(name, "probed", (), "", {}, tuple(calls[name]), PROBE) for name in probes))
    return TrialEvidence(trial.started, steps, tuple(trial.receipts), tuple(loose), trial.how, trial.skipped,
                         tuple(trial.trouble), dict(trial.cleanup), max(0.0, trial.ended - trial.mono),
                         trial.proxy_lag_s, tuple(trial.processes), trial.halted,
                         tuple(_unseen(trial)),
                         tuple(seen for step in steps for seen in observe(step)),
                         trial.passed,
                         tuple(f"{name}: {words}" for name, judged in trial.sends.items() for words in judged.unsure),
                         tuple(trial.invariants), trial.diagnosed)


def _unseen(trial: _Gathered) -> Iterator[str]:
    yield from (f"{name}: {words}" for name, judged in trial.sends.items() for words in judged.unseen)
    yield from (f"{judged.promise} {judged.name!r}: {judged.because}" for judged in trial.invariants
                if judged.outcome == "unseen")


def _step(event: StepEnded, sends: SendsJudged | None, calls: list[CallEvidence]) -> StepEvidence:
    step = StepEvidence(event.step, event.outcome, event.findings, event.because, event.captured, tuple(calls),
                        event.phase)
    if sends is None or sends.outcome == "held" or (sends.outcome, step.outcome) == ("degraded", "broken"):
        return step  # what `under` allows is no news beside what it does not
    outcome = "broken" if "broken" in (sends.outcome, step.outcome) else "degraded"
    return replace(step, outcome=outcome, findings=(*step.findings, *sends.findings),
                   because=step.because or sends.because)


def _place(trial: _Gathered, calls: Sequence[CallSent]) -> (
        tuple[dict[str, list[ExchangeEvidence]], list[ExchangeEvidence]]):
    """Each provider exchange under its call, and those that no call's window holds."""
    receipts: dict[str, list[Injected]] = {}
    for receipt in trial.receipts:
        receipts.setdefault(receipt.exchange, []).append(receipt)
    known = {sent.call for sent in calls}
    placed: dict[str, list[ExchangeEvidence]] = {}
    loose: list[ExchangeEvidence] = []
    for exchange in sorted(trial.exchanges, key=lambda e: e.started):
        call, by = (exchange.call, "call") if exchange.call in known else _window(exchange, calls, trial)
        injections = tuple(receipts.get(exchange.exchange, ()))
        if call is None:
            loose.append(ExchangeEvidence(exchange, injections, "none"))
        else:
            placed.setdefault(call, []).append(ExchangeEvidence(exchange, injections, by))
    return placed, loose


def _window(exchange: ExchangeEnded, calls: Sequence[CallSent], trial: _Gathered) -> tuple[str | None, str]:
    """The latest call that was sent before the exchange began: "window" while it was in flight, else "after"."""
    found: tuple[str | None, str] = (None, "none")
    for sent in calls:
        outcome = trial.outcomes.get(sent.call)
        if outcome is not None and outcome.at <= exchange.started:
            found = (sent.call, "window" if exchange.started <= outcome.at + outcome.total_s else "after")
    return found
