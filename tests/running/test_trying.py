"""A try becomes a trial of the engine, within every bound; what is known is not tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.core.evidence import fold
from flowprobe.core.exploring.kept import Known
from flowprobe.core.exploring.model import Enough, Learned, Placed, Site, Try
from flowprobe.core.faults.status import Status
from flowprobe.core.plan import Setting
from flowprobe.core.trial import Trial
from flowprobe.core.verdict import judge_trial
from flowprobe.running.engine import Judged
from flowprobe.running.tries import TRIES, Head, Tries, earlier_tries
from flowprobe.running.trying import Bounds, Trials
from tests.journals import Journal, ended, exchange, replied, sent, started, step_ended
from tests.scenes import ADMIN, BASE, NOW, a_scenario, a_step

PAY = a_step("pay", "POST /v1/pay")
CALM = Try({"seats": 3}, (), "calibrate")
HEAD = Head("/home/mia/paying.yaml", "abc", "local", {}, 7)
DOWN = Try({"seats": 0}, (Placed(Site("payments", "POST /v1/charges", "pay"), Status(503)),))


class FakeEngine:
    """Makes trials of a journey that always holds."""

    def __init__(self) -> None:
        self.setting, self.now = Setting({"pro-eu": ADMIN}, {"target": BASE}, 7, {}), NOW
        self.made: list[Trial] = []
        self.spent = (0, 0)
        self.calls_left = 100
        self.stopped: tuple[str, str] | None = None
        self.stops_in_the_middle = False

    def make(self, trial: Trial) -> Judged:
        self.made.append(trial)
        self.spent = (self.spent[0] + 4, self.spent[1] + 2)
        if self.stops_in_the_middle:
            self.stopped = ("the run was stopped", "stopped")
        journal = Journal().runner(started(), sent("pay"), replied(), step_ended("pay"), ended()).proxy(exchange())
        evidence = fold(journal.lines).trials[0]
        return Judged(evidence, judge_trial(evidence, reachable=True))

    def hindrance(self) -> tuple[str, str] | None:
        return self.stopped

    def lacks(self, *, calls: int, writes: int) -> str:  # noqa: ARG002
        return "the budget of 100 calls" if self.spent[0] + calls > self.calls_left else ""


Making = Callable[..., Trials]


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def trials(engine: FakeEngine, tmp_path: Path) -> Making:
    def make(bounds: Bounds = Bounds(), known: Known | None = None, **options: object) -> Trials:  # noqa: B008
        return Trials(engine, a_scenario(PAY), {"admin": "pro-eu"}, bounds=bounds, tries=Tries(tmp_path, str, HEAD),
                      known=known or {}, **options)

    return make


def test_a_try_is_a_trial_with_its_state_and_its_faults(engine: FakeEngine, trials: Making) -> None:
    trying = trials()
    assert [trying(CALM).judged, trying(DOWN).judged] == ["pass", "pass"]
    calm, down = engine.made
    assert (calm.account, calm.plan.name, calm.plan.faults) == ({"seats": 3}, "none", ())
    assert (down.account, down.plan.name, [fault.edge for fault in down.plan.faults]) == ({"seats": 0}, "try-2", ["payments"])
    assert calm.id != down.id


def test_what_a_try_leaves_out_is_no_part_of_its_trial(trials: Making) -> None:
    trying = trials()
    assert [name for name, _ in trying.trial(DOWN).scenario.steps()] == ["pay"]
    assert [name for name, _ in trying.trial(replace(DOWN, without=("pay",))).scenario.steps()] == []


def test_what_was_learned_is_kept_at_once(trials: Making, tmp_path: Path) -> None:
    trials()(DOWN)
    assert [each.judged for each in earlier_tries(tmp_path)[1][DOWN.key]] == ["pass"]


def test_what_is_known_is_not_tried_again(engine: FakeEngine, trials: Making) -> None:
    trying = trials(known={DOWN.key: [Learned("fail", signature="x")]})
    assert (trying(DOWN).signature, engine.made, trying.remembered) == ("x", [], 1)
    assert (trying(DOWN).judged, len(engine.made)) == ("pass", 1)


def test_tries_are_bounded(trials: Making) -> None:
    trying = trials(Bounds(tries=1))
    trying(CALM)
    with pytest.raises(Enough, match="budget of 1 tries"):
        trying(DOWN)


def test_seconds_are_bounded(trials: Making) -> None:
    now = [0.0]
    trying = trials(Bounds(seconds=10.0), clock=lambda: now[0])
    trying(CALM)
    now[0] = 10.0
    with pytest.raises(Enough, match="budget of 10 seconds"):
        trying(DOWN)


def test_a_part_of_the_budget_is_kept_for_making_finds_small(trials: Making) -> None:
    now = [0.0]
    trying = trials(Bounds(tries=20, kept=0.1), clock=lambda: now[0])
    for number in range(18):
        trying(Try({"n": number}))
    with pytest.raises(Enough, match="20 tries is used up, but for what is kept for making finds small"):
        trying(DOWN)
    for phase in ("shrink", "confirm"):
        trying(replace(DOWN, phase=phase))
    with pytest.raises(Enough, match=r"20 tries is used up$"):
        trying(replace(DOWN, phase="confirm"))


@pytest.mark.parametrize(("tries", "of"), [(9, 9), (10, 9), (500, 450)])
def test_a_small_budget_keeps_nothing(tries: int, of: int) -> None:
    bounds = Bounds(tries, kept=0.1)
    assert bounds.used_up(of - 1, 0.0, aimed=False) == bounds.used_up(tries - 1, 0.0, aimed=True) == ""
    assert bounds.used_up(of, 0.0, aimed=False)
    assert bounds.used_up(tries, 0.0, aimed=True)


def test_of_seconds_a_part_is_kept_too() -> None:
    bounds = Bounds(seconds=10.0, kept=0.1)
    assert [bounds.used_up(1, 9.5, aimed=aimed) for aimed in (True, False)] == [
        "", "the budget of 10 seconds is used up, but for what is kept for making finds small"]


def test_no_trial_begins_that_the_environments_budget_could_not_end(engine: FakeEngine, trials: Making) -> None:
    engine.calls_left = 7  # the journey says one call; the first trial shows that it takes four
    trying = trials()
    trying(CALM)
    with pytest.raises(Enough, match="does not suffice for another trial"):
        trying(DOWN)
    assert len(engine.made) == 1


def test_what_stops_the_run_stops_the_search_and_a_trial_that_was_cut_off_teaches_nothing(
    engine: FakeEngine, trials: Making, tmp_path: Path
) -> None:
    engine.stops_in_the_middle = True
    trying = trials()
    with pytest.raises(Enough, match="the run was stopped"):
        trying(CALM)
    assert trying.hindrance == ("the run was stopped", "stopped")
    assert not (tmp_path / "tries.jsonl").exists()


def test_whoever_shows_the_search_sees_each_trial(trials: Making) -> None:
    seen: list[Try] = []
    trying = trials(seen=lambda made, _judged: seen.append(made))
    trying(DOWN)
    assert seen == [DOWN]


def test_what_cannot_be_kept_is_learned_and_is_the_last_that_is_tried(trials: Making, tmp_path: Path) -> None:
    trying = trials()
    (tmp_path / TRIES).mkdir()
    assert trying(CALM).judged == "pass"
    with pytest.raises(Enough, match="cannot write"):
        trying(DOWN)
    assert trying.hindrance is not None
    assert trying.hindrance[1] == "tool"
