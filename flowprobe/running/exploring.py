"""`explore`: the search over account states and faults, with all that it needs of a run; what breaks becomes cases."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol

import flowprobe
from flowprobe.core.exploring.allowing import allowed_by
from flowprobe.core.exploring.case import Case, Setting, case_of
from flowprobe.core.exploring.confirming import Confirmed, steadied
from flowprobe.core.exploring.constraints import satisfied
from flowprobe.core.exploring.exploration import Baseline, Exploration, Flaky, Found, Ground, Progress, Reduced
from flowprobe.core.exploring.gathering import gathered
from flowprobe.core.exploring.kept import Key, Known
from flowprobe.core.exploring.leaving_out import links_of
from flowprobe.core.exploring.model import Learned, Placed, Try, Trying, state_key
from flowprobe.core.exploring.oddities import oddities_of
from flowprobe.core.exploring.pairs import covered, pairwise
from flowprobe.core.exploring.searching import Terms
from flowprobe.core.exploring.searching import explore as search
from flowprobe.core.exploring.settling import shaky
from flowprobe.core.exploring.shrink import Shrunk, shrink
from flowprobe.core.exploring.values import domains
from flowprobe.core.faults.concerns import ordinary
from flowprobe.core.oracles import ORACLES
from flowprobe.core.policy import Policy, policy_of
from flowprobe.core.scenario import Scenario
from flowprobe.core.verdict import ExitCode
from flowprobe.errors import InvalidInput, Problem, Refused, ToolFailed
from flowprobe.explore.driving import Space, drive
from flowprobe.explore.loading import load_strategies
from flowprobe.explore.strategies import zone_of
from flowprobe.files.case_writing import refuse_folder, write_case
from flowprobe.report.model import RunReport
from flowprobe.running.engine import Engine, Trouble, Watcher
from flowprobe.running.flight import single_flight
from flowprobe.running.review import review
from flowprobe.running.selection import Chosen, Request, Selection, bindings
from flowprobe.running.side_by_side import room_for
from flowprobe.running.tries import Head, Tries, earlier_tries, refuse_other
from flowprobe.running.trying import Bounds, Trials

__all__ = ["Explored", "Follower", "SavedCase", "Wish", "explore"]

_CONFIRMED = 3
_DICE = 500
_KEPT = 0.1
"""This share of the budget is for making small what is found, so that the last find is a case too."""


class Follower(Watcher, Protocol):
    """Whoever shows an exploration while it goes on."""

    def told(self, progress: Progress) -> None: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a search beside the run. `cases` is the folder that what breaks is saved in; `resume` that of a
    run whose search goes on; `oracles` those that count as promises; `workers` how many tries may be made at once."""

    bounds: Bounds = field(default_factory=Bounds)
    only: Literal["", "states", "faults"] = ""
    prune: bool = True
    cases: Path = Path("cases")
    resume: Path | None = None
    oracles: Collection[str] = tuple(ORACLES)
    cap_s: float = 10.0
    workers: int = 1


@dataclass(frozen=True, slots=True)
class SavedCase:
    """A case, what it was found as, its file (None where it could not be written), and how it was made small."""

    found: Found
    case: Case
    file: Path | None
    shrunk: Shrunk


@dataclass(frozen=True, slots=True)
class Explored:
    """`exploration` None: nothing could be tried. `exit_code` is 1 where a case was confirmed, 3 where nothing could be
    compared, else that of the run."""

    report: RunReport
    exploration: Exploration | None
    cases: tuple[SavedCase, ...]
    exit_code: int


def explore(request: Request, selection: Selection, follower: Follower, wish: Wish) -> Explored:
    """Search one scenario. Raises as `run` does, before anything is sent."""
    chosen, binding, notes = _one(selection)
    reviewed = review(request, Selection(selection.project, selection.environment, (chosen,), notes,
                                         selection.variables, selection.contract), datetime.now(UTC))
    reviewed.enforce()
    _enforce(reviewed.policy, wish)
    _refuse_nothing(chosen.scenario, bool(selection.environment.providers), wish)
    refuse_folder(wish.cases, of="--cases")
    search_of = _Search(request, reviewed.selection, chosen.scenario, binding, follower, wish)
    with single_flight(selection.environment):
        return search_of.run()


def _one(selection: Selection) -> tuple[Chosen, Mapping[str, str], tuple[str, ...]]:
    """The one scenario, and the first binding of its personas."""
    if len(selection.chosen) != 1:
        files = ", ".join(chosen.scenario.file for chosen in selection.chosen) or "none"
        found = f"one scenario is explored at a time, not {files}"
        raise InvalidInput((Problem("one-scenario", "SCENARIO", 0, 0, found, "name one file"),))
    chosen = selection.chosen[0]
    first, *others = bindings(chosen)
    notes = selection.notes
    if others:
        who = ", ".join(f"{role} {name}" for role, name in first.items())
        notes = (*notes, f"explored with {who}; choose others with --persona")
    return Chosen(chosen.scenario, (), first), first, notes


def _enforce(policy: Policy, wish: Wish) -> None:
    if refusal := policy.judge_exploring():
        raise Refused(str(refusal))
    if wish.only != "faults" and policy.given != "run":
        raise Refused(f"account states are made by the calls of `given`, and {policy.environment!r} says `given: "
                      f"{policy.given}` ({policy.place('given')}): explore with --only faults")


def _refuse_nothing(scenario: Scenario, providers: bool, wish: Wish) -> None:
    """Where there is nothing to vary, to find nothing says nothing."""
    odd = wish.only != "faults" and (oddities_of(scenario)
                                     or any(field.strategy is not None for field in scenario.account.values()))
    if odd or (wish.only != "states" and providers):
        return
    account = "`account` says of no field what else it may be"
    if wish.only == "states":
        found, instead = account, "say it (docs/reference/scenario.md#the-account), or leave --only out"
    elif wish.only == "faults":
        found, instead = "the environment has no providers to fail", "declare them, or leave --only out"
    else:
        found, instead = f"{account}, and the environment has no providers to fail", "declare either"
    raise InvalidInput((Problem("nothing-to-explore", scenario.file, 0, 0, found, instead),))


class _Search:
    def __init__(self, request: Request, selection: Selection, scenario: Scenario, binding: Mapping[str, str],
                 follower: Follower, wish: Wish) -> None:
        self._scenario, self._binding, self._follower, self._wish = scenario, binding, follower, wish
        self._environment = selection.environment
        self._policy = policy_of(selection.environment)
        fields = {} if wish.only == "faults" else scenario.account
        self._python = load_strategies(fields, allow_exec=request.allow_exec)
        self._request, self._known = self._resumed(request)
        acting = {role: selection.project.personas[name] for role, name in binding.items()}
        self._room = room_for(wish.workers, scenario, acting, selection.environment)
        self._engine = Engine(self._request, selection, follower, rerun=lambda _: self._command(),
                              workers=self._room.workers)
        self._moved = False
        self._flaky: list[Flaky] = []
        self._looks: list[Learned] = []
        self._default = ordinary(scenario)
        self._links = links_of(scenario)
        self._shrunk: dict[Key, tuple[Shrunk, Confirmed]] = {}
        self._exploration: Exploration | None = None
        self._trials: Trials | None = None

    def _resumed(self, request: Request) -> tuple[Request, Known]:
        """What an earlier search knows; it goes on with its seed. Raises InvalidInput where it was about something
        else."""
        if self._wish.resume is None:
            return request, {}
        head, known = earlier_tries(self._wish.resume)
        if head is not None:
            request = replace(request, seed=head.seed if request.seed is None else request.seed)
            refuse_other(head, self._head(request.seed or 0), self._wish.resume)
        return request, known

    def _head(self, seed: int) -> Head:
        file = Path(self._scenario.file)
        content = blake2b(file.read_bytes(), digest_size=16).hexdigest()
        return Head(str(file.resolve()), content, self._environment.name, dict(self._binding), seed)

    def run(self) -> Explored:
        report = self._engine.execute(self._program)
        cases = tuple(self._saved(found) for found in self._exploration.found) if self._exploration else ()
        return Explored(report, self._exploration, cases, self._code(report))

    def _program(self, engine: Engine, trouble: Trouble | None) -> None:
        tries = Tries(engine.folder, engine.redact, self._head(engine.setting.seed))
        bounds = replace(self._wish.bounds, kept=_KEPT)
        trials = self._trials = Trials(engine, self._scenario, self._binding, bounds=bounds, tries=tries,
                        known=self._known, oracles=self._wish.oracles, room=self._room,
                        say=self._follower.notice, disturbed=self._disturbed)
        for note in self._room.notes:
            self._follower.notice(note)
        engine.compare_anew()
        if trouble is not None:
            engine.skip(trials.trial(Try(self._default, (), "calibrate")), *trouble)
            if trouble[1] == "stopped":  # while the product started: that is told as any other end of a search
                self._exploration = Exploration("no baseline", "it was stopped before the first try", Baseline())
            return
        terms = Terms(seed=engine.setting.seed, only=self._wish.only, prune=self._wish.prune, cap_s=self._wish.cap_s,
                      connections=bool(self._environment.start))
        found = search(
            trials, self._default, self._states(), terms=terms, cannot=self._cannot, reduce=self._reduce,
            random=self._random, paired=self._paired, told=self._follower.told,
            ahead=trials if self._room.workers > 1 else None, allowed=self._allowed,
            fields=self._mixable())
        kept = tuple(each for each in found.found if each.of or not self._moved)
        flaky = (*found.flaky, *self._flaky, *shaky(Try(self._default, (), "calibrate"), self._looks))
        self._exploration = replace(found, found=gathered(kept, self._default), flaky=flaky)

    # --- what there is to try ---

    def _states(self) -> Iterator[Mapping[str, Any]]:
        """Odd accounts that have a name, then every pair of boundaries, then each boundary of a field by itself."""
        yield from (oddity.state for oddity in oddities_of(self._scenario))
        fields = self._domains()
        for row in pairwise(fields, self._allowed, seed=self._engine.setting.seed):
            yield {**self._default, **row}
        for name, values in fields.items():
            yield from ({**self._default, name: value} for value in values[1:])

    def _mixable(self) -> dict[str, tuple[Any, ...]]:
        """The boundaries of each field, and what it is in the odd accounts that have a name."""
        named = [oddity.state for oddity in oddities_of(self._scenario)]
        return {name: tuple({state_key({name: value}): value for value in (*values, *(each[name] for each in named))}
                            .values())
                for name, values in self._domains().items()}

    def _domains(self) -> dict[str, tuple[Any, ...]]:
        return {name: tuple(values) for name, values in domains(self._scenario.account, zone=zone_of).items()}

    def _allowed(self, state: Mapping[str, Any]) -> bool:
        return satisfied(self._scenario.constraints, {**self._default, **state})

    def _paired(self, states: Any) -> tuple[int, int]:
        return covered(states, self._domains(), self._allowed)

    def _cannot(self, fault: Placed) -> str:
        """Why a fault cannot be placed in this environment."""
        edge = fault.site.edge
        provider = edge.removesuffix(".webhooks")
        if not self._policy.faults.allows(edge):
            return f"{self._environment.name!r} allows faults: {self._policy.faults}"
        if provider not in self._environment.providers:
            return f"{provider!r} is no provider of {self._environment.name!r}"
        return ""

    def _random(self, trying: Trying, ground: Ground) -> None:
        """As Hypothesis has it, for as long as the budget lasts."""
        fields = {} if self._wish.only == "faults" else self._scenario.account
        faults = () if self._wish.only == "states" else ground.faults
        if fields or faults:
            space = Space(fields, faults, self._allowed, ground.states, self._python)
            try:
                drive(space, trying, seed=self._engine.setting.seed, examples=_DICE)
            except ToolFailed as failed:  # code that draws: what was learned until then stays
                self._give_up(str(failed), "tool")

    # --- what was found ---

    def _reduce(self, first: Try, learned: Learned, trying: Trying) -> Reduced:
        self._on_firm_ground(trying)
        shrunk = shrink(first, learned, trying, defaults=self._default, allowed=allowed_by(self._scenario, first.state),
                        links=self._links)
        shrunk, confirmed = steadied(shrunk, trying, _CONFIRMED)
        self._shrunk[shrunk.smallest.key] = shrunk, confirmed
        return Reduced(shrunk.smallest, shrunk.learned, confirmed.k, confirmed.n)

    def _on_firm_ground(self, trying: Trying) -> None:
        """What breaks is due to the state and the faults only where the journey still passes without. A provider whose
        quota is met, or a product that broke down, would else look like a find in every try. Raises Enough."""
        default = Try(self._default, (), "calibrate")
        looks = [trying(default)]
        if looks[0].judged not in ("pass", "degraded"):
            looks.append(trying(default))
        plain = looks[-1]
        if plain.judged in ("pass", "degraded"):
            self._looks += looks
            return
        self._moved = True
        why = plain.because or "; ".join(broke.sentence or broke.kind for broke in plain.breaks) or plain.judged
        self._give_up(f"the journey does not pass any more without any fault, as it did at first: {why}", "environment")

    def _disturbed(self, made: Try, beside: Learned) -> None:
        """It broke beside other tries, and not alone: nobody knows whether the product minds company, or luck."""
        self._flaky.append(Flaky(made, beside.breaks, 1, 2))

    def _give_up(self, because: str, blame: str) -> NoReturn:
        assert self._trials is not None
        self._trials.give_up(because, blame)

    def _saved(self, found: Found) -> SavedCase:
        broke = found.breaks[0] if found.breaks else None
        unshrunk = Shrunk(found.case, found.learned, minimal=False, ended="there was no time left", broke=broke), None
        shrunk, confirmed = self._shrunk.get(found.case.key, unshrunk)
        folder = self._wish.cases
        setting = Setting(
            os.path.relpath(self._scenario.file, folder), Path(self._scenario.file).stem, self._binding, self._default,
            self._environment.name, self._engine.setting.seed, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            flowprobe.__version__)
        case = case_of(shrunk, confirmed, setting)
        return SavedCase(found, case, self._written(case), shrunk)

    def _written(self, case: Case) -> Path | None:
        """One that cannot be written is told all the same."""
        try:
            return write_case(case, self._wish.cases, defaults=self._default)
        except ToolFailed as failed:
            self._follower.notice(f"{case.name} is not kept: {failed}")
            return None

    def _command(self) -> str:
        return (f"flowprobe explore {shlex.quote(self._scenario.file)} --env {self._environment.name} "
                f"--seed {self._engine.setting.seed}")

    def _code(self, report: RunReport) -> int:
        """What keeps a run from being judged comes first: what was left behind, a stop, a bug of ours."""
        if report.exit_code not in (ExitCode.OK, ExitCode.FAIL, ExitCode.INCONCLUSIVE):
            return report.exit_code
        found = self._exploration
        if found is not None and any(each.confirmed for each in found.found):
            return ExitCode.FAIL
        stopped = self._trials is not None and self._trials.hindrance is not None
        if found is None or found.is_in_doubt or found.found or stopped:
            return ExitCode.INCONCLUSIVE
        if found.ended == "no baseline":
            return ExitCode.FAIL if found.baseline.fails else ExitCode.INCONCLUSIVE
        return ExitCode.OK
