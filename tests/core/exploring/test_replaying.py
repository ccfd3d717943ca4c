"""Still broken, mended, or nobody can tell: never mended without proof."""

from __future__ import annotations

import pytest

from flowprobe.core.exploring.confirming import Confirmed
from flowprobe.core.exploring.model import Break, Learned
from flowprobe.core.exploring.replaying import Replayed, replayed, trials_needed

PAY = Break("pay", "status", "status", "expected 201, saw 500")
OTHER = Break("pay", "json", "$.state", "expected paid, saw open")
NEVER = Break("", "never", "a charge without an order")
FAULTS = ("latency 3s on payments", "status 503 on mail")
BOTH = frozenset({0, 1})
SOUND = Learned("pass")
BROKEN = Learned("fail", (PAY,), fired=BOTH)
OTHERWISE = Learned("fail", (OTHER,), fired=BOTH)
HELD = Learned("pass", fired=BOTH)


@pytest.mark.parametrize(("trials", "outcome", "code", "sentence"), [
    ((BROKEN,), "still broken", 1, "the status of pay is broken as it was"),
    ((HELD, BROKEN, BROKEN), "still broken", 1, "the status of pay is broken as it was, 2 of 3 times"),
    ((HELD, OTHERWISE), "still broken", 1,
     "broken in another way, not the status of pay; now the $.state of pay: expected paid, saw open"),
    ((Learned("fail", because="the product is gone"),), "still broken", 1,
     "broken in another way, not the status of pay; the product is gone"),
    ((OTHERWISE, BROKEN), "still broken", 1, "the status of pay is broken as it was, 1 of 2 times"),
    ((HELD,), "mended", 0, "the status of pay held once"),
    ((HELD, Learned("degraded", fired=BOTH)), "mended", 0, "the status of pay held 2 times, degraded as promised"),
    ((HELD, Learned("pass", fired=frozenset({0}))), "cannot tell", 3,
     "status 503 on mail fell on no call: the product may not make it any more"),
    ((Learned("inconclusive", because="the proxy is gone"),), "cannot tell", 3, "the proxy is gone"),
    ((Learned("inconclusive"),), "cannot tell", 3, "a trial was inconclusive"),
    ((Learned("refused"),), "cannot tell", 3, "the product refuses this state of the account"),
    ((), "cannot tell", 3, "no trial was made"),
])
def test_what_the_trials_say(trials: tuple[Learned, ...], outcome: str, code: int, sentence: str) -> None:
    found = replayed(PAY, trials, faults=FAULTS, twin=SOUND)
    assert (found.outcome, found.exit_code, found.sentence) == (outcome, code, sentence)


def test_another_broken_promise_is_marked() -> None:
    assert replayed(PAY, (OTHERWISE,), faults=FAULTS, twin=SOUND).otherwise
    assert not replayed(PAY, (BROKEN,), faults=FAULTS, twin=SOUND).otherwise


@pytest.mark.parametrize(("twin", "sentence"), [
    (BROKEN, "the journey fails without faults too: the status of pay; mend that first"),
    (Learned("fail"), "the journey fails without faults too; mend that first"),
    (Learned("inconclusive", because="nobody answers"), "the journey without faults was inconclusive: nobody answers"),
    (Learned("refused"), "the product refuses this state of the account"),
])
@pytest.mark.parametrize("trial", [BROKEN, HELD])
def test_where_the_journey_without_faults_is_not_sound_nobody_can_tell(
        twin: Learned, sentence: str, trial: Learned) -> None:
    assert replayed(PAY, (trial,), faults=FAULTS, twin=twin) == Replayed("cannot tell", sentence)


def test_a_state_alone_has_no_twin() -> None:
    assert replayed(NEVER, (Learned("pass"),), faults=()).sentence == "never a charge without an order held once"


def test_what_broke_now_and_then_has_to_hold_more_often() -> None:
    found = replayed(PAY, (HELD, HELD), faults=FAULTS, twin=SOUND, needed=3)
    assert (found.outcome, found.sentence) == (
        "cannot tell", "it held 2 times; as it broke only now and then, that takes 3 in a row")
    assert replayed(PAY, (HELD,) * 3, faults=FAULTS, twin=SOUND, needed=3).outcome == "mended"


@pytest.mark.parametrize(("confirmed", "needed"), [
    (None, 1), (Confirmed(3, 3), 1), (Confirmed(0, 3), 1), (Confirmed(2, 3), 3), (Confirmed(1, 2), 5),
    (Confirmed(1, 3), 8), (Confirmed(1, 50), 20)])
def test_so_many_trials_that_hold_are_no_luck(confirmed: Confirmed | None, needed: int) -> None:
    assert trials_needed(confirmed) == needed


@pytest.mark.parametrize(("twin", "faults", "sentence"), [
    (BROKEN, FAULTS, "the journey fails without faults too: the status of pay; mend that first, or remove `without` from "
                     "the case: it leaves out search, billed"),
    (BROKEN, (), "the journey fails in the ordinary state too: the status of pay; mend that first, or remove `without` from "
                 "the case: it leaves out search, billed"),
    (Learned("inconclusive"), (), "the journey in the ordinary state was inconclusive: nobody knows why"),
])
def test_where_what_is_left_of_the_journey_is_not_sound_nobody_can_tell(twin: Learned, faults: tuple[str, ...],
                                                                        sentence: str) -> None:
    said = replayed(PAY, (BROKEN,), faults=faults, twin=twin, without=("search", "billed"))
    assert said == Replayed("cannot tell", sentence)
