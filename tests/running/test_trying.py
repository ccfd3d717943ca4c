"""A try becomes a trial of the engine, within every bound; what is known is not tried again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.core.evidence import fold
from flowprobe.core.exploring.kept import Known
from flowprobe.core.exploring.model import Enough, Learned, Placed, Reached, Site, Try
from flowprobe.core.faults.status import Status
from flowprobe.core.plan import Setting
from flowprobe.core.trial import Trial
from flowprobe.core.verdict import judge_trial
from flowprobe.running.engine import Judged
from flowprobe.running.side_by_side import Room
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
        self.stops_in_the_middle: tuple[str, str] | None = None
        self.begun: list[tuple[Trial, Future[Judged]]] = []
        self.together = 1  # so many have to be begun before one of them ends

    def make(self, trial: Trial) -> Judged:
        self.made.append(trial)
        self.spent = (self.spent[0] + 4, self.spent[1] + 2)
        if self.stops_in_the_middle:
            self.stopped = self.stops_in_the_middle
        journal = Journal().runner(started(), sent("pay"), replied(), step_ended("pay"), ended()).proxy(exchange())
        evidence = fold(journal.lines).trials[0]
        return Judged(evidence, judge_trial(evidence, reachable=True))

    def begin(self, trial: Trial) -> Future[Judged]:
        begun: Future[Judged] = Future()
        self.begun.append((trial, begun))
        if len(self.begun) >= self.together:
            for each, future in self.begun:
                if not future.cancelled():
                    future.set_result(self.make(each))
            self.begun = []
        return begun

    def end(self, begun: Future[Judged]) -> Judged:
        return begun.result(timeout=0)

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
    engine.stops_in_the_middle = ("the run was stopped", "stopped")
    trying = trials()
    with pytest.raises(Enough, match="the run was stopped"):
        trying(CALM)
    assert trying.hindrance == ("the run was stopped", "stopped")
    assert not (tmp_path / "tries.jsonl").exists()


TWO = Room(2, own_accounts=True)
MANY = [Try({"seats": seats}, DOWN.faults) for seats in range(8)]


def test_what_is_foreseen_is_made_within_the_bounds(engine: FakeEngine, trials: Making) -> None:
    trying = trials(Bounds(tries=4), room=TWO)
    trying.foresee(MANY)
    assert [trying(each).judged for each in MANY[:4]] == ["pass"] * 4
    with pytest.raises(Enough, match="budget of 4 tries"):
        trying(MANY[4])
    assert (trying.made, len(engine.made)) == (4, 4)


def test_no_trial_begins_beside_others_that_the_environments_budget_could_not_end_with_them(
        engine: FakeEngine, trials: Making) -> None:
    trying = trials(room=TWO)
    trying(CALM)
    engine.together, engine.calls_left = 3, engine.spent[0] + 11  # two of four calls each, and no third
    begun = [trying.begin(each) for each in MANY[:2]]
    with pytest.raises(Enough, match="does not suffice for another trial"):
        trying.begin(MANY[2])
    assert [trying.call_off(each) for each in begun] == [True, True]
    assert trying.made == 1
    trying.begin(MANY[2])


def test_what_is_known_is_not_foreseen(engine: FakeEngine, trials: Making) -> None:
    trying = trials(known={MANY[1].key: [Learned("pass")]}, room=TWO)
    trying.foresee(MANY[:3])
    for each in MANY[:3]:
        trying(each)
    assert len(engine.made) == 2


def test_that_journeys_stand_side_by_side_is_seen_anew_where_a_search_goes_on(engine: FakeEngine, trials: Making) -> None:
    trying = trials(known={CALM.key: [Learned("pass", reached=(Reached(Site("mail", "POST /send", "pay"), 200, 0.1),))] * 3}, room=TWO,
                    say=(said := []).append)
    assert [trying(CALM).judged for _ in range(3)] == ["pass"] * 3
    trying.foresee(MANY)
    assert len(engine.made) == 2
    assert "mail POST /send in pay is not seen to be of its own journey" in said[0]


def test_what_was_made_and_not_asked_for_is_kept(engine: FakeEngine, trials: Making, tmp_path: Path) -> None:
    trying = trials(room=TWO)
    trying.foresee(MANY)
    engine.together = 3
    trying(MANY[0])
    rest = [made for made, _ in trying.rest()]
    assert rest[:2] == MANY[1:3]
    assert list(earlier_tries(tmp_path)[1]) == [each.key for each in (MANY[0], *rest)]


def test_a_try_that_the_product_did_not_survive_is_named_and_stepped_over_by_a_search_that_goes_on(
    engine: FakeEngine, trials: Making, tmp_path: Path
) -> None:
    engine.stops_in_the_middle = ("the product ended", "environment")
    trying = trials()
    with pytest.raises(Enough, match=r"the product ended; while trying: .*status 503 on payments POST /v1/charges in pay"):
        trying(DOWN)
    known = earlier_tries(tmp_path)[1]
    assert "while trying" in known[DOWN.key][0].because
    assert trying.hindrance is not None
    engine.stopped = None
    assert (trials(known=known)(DOWN).judged, len(engine.made)) == ("inconclusive", 1)


def test_a_product_that_ends_without_anything_odd_is_tried_again(
    engine: FakeEngine, trials: Making, tmp_path: Path
) -> None:
    engine.stops_in_the_middle = ("the product ended", "environment")
    with pytest.raises(Enough, match=r"^the product ended$"):
        trials()(Try({}, (), "calibrate"))
    assert not (tmp_path / TRIES).exists()


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
