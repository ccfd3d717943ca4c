"""`replay`: cases that were found once, tried again as they are: still broken, mended, or nobody can tell."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from flowprobe.core.exploring.case import Case
from flowprobe.core.exploring.lessons import learned
from flowprobe.core.exploring.model import Learned
from flowprobe.core.exploring.replaying import Replayed, replayed, trials_needed
from flowprobe.core.faults.fault import FaultPlan
from flowprobe.core.faults.kinds import describe
from flowprobe.core.oracles import ORACLES
from flowprobe.core.plan import trial_of
from flowprobe.core.scenario import Scenario
from flowprobe.core.trial import NO_FAULTS, Trial
from flowprobe.core.verdict import ExitCode
from flowprobe.errors import InvalidInput
from flowprobe.files.cases import check_case, scenario_path
from flowprobe.report.model import RunReport
from flowprobe.running.engine import Engine, Trouble, Watcher
from flowprobe.running.flight import single_flight
from flowprobe.running.review import review
from flowprobe.running.selection import Request, Selection, select

__all__ = ["CaseReplayed", "replay"]


@dataclass(frozen=True, slots=True)
class CaseReplayed:
    """What came of a case, and the run in which it did."""

    case: Case
    said: Replayed
    report: RunReport


def replay(cases: Sequence[Case], request: Request, watcher: Watcher, *, times: int | None = None) -> (
        tuple[tuple[CaseReplayed, ...], int]):
    """Try each case again, those of one scenario in one run; `request` has what all share, and its environment stands
    in for those of the cases. Returns what came of them, and the exit code. Raises as `run` does."""
    done: list[CaseReplayed] = []
    codes: list[int] = []
    for one, of_it in groupby(sorted(cases, key=_where), key=_where):
        few = tuple(of_it)
        selection, asked = _selected(few, request, one)
        reviewed = review(asked, selection, datetime.now(UTC))
        reviewed.enforce()
        with single_flight(selection.environment):
            replaying = _Replay(few, reviewed.selection.chosen[0].scenario, times, selection.environment.name)
            report = Engine(asked, reviewed.selection, watcher, rerun=replaying.command).execute(replaying.program)
        done += (CaseReplayed(case, said, report) for case, said in replaying.said)
        codes.append(report.exit_code)
        if report.exit_code == ExitCode.INTERRUPTED:
            break
    return tuple(done), _code(done, codes, left=len(cases) - len(done))


def _where(case: Case) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return str(scenario_path(case)), case.environment, tuple(sorted(case.personas.items()))


def _selected(cases: Sequence[Case], request: Request, where: tuple[str, str, object]) -> tuple[Selection, Request]:
    asked = replace(request, paths=(Path(where[0]),), environment=request.environment or where[1] or None,
                    faults="none", bind=dict(cases[0].personas))
    selection = select(asked)
    scenario = selection.chosen[0].scenario
    problems = tuple(problem for case in cases for problem in check_case(case, scenario))
    if problems:
        raise InvalidInput(problems)
    plans = tuple(case.plan for case in cases if case.faults)
    return replace(selection, chosen=(replace(selection.chosen[0], plans=plans),)), replace(asked, faults=None)


class _Replay:
    """The program of one run: of each case the journey without its faults, and then with them."""

    def __init__(self, cases: Sequence[Case], scenario: Scenario, times: int | None, environment: str,
                 oracles: Collection[str] = tuple(ORACLES)) -> None:
        self._cases, self._scenario, self._times, self._oracles = cases, scenario, times, oracles
        self._environment = environment
        self._of: dict[str, Case] = {}
        self.said: list[tuple[Case, Replayed]] = []

    def command(self, trial: Trial) -> str:
        case = self._of[trial.id]
        env = "" if case.environment == self._environment else f" --env {self._environment}"
        return f"flowprobe replay {shlex.quote(case.file)}{env}"

    def program(self, engine: Engine, trouble: Trouble | None) -> None:
        for case in self._cases:
            engine.compare_anew()
            if hindrance := trouble or engine.hindrance():
                engine.skip(self._trial(engine, case, NO_FAULTS), *hindrance)
                self.said.append((case, Replayed("cannot tell", hindrance[0])))
            else:
                self.said.append((case, self._replayed(engine, case)))

    def _replayed(self, engine: Engine, case: Case) -> Replayed:
        needed = self._times or trials_needed(case.confirmed)
        twin = self._learned(engine, case, NO_FAULTS) if case.faults else None
        words = [f"{describe(fault.kind)} on {fault.edge}" for fault in case.faults]
        trials = list(self._trials(engine, case, needed)) if twin is None or twin.judged in ("pass", "degraded") else []
        if not trials and (hindrance := engine.hindrance()):
            return Replayed("cannot tell", hindrance[0])
        return replayed(case.broke, trials, faults=words, twin=twin, needed=needed)

    def _trials(self, engine: Engine, case: Case, needed: int) -> Iterator[Learned]:
        """As many as it takes; one that breaks says enough."""
        for _ in range(needed):
            if engine.hindrance():
                return
            found = self._learned(engine, case, case.plan)
            yield found
            if found.broke:
                return

    def _learned(self, engine: Engine, case: Case, plan: FaultPlan) -> Learned:
        judged = engine.make(self._trial(engine, case, plan))
        return learned(plan.faults, judged.evidence, judged.verdict, oracles=self._oracles)

    def _trial(self, engine: Engine, case: Case, plan: FaultPlan) -> Trial:
        setting = replace(engine.setting, seed=case.seed)
        trial = trial_of(self._scenario, case.personas, plan, setting, now=engine.now, id=secrets.token_hex(8),
                         account=_whole(case.state, self._scenario))
        self._of[trial.id] = case
        return trial


def _whole(state: Mapping[str, object], scenario: Scenario) -> Mapping[str, object]:
    """The state of the case; a field that the scenario has since then is as on an ordinary night."""
    return {**{name: field.default for name, field in scenario.account.items()}, **state}


def _code(done: Sequence[CaseReplayed], codes: Sequence[int], *, left: int) -> int:
    """What was left behind, a stop and bugs of ours come first; then the cases decide."""
    for code in (ExitCode.CLEANUP, ExitCode.INTERRUPTED, ExitCode.HALTED, ExitCode.REFUSED, ExitCode.INTERNAL):
        if code in codes:
            return code
    outcomes = {each.said.exit_code for each in done}
    if ExitCode.FAIL in outcomes:
        return ExitCode.FAIL
    return ExitCode.INCONCLUSIVE if ExitCode.INCONCLUSIVE in outcomes or left else ExitCode.OK
