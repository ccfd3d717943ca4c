"""`replay`: cases that were found once, tried again as they are: still broken, mended, or nobody can tell."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from flowprobe.core.exploring.case import Case
from flowprobe.core.exploring.leaving_out import shortened
from flowprobe.core.exploring.lessons import learned
from flowprobe.core.exploring.model import Learned
from flowprobe.core.exploring.replaying import Replayed, replayed, trials_needed
from flowprobe.core.faults.concerns import ordinary
from flowprobe.core.faults.fault import FaultPlan
from flowprobe.core.faults.kinds import describe
from flowprobe.core.oracles import ORACLES
from flowprobe.core.plan import trial_of
from flowprobe.core.scenario import Scenario
from flowprobe.core.trial import NO_FAULTS, Trial
from flowprobe.core.verdict import ExitCode, foremost
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.cases import check_case, check_environment, scenario_path
from flowprobe.report.replays import CaseReplayed
from flowprobe.running.engine import Engine, Trouble, Watcher
from flowprobe.running.flight import single_flight
from flowprobe.running.review import Review, review
from flowprobe.running.selection import Request, Selection, load_here, select

__all__ = ["Prepared", "prepare", "replay"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Cases of one scenario, environment and personas, which are tried in one run."""

    cases: tuple[Case, ...]
    request: Request
    review: Review


def prepare(cases: Iterable[Case], request: Request) -> tuple[Prepared, ...]:
    """All that can be refused is refused here, before anything is sent. `request` has what all share, and its
    environment stands in for those of the cases. Raises InvalidInput and Refused."""
    groups = [tuple(of_it) for _, of_it in groupby(sorted(cases, key=_where), key=_where)]
    prepared: list[Prepared] = []
    problems: list[Problem] = []
    for number, few in enumerate(groups, start=1):
        try:
            prepared.append(_prepared(few, _placed(request, number) if len(groups) > 1 else request))
        except InvalidInput as invalid:
            problems += invalid.problems
    if problems:
        raise InvalidInput(tuple(dict.fromkeys(problems)))
    return tuple(prepared)


def _placed(request: Request, number: int) -> Request:
    """Several runs each have a folder in the one that was asked for."""
    return request if request.output is None else replace(request, output=request.output / str(number))


def _prepared(few: tuple[Case, ...], request: Request) -> Prepared:
    selection, asked = _selected(few, request, _where(few[0]))
    reviewed = review(asked, selection, datetime.now(UTC))
    reviewed.enforce()
    return Prepared(few, asked, reviewed)


def replay(prepared: Sequence[Prepared], watcher: Watcher, *, times: int | None = None) -> (
        tuple[tuple[CaseReplayed, ...], int]):
    """Try each case again. Returns what came of them, and the exit code: where a run was stopped, none follows. Raises
    as `run` does."""
    done: list[CaseReplayed] = []
    codes: list[int] = []
    for each in prepared:
        selection = each.review.selection
        with single_flight(selection.environment):
            replaying = _Replay(each.cases, selection.chosen[0].scenario, times, selection.environment.name,
                                fail_fast=each.request.fail_fast)
            report = Engine(each.request, selection, watcher, rerun=replaying.command).execute(replaying.program)
        done += (CaseReplayed(case, said, report, replaying.seconds.get(case.file, 0.0))
                 for case, said in replaying.said)
        codes.append(report.exit_code)
        if report.exit_code in _LAST or (each.request.fail_fast and _is_broken(done)):
            break
    return tuple(done), _code(done, codes, left=sum(len(each.cases) for each in prepared) - len(done))


_LAST = (ExitCode.INTERRUPTED, ExitCode.HALTED, ExitCode.REFUSED)
"""Codes of a run after which none follows."""


def _is_broken(done: Iterable[CaseReplayed]) -> bool:
    return any(each.said.outcome == "still broken" for each in done)


def _where(case: Case) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    return str(scenario_path(case)), case.environment, tuple(sorted(case.personas.items()))


def _selected(cases: Sequence[Case], request: Request, where: tuple[str, str, object]) -> tuple[Selection, Request]:
    file, binding = Path(where[0]), dict(cases[0].personas)
    if request.environment is None:
        project = load_here((file,))
        _enforce(problem for case in cases for problem in check_environment(case, project))
    asked = replace(request, paths=(file,), environment=request.environment or where[1] or None, faults="none")
    selection = select(asked)
    scenario = selection.chosen[0].scenario
    _enforce(problem for case in cases for problem in check_case(case, scenario, selection.environment))
    plans = tuple(case.plan for case in cases if case.faults)
    chosen = replace(selection.chosen[0], plans=plans, bind=binding)
    seeds = {case.seed for case in cases}
    seed = seeds.pop() if len(seeds) == 1 else asked.seed  # of several, each trial tells its own
    return replace(selection, chosen=(chosen,)), replace(asked, faults=None, bind=binding, seed=seed)


def _enforce(problems: Iterable[Problem]) -> None:
    """Raises InvalidInput where there are any."""
    if found := tuple(problems):
        raise InvalidInput(found)


class _Replay:
    """The program of one run: of each case the journey without its faults, and then with them."""

    def __init__(self, cases: Sequence[Case], scenario: Scenario, times: int | None, environment: str,
                 oracles: Collection[str] = tuple(ORACLES), *, fail_fast: bool = False) -> None:
        self._cases, self._scenario, self._times, self._oracles = cases, scenario, times, oracles
        self._environment, self._fail_fast = environment, fail_fast
        self._of: dict[str, Case] = {}
        self.said: list[tuple[Case, Replayed]] = []
        self.seconds: dict[str, float] = {}

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
            if self._fail_fast and self.said[-1][1].outcome == "still broken":
                trouble = "--fail-fast: an earlier case is still broken", "stopped"

    def _replayed(self, engine: Engine, case: Case) -> Replayed:
        needed = self._times or trials_needed(case.confirmed)
        twin = self._twin(engine, case)
        words = [f"{describe(fault.kind)} on {fault.edge}" for fault in case.faults]
        trials = list(self._trials(engine, case, needed)) if twin is None or twin.judged in ("pass", "degraded") else []
        if not trials and (hindrance := engine.hindrance()):
            return Replayed("cannot tell", hindrance[0])
        return replayed(case.broke, trials, faults=words, twin=twin, without=case.without, needed=needed)

    def _twin(self, engine: Engine, case: Case) -> Learned | None:
        """The journey without the faults of the case. A case that has none, and takes a part of the journey alone, is
        held against that part in the ordinary state: whether the product still lets it be walked so."""
        if case.faults:
            return self._learned(engine, case, NO_FAULTS)
        if case.without and _whole(case.state, self._scenario) != ordinary(self._scenario):
            return self._learned(engine, replace(case, state={}), NO_FAULTS)
        return None

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
        self.seconds[case.file] = self.seconds.get(case.file, 0.0) + judged.evidence.seconds
        return learned(plan.faults, judged.evidence, judged.verdict, oracles=self._oracles)

    def _trial(self, engine: Engine, case: Case, plan: FaultPlan) -> Trial:
        setting = replace(engine.setting, seed=case.seed)
        scenario = shortened(self._scenario, case.without)
        trial = trial_of(scenario, case.personas, plan, setting, now=engine.now, id=secrets.token_hex(8),
                         account=_whole(case.state, self._scenario))
        self._of[trial.id] = case
        return trial


def _whole(state: Mapping[str, object], scenario: Scenario) -> Mapping[str, object]:
    """The state of the case; a field that the scenario has since then is as on an ordinary night."""
    return {**{name: field.default for name, field in scenario.account.items()}, **state}


def _code(done: Sequence[CaseReplayed], codes: Sequence[int], *, left: int) -> int:
    """What was left behind, a stop and bugs of ours come first; then the cases decide."""
    ours = (code for code in codes if code not in (ExitCode.FAIL, ExitCode.INCONCLUSIVE))
    return foremost((*ours, *(each.said.exit_code for each in done), ExitCode.INCONCLUSIVE if left else ExitCode.OK))
