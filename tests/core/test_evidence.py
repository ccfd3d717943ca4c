from dataclasses import replace

from flowprobe.core.events import (
    CleanupEnded,
    CleanupPlanned,
    CleanupSettled,
    ExchangeEnded,
    HookFailed,
    LeaseEnded,
    SendsJudged,
    ToolFailure,
)
from flowprobe.core.evidence import fold
from flowprobe.core.verdict import leftovers
from tests.journals import Journal, ended, exchange, finding, injected, replied, sent, started, step_ended
from tests.scenes import TRIAL


def test_a_provider_call_with_our_trace_stands_under_its_call_even_when_it_comes_late() -> None:
    journal = Journal().runner(started(), sent("one"), replied(at=100.0, seconds=0.05), step_ended("one"), ended())
    journal.proxy(exchange(call=1, started_at=109.0))
    step = fold(journal.lines).trials[0].steps[0]
    assert [(found.exchange.exchange, found.by) for found in step.calls[0].exchanges] == [("x1", "call")]


def test_a_provider_call_without_a_trace_is_joined_by_the_window_of_the_call_in_flight() -> None:
    journal = Journal().runner(
        started(), sent("one", 1), replied(1, at=100.0, seconds=0.1), step_ended("one"),
        sent("two", 2), replied(2, at=100.2, seconds=0.1), step_ended("two"), ended())
    journal.proxy(exchange("a", call=None, started_at=100.05), exchange("b", call=None, started_at=100.15),
                  exchange("c", call=None, started_at=100.25), exchange("d", call=None, started_at=99.0))
    trial = fold(journal.lines).trials[0]
    joined = {e.exchange.exchange: (step.name, e.by) for step in trial.steps for call in step.calls for e in call.exchanges}
    assert joined == {"a": ("one", "window"), "b": ("one", "after"), "c": ("two", "window")}
    assert [e.exchange.exchange for e in trial.exchanges] == ["d"]


def test_the_streams_may_be_read_in_any_order() -> None:
    journal = Journal().runner(started(), sent("one")).proxy(exchange(), injected()).runner(
        replied(), step_ended("one"), ended())
    runner = [line for line in journal.lines if line.writer == "runner"]
    proxy = [line for line in journal.lines if line.writer == "proxy"]
    assert fold([*proxy, *runner]) == fold([*runner, *proxy]) == fold(journal.lines)


def test_a_receipt_stands_with_its_exchange() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()).proxy(exchange(), injected())
    trial = fold(journal.lines).trials[0]
    assert trial.steps[0].calls[0].exchanges[0].injections == trial.receipts != ()


def test_calls_of_the_cleanup_are_not_steps_of_the_workflow() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended(),
                               sent("one", 0x80000001, phase="cleanup"), replied(0x80000001, at=100.5))
    journal.proxy(exchange("refund", call=0x80000001, started_at=100.51))
    trial = fold(journal.lines).trials[0]
    assert len(trial.calls) == 1
    assert trial.calls[0].exchanges == () == trial.exchanges


def test_a_gap_in_a_stream_is_trouble() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    del journal.lines[2]
    assert "gap" in fold(journal.lines).trouble[0]
    assert fold(journal.lines, whole=False).trouble == ()


def test_what_fails_on_our_side_is_trouble_of_the_trial_that_ran() -> None:
    journal = Journal().runner(started(), ToolFailure("proxy", "killed", TRIAL)).proxy(
        HookFailed("request", "KeyError", trial=TRIAL), LeaseEnded("l", "expired"), LeaseEnded("l", "released"))
    assert len(fold(journal.lines).trials[0].trouble) == 3


def test_an_injection_into_a_call_that_is_nobodys_is_collateral() -> None:
    run = fold(Journal().proxy(injected(trial=""), exchange(trial=None, call=None)).lines)
    assert (run.collateral, run.unattributed) == (1, 1)


def test_calls_of_nobody_are_counted_by_edge() -> None:
    run = fold(Journal().proxy(exchange("a", trial=None, call=None), exchange("b", trial=None, call=None)).lines)
    assert (run.nobodys, run.unattributed) == ({exchange().edge: 2}, 2)
    assert run.plus(run, None).nobodys == {exchange().edge: 4}


def test_what_a_step_made_the_product_send_can_break_or_ease_it() -> None:
    for outcome in ("broken", "degraded"):
        journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended(),
                                   SendsJudged(TRIAL, "one", outcome, (finding("sends"),), "under x"))
        step = fold(journal.lines).trials[0].steps[0]
        assert (step.outcome, step.findings[0].kind) == (outcome, "sends")


def test_the_last_word_about_a_cleanup_counts() -> None:
    journal = Journal().runner(started(), CleanupPlanned(TRIAL, "one", 1, "pro-eu", "DELETE /x"),
                               CleanupEnded(TRIAL, "one", "gone"), ended())
    assert fold(journal.lines).trials[0].cleanup == {"one": CleanupEnded(TRIAL, "one", "gone")}


def test_a_trial_without_its_journey_keeps_only_the_cleanup_that_is_not_settled() -> None:
    settled = CleanupSettled(TRIAL, "three", 3, "pro-eu", "not-needed")
    planned = CleanupPlanned(TRIAL, "two", 2, "pro-eu", "DELETE /x")
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended(), CleanupEnded(TRIAL, "one", "gone"),
                               planned, settled, CleanupEnded(TRIAL, "four", "failed"))
    trial = fold(journal.proxy(exchange(), injected()).lines).trials[0]
    light = trial.without_journey()
    assert (light.steps, light.receipts, light.exchanges) == ((), (), ())
    assert list(light.cleanup) == ["two", "four"]
    assert leftovers(light) == leftovers(trial)
    assert len(leftovers(trial)) == 2
    assert (light.started, light.seconds, light.how) == (trial.started, trial.seconds, trial.how)


def test_collateral_is_trouble_for_everybody() -> None:
    assert "1 injections fell on calls that were not ours" in fold(Journal().proxy(injected(trial="")).lines).trouble[0]
    assert fold(Journal().proxy(exchange(trial=None, call=None)).lines).trouble == ()


def test_what_was_left_alone_and_what_nobody_declared_is_counted() -> None:
    def one(number: str, **more: str) -> ExchangeEnded:
        return replace(exchange(number, call=None), trial=None, **more)

    first = fold(Journal().proxy(one("a", spared="unattributed", evidence="none"), one("b")).lines)
    second = fold(Journal().proxy(one("c", spared="unattributed", evidence="none"),
                                  one("d", edge="undeclared", host="cdn.example")).lines)
    run = first.plus(second, None)
    assert {(each.edge, each.why): calls for each, calls in run.spared.items()} == {("payments", "unattributed"): 2}
    assert run.undeclared == {"cdn.example": 1}
