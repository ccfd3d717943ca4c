"""Which trials a night makes, and when: against an engine that makes nothing and a history in a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.faults.status import Status
from flowprobe.core.findings import Finding
from flowprobe.core.nights.model import Attempt, Counted, Sample, Shape
from flowprobe.core.nights.settings import Attempting, Nightly
from flowprobe.core.plan import Group, Setting
from flowprobe.core.scenario import CallTemplate
from flowprobe.core.trial import Trial
from flowprobe.core.verdict import Blame, Kind, Verdict
from flowprobe.core.wire import NoReply, Outcome, Reply
from flowprobe.errors import ToolFailed
from flowprobe.running.engine import Judged
from flowprobe.running.nightly.making import Making, StandingOut
from tests.journals import Journal, ended, replied, sent, started, step_ended
from tests.scenes import ADMIN, BASE, a_call, a_plan, a_step, a_trial

PASS, FAIL = Kind.PASS, Kind.FAIL


class FakeEngine:
    """`scripts`: (scenario, plan) -> the verdicts of its makings in their order, the last one for all that follow."""

    def __init__(self, *trials: Trial, scripts: dict[tuple[str, str], list[Kind]] | None = None) -> None:
        by_scenario: dict[str, list[Trial]] = {}
        for trial in trials:
            by_scenario.setdefault(trial.scenario.name, []).append(trial)
        self.groups = tuple(Group(first, tuple(rest)) for first, *rest in by_scenario.values())
        self.setting = Setting({"pro-eu": ADMIN}, {"target": BASE}, 7, {})
        self.scripts = scripts or {}
        self.made: list[Trial] = []
        self.skipped: list[tuple[str, str, str]] = []
        self.waits: list[float] = []
        self.controls: list[str] = []
        self.spent, self.calls_left = (0, 0), 10_000
        self.seconds: float | None = None
        self.stopped: tuple[str, str] | None = None
        self.stops_after = 10_000
        self.opened, self.trouble = True, None
        self.redact = str
        self.clock = 1000.0
        self.answer: Callable[[], Outcome] = lambda: Reply("c", 200, (), b"", 0.0, 0.0, 0.25)

    def now(self) -> float:
        return self.clock

    @property
    def seconds_left(self) -> float | None:
        return None if self.seconds is None else max(0.0, self.seconds - (self.clock - 1000.0))

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock += seconds

    def make(self, trial: Trial) -> Judged:
        script = self.scripts.get((trial.scenario.name, trial.plan.name), [PASS])
        kind = script.pop(0) if len(script) > 1 else script[0]
        self.made.append(trial)
        self.spent = (self.spent[0] + 2, self.spent[1])
        self.clock += 1.0
        if len(self.made) >= self.stops_after:
            self.stopped = ("the run was stopped before this trial", "stopped")
        return Judged(_evidence(trial, kind), _verdict(kind))

    def skip(self, trial: Trial, because: str, blame: str) -> Judged:
        self.skipped.append((trial.scenario.name, trial.plan.name, blame))
        return Judged(_evidence(trial, PASS), Verdict(Kind.INCONCLUSIVE, Blame(blame), (because,)))

    def measure(self, call: CallTemplate, id: str) -> Outcome:
        assert len(id) == 32
        self.controls.append(str(call.path))
        return self.answer()

    def hindrance(self) -> tuple[str, str] | None:
        return self.stopped

    def identified_again(self, trouble: tuple[str, str]) -> tuple[str, str] | None:
        return self.trouble or (None if self.opened else trouble)

    def lacks(self, *, calls: int, writes: int) -> str:  # noqa: ARG002
        return "the environment's budget of 20 calls" if self.spent[0] + calls > self.calls_left else ""

    def compare_anew(self) -> None: ...
    def compare_with(self, twin: TrialEvidence) -> None: ...
    def bodies(self, evidence: TrialEvidence) -> dict[str, str]:  # noqa: ARG002
        return {}


class Kept:
    """What a history was given."""

    def __init__(self, *, fails: bool = False) -> None:
        self.attempts: list[Attempt] = []
        self.samples: Sequence[Sample] = ()
        self.counted: Sequence[Counted] = ()
        self.fails = fails

    def keep_attempts(self, environment: str, night: str, attempts: Sequence[Attempt]) -> None:
        assert (environment, night) == ("staging", "2026-11-23")
        if self.fails:
            raise ToolFailed("the disk is full")
        self.attempts += attempts

    def keep_measured(self, environment: str, night: str, *, samples: Sequence[Sample],  # noqa: ARG002
                      counted: Sequence[Counted], shapes: Sequence[Shape]) -> None:  # noqa: ARG002
        self.samples, self.counted = samples, counted


def _evidence(trial: Trial, kind: Kind) -> TrialEvidence:
    journal = Journal().runner(started(), sent("pay"), replied(), step_ended("pay"), ended())
    found = fold(journal.lines).trials[0]
    found = replace(found, started=replace(found.started, trial=trial.id, repeats=trial.repeats))
    if kind is not FAIL:
        return found
    finding = Finding("status", "status", "200", "502")
    return replace(found, steps=tuple(replace(each, outcome="broken", findings=(finding,)) for each in found.steps))


def _verdict(kind: Kind) -> Verdict:
    match kind:
        case Kind.FAIL:
            return Verdict(kind, Blame.PRODUCT, ())
        case Kind.INCONCLUSIVE:
            return Verdict(kind, Blame.ENVIRONMENT, ("nothing answered",))
        case _:
            return Verdict(kind, Blame.NONE, ())


def a_journey(name: str, plan: str = "none") -> Trial:
    plans = {} if plan == "none" else {"plan": a_plan(plan, payments=Status(503))}
    trial = replace(a_trial(a_step("pay", "GET /v1/pay"), **plans), id=f"{name}-{plan}"[:16])
    return replace(trial, scenario=replace(trial.scenario, name=name))


def made(engine: FakeEngine, *, trouble: tuple[str, str] | None = None, kept: Kept | None = None, samples: int = 3,
         standing_out: StandingOut = lambda _: (), earlier: Sequence[Attempt] = (), **more: Any) -> Making:
    nightly = Nightly(samples=samples, attempts=Attempting(3, 900.0), **more)
    making = Making(nightly, kept or Kept(), "staging", "2026-11-23", earlier=earlier, now=engine.now,
                    standing_out=standing_out)
    making(engine, trouble)
    return making


def names(engine: FakeEngine) -> list[str]:
    return [f"{trial.scenario.name}/{trial.plan.name}" for trial in engine.made]


def test_everything_is_made_once_before_anything_is_made_again() -> None:
    engine = FakeEngine(a_journey("A"), a_journey("A", "slow"), a_journey("B"))
    made(engine)
    assert names(engine) == ["A/none", "A/slow", "B/none", "A/none", "B/none", "A/none", "B/none"]
    assert [bool(trial.repeats) for trial in engine.made] == [False] * 3 + [True] * 4
    assert engine.waits == []


def test_controls_stand_between_the_journeys() -> None:
    engine, kept = FakeEngine(a_journey("A"), a_journey("B")), Kept()
    made(engine, kept=kept, controls={"health": a_call("GET /health")})
    assert engine.controls == ["/health"] * 4
    assert {each.series.name: len(each.seconds) for each in kept.samples if each.series.kind == "control"} == {"health": 4}


def test_a_control_that_does_not_answer_is_said_and_measures_nothing() -> None:
    engine = FakeEngine(a_journey("A"))
    engine.answer = lambda: NoReply("c", "connect", "no route", 0.0, 1.0)
    making = made(engine, controls={"health": a_call("GET /health")})
    assert making.notes == ["the control 'health' did not answer each time: no route"]
    assert not [each for each in making.tally.samples if each.series.kind == "control"]


def test_what_fails_is_made_again_in_time_and_the_rest_goes_on_meanwhile() -> None:
    engine, kept = FakeEngine(a_journey("A"), a_journey("B"), scripts={("A", "none"): [FAIL]}), Kept()
    made(engine, kept=kept)
    assert names(engine) == ["A/none", "B/none", "B/none", "B/none", "A/none", "A/none"]
    of_a = [each for each in kept.attempts if each.journey.scenario == "A"]
    assert [each.number for each in of_a] == [1, 2, 3]
    assert of_a[1].at - of_a[0].at >= 300
    assert of_a[2].at - of_a[0].at >= 900


def test_what_recovers_is_measured_on_and_its_plans_are_made_then() -> None:
    engine = FakeEngine(a_journey("A"), a_journey("A", "slow"), scripts={("A", "none"): [FAIL, PASS]})
    making = made(engine)
    assert names(engine) == ["A/none", "A/none", "A/slow", "A/none", "A/none"]
    assert [(each.number, each.verdict) for each in making.attempts if each.journey.plan == "none"] == [(1, FAIL), (2, PASS)]
    assert engine.skipped == []


def test_the_plans_of_what_stays_down_are_told_and_not_made() -> None:
    engine = FakeEngine(a_journey("A"), a_journey("A", "slow"), scripts={("A", "none"): [FAIL]})
    made(engine)
    assert names(engine) == ["A/none"] * 3
    assert engine.skipped == [("A", "slow", "baseline")]


def test_a_sample_that_fails_is_the_first_of_the_attempts() -> None:
    engine, kept = FakeEngine(a_journey("A"), scripts={("A", "none"): [PASS, FAIL, FAIL, FAIL]}), Kept()
    making = made(engine, kept=kept, samples=5)
    assert [(each.number, each.verdict) for each in making.attempts] == [(1, FAIL), (2, FAIL), (3, FAIL)]
    whole = next(each for each in kept.counted if not each.step)
    assert (whole.tries, whole.failures) == (2, 1)


def test_what_recovered_and_breaks_once_more_is_measured_no_further() -> None:
    engine = FakeEngine(a_journey("A"), scripts={("A", "none"): [FAIL, PASS, PASS, FAIL, PASS]})
    making = made(engine, samples=20)
    assert len(engine.made) == 4
    assert [each.verdict for each in making.attempts] == [FAIL, PASS]


def test_samples_are_left_out_before_a_budget_breaks_the_night() -> None:
    engine = FakeEngine(a_journey("A"), a_journey("B"))
    engine.calls_left = 20
    making = made(engine, samples=20)
    assert engine.spent[0] <= 20 - 4
    assert making.notes == [f"{making.samples} of 38 further samples were taken: the environment's budget of 20 calls does "
                            "not suffice for more"]


def test_attempts_come_sooner_where_the_seconds_of_the_run_end_before() -> None:
    engine = FakeEngine(a_journey("A"), scripts={("A", "none"): [FAIL]})
    engine.seconds = 60.0
    making = made(engine)
    assert [each.number for each in making.attempts] == [1, 2, 3]
    assert engine.clock <= 1000 + 62


def test_nothing_that_was_stopped_is_kept_as_made() -> None:
    engine, kept = FakeEngine(a_journey("A"), a_journey("B"), scripts={("A", "none"): [FAIL]}), Kept()
    engine.stops_after = 1
    made(engine, kept=kept)
    assert names(engine) == ["A/none"]
    assert [each.journey.scenario for each in kept.attempts] == ["A"]
    assert engine.skipped == [("B", "none", "stopped")]


def test_who_did_not_answer_at_first_is_asked_again_with_the_attempts() -> None:
    engine = FakeEngine(a_journey("A"))
    making = made(engine, trouble=("nobody says that this is staging", "environment"), samples=1)
    assert [(each.number, each.verdict) for each in making.attempts] == [(1, Kind.INCONCLUSIVE), (2, PASS)]


def test_a_product_that_we_could_not_start_is_not_waited_for() -> None:
    engine = FakeEngine(a_journey("A"), a_journey("A", "slow"))
    engine.opened = False
    made(engine, trouble=("the product did not start", "environment"))
    assert (engine.made, engine.waits) == ([], [])
    assert {blame for _, _, blame in engine.skipped} == {"environment"}


def test_what_a_night_settled_before_it_was_cut_off_is_not_made_again() -> None:
    first = FakeEngine(a_journey("A"), a_journey("A", "slow"), a_journey("B"), scripts={("B", "none"): [FAIL]})
    first.stops_after = 3
    earlier = made(first, samples=1).attempts
    assert names(first) == ["A/none", "A/slow", "B/none"]

    engine = FakeEngine(a_journey("A"), a_journey("A", "slow"), a_journey("B"), scripts={("B", "none"): [FAIL]})
    making = made(engine, samples=1, earlier=earlier)
    assert names(engine) == ["A/none", "B/none", "B/none"]  # A anew for its times, B for what is open
    assert [each.number for each in making.attempts if each.journey.scenario == "B"] == [1, 2, 3]


def test_what_stands_out_is_measured_again_in_two_batches() -> None:
    engine = FakeEngine(a_journey("A"), a_journey("B"))
    making = made(engine, standing_out=lambda tonight: [each.series for each in tonight
                                                        if each.series.scenario == "A" and each.series.kind == "step"])
    assert names(engine)[6:] == ["A/none"] * 6
    assert [{each.series.name: len(each.seconds) for each in batch} for batch in making.batches] == [{"pay": 3}] * 2
    assert {len(each.seconds) for each in making.tally.samples} == {3}


def test_a_history_that_fails_is_said_and_the_night_goes_on() -> None:
    engine = FakeEngine(a_journey("A"))
    assert made(engine, kept=Kept(fails=True)).unkept == "the disk is full"
    assert len(engine.made) == 3


@pytest.mark.parametrize("kind", list(Kind))
def test_every_making_is_in_the_history_or_is_a_sample(kind: Kind) -> None:
    engine, kept = FakeEngine(a_journey("A"), scripts={("A", "none"): [kind]}), Kept()
    making = made(engine, kept=kept)
    assert len(engine.made) == len(kept.attempts) + making.samples
