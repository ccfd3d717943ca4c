"""Which failures are taken apart, in which order, and what ends it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from flowprobe.core.cause import Cause
from flowprobe.core.evidence import fold
from flowprobe.core.faults.fault import Fault, FaultPlan
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.status import Status
from flowprobe.core.plan import Group, Setting, trial_of
from flowprobe.core.trial import NO_FAULTS, Trial
from flowprobe.core.values import Position
from flowprobe.core.verdict import judge_trial
from flowprobe.running import why
from flowprobe.running.engine import Judged
from tests.journals import Journal, ended, exchange, finding, injected, replied, sent, started, step_ended
from tests.scenes import ADMIN, BASE, NOW, a_scenario, a_step

PLACE = Position("a.yaml", 1, 1)
LATE = FaultPlan("late", (Fault("search", "search", Latency(0.5), PLACE),))
DOWN = FaultPlan("down", (Fault("mail", "mail", Status(503), PLACE),))


class FakeEngine:
    """Breaks whatever has a fault."""

    def __init__(self, *plans: FaultPlan, owned: bool = True) -> None:
        self.setting, self.now, self.owned = Setting({"pro-eu": ADMIN}, {"target": BASE}, 7, {}), NOW, owned
        self.request = SimpleNamespace(fail_fast=False)
        self.groups = (Group(self.trial(NO_FAULTS), tuple(map(self.trial, plans))),)
        self.made: list[Trial] = []
        self.causes: dict[str, Cause] = {}
        self.spent = (0, 0)
        self.stops = False
        self.unhit: tuple[str, ...] = ()

    def trial(self, plan: FaultPlan) -> Trial:
        return trial_of(a_scenario(a_step("look", "GET /look")), {"admin": "pro-eu"}, plan, self.setting, now=NOW,
                        id=f"{plan.name:0>16}", account={"seats": 3})

    def make(self, trial: Trial) -> Judged:
        self.made.append(trial)
        outcome = step_ended("look", "broken", finding("status")) if trial.plan.faults else step_ended("look")
        journal = Journal().runner(started(trial.plan.name), sent("look"), replied(), outcome, ended())
        if trial.plan.faults and trial.plan.name not in self.unhit:
            journal.proxy(exchange(), injected())
        evidence = fold(journal.lines).trials[0]
        return Judged(evidence, judge_trial(evidence, reachable=True))

    def explain(self, trial: Trial, cause: Cause) -> None:
        self.causes[trial.plan.name] = cause

    def hindrance(self) -> tuple[str, str] | None:
        return ("the run was stopped", "stopped") if self.stops and len(self.made) == 2 else None

    def lacks(self, **_: int) -> str:
        return ""

    def compare_anew(self) -> None: ...


class Nobody:
    def __init__(self) -> None:
        self.given_up: list[tuple[str, str]] = []

    def looking(self, *_: Any) -> None: ...
    def tried(self, *_: Any) -> None: ...
    def found(self, *_: Any) -> None: ...
    def left(self, trial: Trial, because: str) -> None:
        self.given_up.append((trial.plan.name, because))


def explained(engine: FakeEngine, most: int = 30) -> dict[str, Cause]:
    why.Why(most, Nobody()).program(engine, None)  # type: ignore[arg-type]
    return engine.causes


def test_what_takes_few_trials_comes_first_and_the_twin_is_left_alone() -> None:
    engine = FakeEngine(LATE, DOWN)
    assert list(explained(engine)) == ["down", "late"]


def test_the_trials_are_those_of_the_failure_but_for_their_faults() -> None:
    engine = FakeEngine(LATE)
    explained(engine)
    aside = [trial for trial in engine.made if trial.explains]
    assert {(trial.explains, trial.seed, trial.account["seats"], trial.plan.name) for trial in aside} == {
        (f"{'late':0>16}", 7, 3, "late")}
    assert len({trial.id for trial in aside}) == len(aside) == engine.causes["late"].trials


@pytest.mark.parametrize("most", [1, 4, 12])
def test_the_budget_is_that_of_all_together(most: int) -> None:
    causes = explained(FakeEngine(LATE, DOWN), most)
    assert sum(cause.trials for cause in causes.values()) <= most


@pytest.mark.parametrize(("owned", "trials"), [(True, 4), (False, 1)])
def test_nothing_is_left_behind_twice_in_a_product_that_is_not_ours(
        owned: bool, trials: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(why, "leftovers", lambda _: ("look: not deleted",))
    assert explained(FakeEngine(DOWN, owned=owned))["down"].trials == trials


def test_a_run_that_is_stopped_explains_nothing() -> None:
    engine = FakeEngine(DOWN)
    engine.stops = True
    assert explained(engine) == {}
    assert [trial.plan.name for trial in engine.made] == ["none", "down"]


def test_what_is_left_when_the_run_is_stopped_is_said() -> None:
    """Its own guess was withheld for the cause that did not come."""
    engine, shown = FakeEngine(DOWN), Nobody()
    engine.stops = True
    why.Why(30, shown).program(engine, None)  # type: ignore[arg-type]
    assert shown.given_up == [("down", "the run was stopped")]


def test_a_trial_in_which_no_fault_fell_is_not_taken_apart() -> None:
    engine = FakeEngine(LATE, DOWN)
    engine.unhit = ("late",)
    causes = explained(engine)
    assert {trial.plan.name for trial in engine.made if trial.explains} == {"down"}
    assert (causes["late"].needed, [part.edge for part in causes["late"].spare], causes["late"].trials) == ((), ["search"], 0)
    assert causes["late"].sure == "unknown"
