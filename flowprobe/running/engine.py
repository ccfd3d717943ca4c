"""The composition root: one run from its opening to its exit code.

The main thread waits, owns the signals and runs cleanup; a worker thread opens the session and walks the trials.
Whatever happens, the session is closed, what was made is cleaned up, and the reports are written whole.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shlex
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

import flowprobe
from flowprobe.auth.pool import Pools
from flowprobe.core.cause import Cause
from flowprobe.core.cleaning import Patience, clean, open_rows
from flowprobe.core.drive import Hands, drive
from flowprobe.core.events import (
    AccountsLeased,
    CleanupPlanned,
    CleanupSettled,
    Diagnosed,
    EnvironmentReady,
    Event,
    ExchangeEnded,
    FaultsArmed,
    FaultsDisarmed,
    Halted,
    Interrupted,
    LedgerOpened,
    PlannedFault,
    ProcessEnded,
    RunEnded,
    RunStarted,
    Stamped,
    StepEnded,
    ToolFailure,
    TrialSkipped,
    TrialStarted,
)
from flowprobe.core.evidence import RunEvidence, TrialEvidence, fold
from flowprobe.core.faults.concerns import ordinary
from flowprobe.core.faults.kinds import describe, kind_name
from flowprobe.core.faults.turns import described
from flowprobe.core.invariants import Seen
from flowprobe.core.plan import Group, Setting, expand
from flowprobe.core.policy import policy_of
from flowprobe.core.probing import probe
from flowprobe.core.redact import Redactor, redacted
from flowprobe.core.resolve import Names
from flowprobe.core.scenario import Environment, Fault, Persona
from flowprobe.core.sends import judge_sends, promises
from flowprobe.core.steps import CallTemplate
from flowprobe.core.trial import NO_FAULTS, Trial
from flowprobe.core.verdict import (
    ExitCode,
    Kind,
    Verdict,
    answered,
    exit_code,
    judge_trial,
    leftovers,
    may_be_put_down,
)
from flowprobe.core.walk import walk
from flowprobe.core.wire import Call, Outcome
from flowprobe.errors import EnvironmentBroken, ToolFailed
from flowprobe.http.driver import Driver
from flowprobe.http.trust import Trust
from flowprobe.journal.reader import Follower
from flowprobe.journal.writer import JournalWriter
from flowprobe.ledger.file import Ledger
from flowprobe.report.junit import junit_xml
from flowprobe.report.model import Beside, RunReport
from flowprobe.report.page import run_page
from flowprobe.report.result_json import result_text
from flowprobe.report.telling import tell
from flowprobe.running.attaching import attachment_of
from flowprobe.running.bodies import Bodies
from flowprobe.running.branches import at_once
from flowprobe.running.credentials import Credentials, Line
from flowprobe.running.drivers import refuse_unverified_edge, trust_of, unverified
from flowprobe.running.earlier import clean_earlier
from flowprobe.running.folder import RunFolder
from flowprobe.running.guard import Guard
from flowprobe.running.hearing import Hearing
from flowprobe.running.identity import check_identity, probe_identity
from flowprobe.running.last_good import Before
from flowprobe.running.lines import Lines, Taken
from flowprobe.running.places import LINKS, STATE, TELEMETRY
from flowprobe.running.reading import Places, Reading
from flowprobe.running.recorder import Recorder
from flowprobe.running.refusing import Refusing
from flowprobe.running.selection import Request, Selection
from flowprobe.running.session import Session
from flowprobe.running.spool import Spool
from flowprobe.running.stopping import Stopper
from flowprobe.secrets.references import Vault

__all__ = ["Begun", "Engine", "Judged", "Program", "Trouble", "Watcher"]

Trouble: TypeAlias = tuple[str, str]
"""Why a trial cannot be made, and whose doing that is: the blame of its verdict."""

Begun: TypeAlias = Future[Taken]
"""A trial that was begun beside others. One that no worker has taken up yet can be cancelled: it was never made."""

T = TypeVar("T")

GRACE_S = 2.0
"""How long a call that makes something may still take after a stop, so that its outcome is known."""
CLEANUP_BUDGET_S = 10.0
CONTROL = "c0117201c0117201"
"""The trial, which there is none of, that calls beside the journeys bear."""
CONTROL_S = 10.0


class Watcher(Protocol):
    """Whoever shows the run while it goes on. Called from more than one thread, one call at a time."""

    def opened(self, folder: Path, environment: str, seed: int, redact: Callable[[str], str]) -> None: ...
    def event(self, event: Event) -> None: ...
    def trial(self, trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> None: ...
    def notice(self, text: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A trial that was made: what is known of it, and what it means."""

    evidence: TrialEvidence
    verdict: Verdict


Program: TypeAlias = Callable[["Engine", Trouble | None], None]
"""Decides which trials are made, one after the other; runs in the main thread. The trouble is what keeps all of them
from being made, None where nothing does."""


class Engine:
    """Makes trials, and leaves nothing behind: one for a run. What it makes is a program's to say. `workers` are how
    many trials may be under way at once. `diagnose` looks around after a trial that failed, where anybody does."""

    diagnose: Callable[[TrialEvidence], Diagnosed] | None = None

    def __init__(self, request: Request, selection: Selection, watcher: Watcher, *,
                 rerun: Callable[[Trial], str] | None = None, workers: int = 1) -> None:
        self.request, self._selection, self._watcher = request, selection, watcher
        self._rerun = rerun or self._run_again
        self._id = secrets.token_hex(8)
        self._seed = request.seed if request.seed is not None else secrets.randbelow(2**31)
        now = datetime.now(UTC)
        plans = tuple(plan for chosen in selection.chosen for plan in chosen.plans)
        refuse_unverified_edge(selection.environment, plans)
        trust = trust_of(selection.environment)
        attachment = attachment_of(selection.environment)
        self._redactor = Redactor(selection.concealed)
        project = Path(selection.project.file).parent
        self._vault = Vault(self._redactor, folder=project, allow_exec=request.allow_exec)
        credentials = Credentials(_bound(selection), self._vault, Line(
            lambda call: self._session.locate(call), lambda call: self._session.ask(call),
            lambda event: self._record(event)))
        side = selection.environment.telemetry
        reading = Reading(() if side is None else side.read, self._vault,
                          Places(project, now.timestamp(), trust, request.allow_exec))
        self._folder = RunFolder(self._id, now=now, output=request.output)
        self._hearing = None if side is None else Hearing(side, self._folder.path, self._redactor, reading=reading)
        self._session = Session(
            selection.environment, run=self._id, folder=self._folder, vault=self._vault, plans=plans,
            credentials=credentials, injector=request.injector, probing=request.probing, attachment=attachment,
            hearing=self._hearing)
        self._guard = Guard(policy_of(selection.environment, self._session.targets))
        self._session.permit = self._guard.permit
        self.now = now
        self.setting = self._setting()
        self.groups = self._expand()
        self._recorder = Recorder(self._journal(), Ledger(self._folder.ledger, self._opened_ledger()), watcher.event)
        self._lines = Lines(Follower(self._folder.journal / "proxy.jsonl", overhear=self._passed_on()))
        self._evidence = RunEvidence(None, (), (), "", {}, 0)
        self._verdicts: dict[str, Verdict] = {}
        self._causes: dict[str, Cause] = {}
        self._told = Spool(self._folder.path, self._redactor)
        self._bodies = Bodies(self._folder.journal / "runner.jsonl")
        self._before = Before(selection.environment.name, self._folder.path)
        self._usual = {chosen.scenario.file: ordinary(chosen.scenario) for chosen in selection.chosen}
        self._twin: TrialEvidence | None = None
        self._answered = False
        self._making = 0
        self._patience = Patience()
        self._cleaning: list[Driver] = []
        self._workers = workers
        self._recording = threading.RLock()
        self._internal = False
        if attachment is not None:
            self._conceal(attachment.key.token)

    def _setting(self) -> Setting:
        return Setting(self._selection.project.personas, self._session.targets, self._seed, self._selection.variables,
                       self.request.timeout_s, policy_of(self._selection.environment).given,
                       contract=self._selection.contract, probing=self.request.probing)

    def _expand(self) -> tuple[Group, ...]:
        return tuple(
            group for chosen in self._selection.chosen
            for group in expand(chosen.scenario, chosen.plans, self.setting, only=chosen.bind, now=self.now,
                                new_id=lambda: secrets.token_hex(8)))

    def _journal(self) -> JournalWriter:
        return JournalWriter(self._folder.journal / "runner.jsonl", "runner", redact=self._redactor,
                             overhear=self.request.overhear)

    def _passed_on(self) -> Callable[[str], None] | None:
        """What is done with the lines of the proxy, which does not know every secret that we know."""
        overhear = self.request.overhear
        return None if overhear is None else lambda line: overhear(self._redactor(line))

    def _opened_ledger(self) -> LedgerOpened:
        project = Path(self._selection.project.file).resolve()
        return LedgerOpened(self._id, self._selection.environment.name, str(project), self._session.owned)

    # --- the whole ---

    def execute(self, program: Program) -> RunReport:
        """Open, let the program make its trials, close, and tell."""
        self._watcher.opened(self._folder.path, self._selection.environment.name, self._seed, self._redactor)
        for note in unverified(self._selection.environment):
            self._watcher.notice(note)
        with Stopper(on_stop=self._stop, on_again=self._again, on_leave=self._leave) as self._stopper:
            self._pools = Pools(STATE / "leases", self._selection.environment.name, clock=time.monotonic,
                                wait=self._stopper.wait, stopped=self._stopper.stopped)
            self._record(RunStarted(self._id, flowprobe.__version__, self._seed, self._selection.environment.name,
                                    shlex.join(map(str, self.request.paths))))
            try:
                with ThreadPoolExecutor(self._workers, thread_name_prefix="walk") as self._worker:
                    self._begin(program)
            finally:
                self._close()
            return self._finish()

    def _clean_earlier(self) -> None:
        if self.request.cleanup_first:
            clean_earlier(self._selection.project, self._selection.environment.name, say=self._watcher.notice,
                          allow_exec=self.request.allow_exec, stopped=self._stopper.stopped)

    def _begin(self, program: Program) -> None:
        trouble = self.halted() or self._opened()
        if trouble is None:
            self._clean_earlier()
        self._guard.begin()
        program(self, trouble)

    def compare_anew(self) -> None:
        """The next trial is the one that those after it are compared with."""
        self._twin = None

    def compare_with(self, twin: TrialEvidence) -> None:
        """The trials from here on are compared with this one."""
        self._twin = twin

    def lacks(self, *, calls: int, writes: int) -> str:
        """What of the environment's budget does not suffice for a further trial of so many calls; '' where it does."""
        return self._guard.lacks(calls=calls, writes=writes)

    @property
    def spent(self) -> tuple[int, int]:
        """The calls and the writes that were charged to the environment's budget."""
        return self._guard.purse.calls, self._guard.purse.writes

    @property
    def seconds_left(self) -> float | None:
        """Of the environment's budget; None where it has no such bound."""
        return self._guard.seconds_left()

    def wait(self, seconds: float) -> None:
        """Let time pass, until then, until a stop, or until the run's seconds are used up."""
        self._wait(seconds)

    def measure(self, call: CallTemplate, id: str) -> Outcome:
        """Make one call that belongs to no trial, over a connection of its own, as nobody. What goes to the
        environment's own targets is judged by its rules; any other host is called as it was declared."""
        driver, send = self._session.anonymous()
        try:
            return self._guard.control(send)(Call(
                id, CONTROL, "control", "", call.method, self._session.locate(call), signed=False,
                budget=min(CONTROL_S, self.request.timeout_s)))
        finally:
            self._session.dismiss(driver)

    def bodies(self, evidence: TrialEvidence) -> Mapping[str, str]:
        """The texts of the replies to a trial's calls, by their ids, redacted."""
        found = self._bodies(evidence.started.trial, [call.sent.call for call in evidence.calls])
        return {call: carried.reply.body for call, carried in found.items() if carried.reply is not None}

    @property
    def folder(self) -> Path:
        return self._folder.path

    @property
    def redact(self) -> Redactor:
        return self._redactor

    def hindrance(self) -> Trouble | None:
        """Why no further trial can be made now."""
        return self.halted() or self._lost()

    def _opened(self) -> Trouble | None:
        """Open the session; what went wrong with it, and whose fault that is."""
        try:
            _await(self._worker.submit(self._session.open))
        except (EnvironmentBroken, ToolFailed) as error:
            if self._stopper.stopped():
                return self.halted()
            return str(error), "environment" if isinstance(error, EnvironmentBroken) else "tool"
        if self._session.watched:
            self._record(EnvironmentReady())
            self._answered = True
        return self._identified()

    def _identified(self) -> Trouble | None:
        """Ask the target who it is. Raises Refused where it is somebody else; nobody at all is the environment's."""
        environment = self._selection.environment
        driver, send = self._session.anonymous()
        try:
            judged = probe_identity(environment, self._session.targets, self._guard.probe(send),
                                    budget=self.request.timeout_s)
        finally:
            self._session.dismiss(driver)
        if judged is not None:
            self._record(judged)
            self._answered = self._answered or judged.outcome == "held"
        try:
            check_identity(environment, judged)
        except EnvironmentBroken as broken:
            return str(broken), "environment"
        return None

    @property
    def opened(self) -> bool:
        """Whether the product and the proxy are there, as far as we start them."""
        return self._session.started

    def identified_again(self, trouble: Trouble) -> Trouble | None:
        """What of the trouble with which the run began is left, now that some time has passed."""
        return self._identified() if self.opened else trouble

    def _lost(self) -> Trouble | None:
        if self._recorder.broken:
            return self._recorder.broken, "tool"
        part, detail = self._session.lost()
        if not part:
            return None
        return f"{part}: {detail}", "tool" if part == "proxy" else "environment"

    def hindrance_within(self, seconds: float) -> Trouble | None:
        """The same, for what it takes a moment to hear of: that a process has ended."""
        until = time.monotonic() + seconds
        while (found := self.hindrance()) is None and time.monotonic() < until:
            self._stopper.wait(0.02)
        return found

    def halted(self) -> Trouble | None:
        """Why the run goes no further: a guard of the environment, or somebody who stopped it."""
        if self._guard.halt is not None:
            return f"the run was halted before this trial: {self._guard.halt.because}", "stopped"
        return ("the run was stopped before this trial", "stopped") if self._stopper.stopped() else None

    # --- one trial, or several at once ---

    def make(self, trial: Trial) -> Judged:
        """Make a trial, with an account for each of its personas, held until its cleanup is done."""
        return self._judge(self._made(trial, self._in_worker))

    def begin(self, trial: Trial) -> Begun:
        """The same beside others, as soon as a worker is free: `end` tells what came of it."""
        return self._worker.submit(self._made, trial, self._walk)

    def end(self, begun: Begun) -> Judged:
        """Wait for a trial that was begun, and tell of it."""
        return self._judge(_await(begun))

    def _made(self, trial: Trial, walk: Callable[[Trial], None]) -> Taken:
        try:
            held = self._pools.lease(trial.personas.values(), patience=self.request.lease_wait_s)
        except (EnvironmentBroken, ToolFailed) as failed:
            blame = "environment" if isinstance(failed, EnvironmentBroken) else "tool"
            return self._skipped(trial, *(self.halted() or (str(failed), blame)))
        try:
            personas = {role: held.personas[persona.name] for role, persona in trial.personas.items()}
            return self._walked(replace(trial, personas=personas), walk)
        finally:
            held.release()

    def _walked(self, trial: Trial, walk: Callable[[Trial], None]) -> Taken:
        try:
            walk(trial)
            self._diagnose(trial)
        except ToolFailed as failed:
            self._record(ToolFailure("proxy", str(failed), trial.id))
        except Exception:  # a bug of ours must not keep what was made from being cleaned up
            self._internal = True
            self._record(ToolFailure("runner", traceback.format_exc(), trial.id))
        self._clean(trial)
        return self._taken(trial)

    def _diagnose(self, trial: Trial) -> None:
        """Look around right after a failure, before anything is cleaned up: what is seen is a part of its evidence."""
        if self.diagnose is None or trial.explains or self.halted():
            return
        part = fold(self._lines.of(trial.id), whole=False)
        evidence = part.trials[0]
        verdict = judge_trial(evidence, reachable=self._answered or answered(evidence), trouble=part.trouble)
        if not may_be_put_down(verdict):
            return
        try:
            self._record(self.diagnose(evidence))
        except Exception:  # a bug of ours: the trial is not judged by half of what there is to see
            self._internal = True
            self._record(ToolFailure("runner", traceback.format_exc(), trial.id))

    def _in_worker(self, trial: Trial) -> None:
        _await(self._worker.submit(self._walk, trial))

    def _walk(self, trial: Trial) -> None:
        self._begin_trial(trial)
        if leased := {persona.name: persona.leased for persona in trial.personas.values() if persona.leased}:
            self._record(AccountsLeased(trial.id, leased))
        if trial.scenario.given:
            self._session.disarm(trial)  # its calls are recorded, and not faulted
        driver, send = self._session.client(trial.plan)
        refusing = Refusing(trial, self._record, time.monotonic)
        guarded = self._guard.workflow(refusing.around(send), trial.scenario, faulted=bool(trial.plan.faults),
                                       wait=self._wait, stopped=self._stopper.stopped)
        try:
            names = drive(walk(trial), Hands(
                send=guarded, record=self._record, stopped=self._should_stop, wait=self._wait,
                conceal=self._conceal, arm=lambda: self._arm(trial, refusing), sign_in=self._session.sign_in,
                fork=at_once))
        finally:
            refusing.disarm()
            self._session.dismiss(driver)
        self._note_losses(trial)
        self._session.disarm(trial)
        if trial.plan.faults:
            self._record(FaultsDisarmed(trial.id, trial.id))
        self._session.drain(trial)
        self._judge_sends(trial)
        self._probe(trial, names)

    def _begin_trial(self, trial: Trial) -> None:
        with self._recording:
            self._bodies.begin(trial.id)
            if self._hearing is not None:
                self._hearing.expect(trial.id)
        self._record(_started(trial, self._rerun(trial)))

    def _arm(self, trial: Trial, refusing: Refusing) -> None:
        self._session.arm(trial)
        refusing.arm()
        if trial.plan.faults:
            self._record(FaultsArmed(trial.id, trial.id))

    def _wait(self, seconds: float) -> None:
        """Let time pass, until then, until a stop, or until the run's seconds are used up."""
        left = self._guard.seconds_left()
        self._stopper.wait(seconds if left is None else min(seconds, left))

    def _should_stop(self) -> bool:
        ours = bool(self._recorder.broken) or self._lost() is not None
        return ours or self._stopper.stopped() or self._guard.halt is not None

    def _conceal(self, secret: str) -> None:
        """A value that a reply gave and that the scenario calls secret; one too short to be told apart stays."""
        with contextlib.suppress(ValueError), self._recording:  # branches of a `parallel` may learn secrets at once
            self._vault.conceal(secret)

    def _note_losses(self, trial: Trial) -> None:
        part, detail = self._session.lost()
        if part == "proxy":
            self._record(ToolFailure(part, detail, trial.id))
        if self._guard.halt is not None:
            self._record(Halted(trial.id, self._guard.halt.kind, self._guard.halt.because))
        if self._recorder.broken:
            self._record(ToolFailure("journal", self._recorder.broken, trial.id))
        for process, how, stand_in in self._session.ended():
            self._record(ProcessEnded(trial.id, process, how, stand_in))

    def _judge_sends(self, trial: Trial) -> None:
        counted = any(promises(step.expect) for _, step in trial.scenario.steps())
        if counted or trial.scenario.under:
            lines = self._lines.of(trial.id)
            evidence = fold(lines, whole=False).trials[0]
            for judged in judge_sends(trial.scenario, trial.plan, evidence, watched=self._session.watched_edges,
                                      nobodys=_nobodys(lines)):
                self._record(judged)

    def _probe(self, trial: Trial, names: Names | None) -> None:
        """Judge what is promised of the whole journey, by what the product shows now that the faults are off; nothing
        of a journey that did not come to its end."""
        if names is None or not (trial.scenario.probes or trial.scenario.invariants):
            return
        driver, send = self._session.client(NO_FAULTS)
        guarded = self._guard.workflow(send, trial.scenario, faulted=False, wait=self._wait,
                                       stopped=self._stopper.stopped)
        halted = self._guard.halt
        try:
            drive(probe(trial, names, lambda: self._seen(trial)), Hands(
                send=guarded, record=self._record, stopped=self._should_stop, wait=self._wait))
        finally:
            self._session.dismiss(driver)
        if self._guard.halt is not None and halted is None:
            self._record(Halted(trial.id, self._guard.halt.kind, self._guard.halt.because))

    def _seen(self, trial: Trial) -> Seen:
        """What has been seen of a trial until now."""
        self._session.drain(trial)
        lines = self._lines.of(trial.id)
        return Seen(fold(lines, whole=False).trials[0], self._session.watched_edges, _nobodys(lines))

    def _clean(self, trial: Trial) -> None:
        """Past the user edge, with the faults off; in the main thread where the trial is the only one."""
        rows = open_rows(line.event for line in self._lines.own(trial.id))
        if rows and not self._stopper.leaving():
            driver, send = self._session.client(None)
            self._cleaning.append(driver)
            guarded = self._guard.cleanup(send, trial.scenario, wait=self._stopper.wait_cleaning)
            try:
                drive(clean(rows, budget=CLEANUP_BUDGET_S, patience=self._patience), Hands(
                    send=guarded, record=self._record, stopped=self._stopper.leaving,
                    wait=self._stopper.wait_cleaning))
            finally:
                self._cleaning.remove(driver)
                self._session.dismiss(driver)
        try:
            self._session.release(trial)
            self._session.drain(trial)  # after the release: now nothing of this trial is expected any more
        except ToolFailed as failed:
            self._record(ToolFailure("proxy", str(failed), trial.id))

    def _taken(self, trial: Trial) -> Taken:
        """All that is known of a trial that is over."""
        self._bodies.end(trial.id)
        return self._lines.take(trial.id)

    def _judge(self, taken: Taken) -> Judged:
        part = _part(taken.of_trial, taken.beside)
        evidence = part.trials[0]
        self._answered = self._answered or answered(evidence)
        verdict = judge_trial(evidence, reachable=self._answered, trouble=part.trouble)
        of_run = part if taken.new == taken.beside else _part(taken.of_run, taken.new)
        if _beside(evidence, verdict):
            self._add_aside(of_run, evidence)
        else:
            self._add(of_run, evidence, verdict)
        return Judged(evidence, verdict)

    # --- what stands around the trials, for those who look at it ---

    @property
    def environment(self) -> Environment:
        return self._selection.environment

    @property
    def targets(self) -> Mapping[str, str]:
        """Their URLs, with the ports that were chosen for them."""
        return self._session.targets

    @property
    def trust(self) -> Trust:
        return self._session.trust

    @property
    def answered(self) -> bool:
        """Whether the product has answered in this run."""
        return self._answered

    def proxy_trouble(self) -> str:
        """What is wrong with our proxy, '' for nothing."""
        return self._session.proxy_trouble()

    def charge_probe(self) -> None:
        """Charge a call of a kind that the environment itself names: it is sent by other means."""
        self._guard.charge_probe()

    def probe(self, call: Call) -> Outcome:
        """Make such a call with the credentials of its persona, past the user edge and the faults."""
        driver, send = self._session.client(None)
        try:
            return self._guard.probe(send)(call)
        finally:
            self._session.dismiss(driver)

    @property
    def owned(self) -> bool:
        """Whether the product is one that we started: what is left in it goes with it."""
        return self._session.owned

    def explain(self, trial: Trial, cause: Cause) -> None:
        """Why a trial that was made failed: it is told with it."""
        self._causes[trial.id] = cause

    def skip(self, trial: Trial, because: str, blame: str) -> Judged:
        """Tell of a trial that it is not made, and why."""
        return self._judge(self._skipped(trial, because, blame))

    def _skipped(self, trial: Trial, because: str, blame: str) -> Taken:
        self._begin_trial(trial)
        self._record(TrialSkipped(trial.id, because, blame))
        self._diagnose(trial)
        return self._taken(trial)

    def _add(self, part: RunEvidence, evidence: TrialEvidence, verdict: Verdict) -> None:
        """Tell of a trial, and keep what the end of the run asks of it; a twin whole, for those that follow it."""
        hears = self._hearing is not None
        usual = self._usual.get(evidence.started.file, {})
        beside = Beside(self._bodies, usual, self._redactor, hears, self._before)
        self._told.add(tell(evidence, verdict, self._twin, beside))
        if self._hearing is not None:
            self._hearing.judged(evidence, verdict)
        with self._recording:  # another trial may be under way
            self._watcher.trial(evidence, verdict, self._twin)
        self._twin = self._twin or evidence
        self._evidence = self._evidence.plus(part, evidence.without_journey())
        self._verdicts[evidence.started.trial] = verdict

    def _add_aside(self, part: RunEvidence, evidence: TrialEvidence) -> None:
        """It is told with the trial that it explains or repeats; what it left behind is the run's."""
        left = (evidence.without_journey(),) if leftovers(evidence) else ()
        self._evidence = replace(self._evidence.plus(part, None), aside=(*self._evidence.aside, *left))

    # --- stopping: in the thread that listens for signals ---

    def _stop(self) -> None:
        """A call that makes something gets a moment to end, so that cleanup knows its id."""
        self._watcher.notice(f"{self._stopper.signal}: stopping; faults go off, then cleanup runs")
        if not self._session.started:
            threading.Thread(target=self._session.abandon, daemon=True).start()
        elif self._making:
            grace = threading.Timer(GRACE_S, self._session.abort)
            grace.daemon = True  # a run that is over sooner does not wait for it
            grace.start()
        else:
            self._session.abort()

    def _again(self) -> None:
        self._watcher.notice("cleanup is still running; once more leaves it, and the ledger keeps what is left")

    def _leave(self) -> None:
        self._watcher.notice("leaving without the rest of the cleanup; the ledger has what is left: "
                             f"{self._folder.ledger}")
        self._session.abort()
        for driver in tuple(self._cleaning):
            driver.stop()

    # --- the end ---

    def _close(self) -> None:
        if self._stopper.signal:
            self._record(Interrupted(self._stopper.signal))
        if self._hearing is not None:
            self._hearing.settle(self._stopper.wait, self._stopper.stopped)
        self._session.close()
        self._record(RunEnded(self._id))
        rest = self._lines.rest()
        gaps = (gap for gap in rest.new if isinstance(gap, str))
        self._evidence = replace(self._evidence.plus(fold(rest.of_run, whole=False), None),
                                 interrupted=self._stopper.signal, trouble=(*self._evidence.trouble, *gaps))
        self._recorder.close()

    def _finish(self) -> RunReport:
        report = self._report(exit_code(self._evidence, self._verdicts, internal=self._internal))
        try:
            self._folder.write("result.json", redacted(self._redactor, result_text(report)))
            self._folder.write("junit.xml", self._redactor(junit_xml(report)))
            self._folder.write("report.html", run_page(report))
            if report.links:
                self._folder.write(f"{TELEMETRY}/{LINKS}", json.dumps(dict(report.links)))
        except ToolFailed as failed:  # what is left behind is worth more than the files that tell of it
            self._watcher.notice(str(failed))
            return replace(report, exit_code=report.exit_code or ExitCode.INCONCLUSIVE)
        return report

    def _report(self, code: int) -> RunReport:
        left = (f"left behind by a trial that was made beside the others: {words}"
                for trial in self._evidence.aside for words in leftovers(trial))
        heard = self._hearing.notes() if self._hearing is not None else ()
        side = self._selection.environment.telemetry
        links = side.links if side is not None else {}
        notes = (*unverified(self._selection.environment), *self._selection.notes, *left, *heard)
        return RunReport(self._folder.path, self._evidence, dict(self._verdicts), code, notes, self._redactor,
                         self._told, self.now.timestamp(), time.time(), self._causes,
                         self._hearing.of if self._hearing is not None else None, links)

    # --- small things ---

    def _record(self, event: Event) -> None:
        with self._recording:  # branches of a `parallel` write from their own threads
            if isinstance(event, CleanupPlanned):
                self._folder.remember()
                self._making += 1
            elif isinstance(event, CleanupSettled):
                self._making -= 1
            elif isinstance(event, StepEnded):
                self._session.step_ended(event.trial, event.step)
            self._recorder(event)
            for line in self._recorder.take():
                self._lines.add(line)

    def _run_again(self, trial: Trial) -> str:
        """The command that runs just this trial again (and its twin)."""
        bind = [word for role, persona in trial.personas.items() for word in ("--persona", f"{role}={persona.name}")]
        many = len(bind) if any(len(names) > 1 for names in trial.scenario.personas.values()) else 0
        words = ["flowprobe", "run", trial.scenario.file, "--env", self._selection.environment.name,
                 "--faults", trial.plan.asked or trial.plan.name, "--seed", str(trial.seed), *bind[:many]]
        return shlex.join(words)


def _bound(selection: Selection) -> tuple[Persona, ...]:
    """The personas that some role of the run is bound to."""
    names = {name for c in selection.chosen for names in c.scenario.personas.values() for name in names}
    return tuple(selection.project.personas[name] for name in sorted(names))


def _part(lines: tuple[Stamped, ...], beside: tuple[Stamped | str, ...]) -> RunEvidence:
    """What these lines tell, with what is missing or damaged in the proxy's journal."""
    part = fold(lines, whole=False)
    return replace(part, trouble=(*part.trouble, *(gap for gap in beside if isinstance(gap, str))))


def _nobodys(lines: tuple[Stamped, ...]) -> tuple[ExchangeEnded, ...]:
    """The provider calls of which nothing told whose they are."""
    return tuple(line.event for line in lines
                 if isinstance(line.event, ExchangeEnded) and line.event.trial is None)


def _await(future: Future[T]) -> T:
    """Wait in the main thread, in which signal handlers run meanwhile. It looks up now and then: a signal that came
    just before the wait would else be handled after it."""
    while not wait([future], timeout=0.25).done:
        pass
    return future.result()


def _beside(trial: TrialEvidence, verdict: Verdict) -> bool:
    """Whether a trial is not told of by itself: it explains another, or measures again what went well again."""
    return bool(trial.started.explains) or (
        bool(trial.started.repeats) and verdict.kind in (Kind.PASS, Kind.DEGRADED))


def _started(trial: Trial, rerun: str) -> TrialStarted:
    personas: Mapping[str, str] = {role: persona.name for role, persona in trial.personas.items()}
    faults = tuple(_planned(fault) for fault in trial.plan.faults)
    return TrialStarted(trial.id, trial.scenario.name, trial.scenario.file, personas, trial.plan.name, trial.seed,
                        rerun, faults, trial.account, trial.plan.imitates, trial.plan.survives, trial.scenario.tags,
                        trial.explains, trial.repeats)


def _planned(fault: Fault) -> PlannedFault:
    return PlannedFault(fault.id, fault.edge, kind_name(fault.kind), describe(fault.kind), described(fault.when),
                        bool(fault.when.draw))
