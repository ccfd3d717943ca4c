from __future__ import annotations

import pytest

from flowprobe.core.diffing import Gist, compare, gist_of
from flowprobe.core.evidence import fold
from flowprobe.core.findings import Finding
from flowprobe.core.verdict import judge_run
from tests.journals import Journal, ended, exchange, finding, replied, sent, started, step_ended
from tests.scenes import TRIAL


def gists(*, plan: str = "none", seconds: float = 0.05, outcome: str = "held", found: tuple[Finding, ...] = (), calls: int = 0) -> list[Gist]:
    journal = Journal().runner(started(plan), sent("look"), replied(seconds=seconds), step_ended("look", outcome, *found))
    journal.proxy(*(exchange(f"x{number}") for number in range(calls))).runner(ended())
    evidence = fold(journal.lines)
    verdicts = judge_run(evidence)
    return [gist_of(trial, verdicts[trial.started.trial]) for trial in evidence.trials]


def test_a_run_is_the_same_as_itself() -> None:
    diff = compare(gists(calls=2), gists(calls=2))
    assert (diff.changed, diff.is_worse) == ((), False)


def test_what_broke_is_worse_and_the_other_way_round_is_not() -> None:
    green, red = gists(), gists(outcome="broken", found=(finding(),))
    (worse,) = compare(green, red).trials
    assert (worse.is_worse, worse.new, worse.gone) == (True, ("look: within: expected at most 400 ms, saw 612 ms",), ())
    (better,) = compare(red, green).trials
    assert (better.is_worse, better.new, better.gone) == (False, (), worse.new)


def test_a_promise_that_is_broken_again_is_the_same_finding_whatever_was_seen() -> None:
    one = gists(outcome="broken", found=(finding(seen="612 ms"),))
    other = gists(outcome="broken", found=(finding(seen="733 ms"),))
    assert not compare(one, other).changed


def test_another_promise_that_breaks_in_a_trial_that_was_red_already_is_worse() -> None:
    one = gists(outcome="broken", found=(finding(),))
    other = gists(outcome="broken", found=(finding(), finding("status", "200", "500")))
    assert compare(one, other).is_worse


def test_the_id_of_a_trial_makes_no_finding_another_one() -> None:
    one = gists(outcome="broken", found=(finding("json", f"guest+{TRIAL}@example.test", "nothing there"),))
    assert not any("…" not in part and TRIAL in part for about in one[0].findings for part in about)


@pytest.mark.parametrize(("before", "after", "told"), [
    (0.05, 0.09, False), (0.05, 0.11, True), (1.0, 1.4, False), (1.0, 1.6, True), (1.6, 1.0, True)])
def test_a_time_is_told_where_it_is_beyond_what_comes_and_goes(before: float, after: float, told: bool) -> None:
    (trial,) = compare(gists(seconds=before), gists(seconds=after)).trials
    assert bool(trial.times) is told
    assert not trial.is_worse, "a time by itself is no judgement"


def test_provider_calls_that_appeared_or_vanished_are_counted_under_their_step() -> None:
    (trial,) = compare(gists(calls=2), gists(calls=3)).trials
    assert trial.calls == {("look", "payments", "POST /v1/charges"): (2, 3)}


def test_a_trial_that_only_one_run_has_is_worse_where_it_is_new_and_red() -> None:
    red = gists(plan="slow", outcome="broken", found=(finding(),))
    assert compare([], red).is_worse
    assert not compare(red, []).is_worse
    assert not compare([], gists(plan="slow")).is_worse
    assert len(compare([], red).changed) == 1


def test_trials_that_are_alike_are_matched_in_their_order() -> None:
    one = gists() + gists(outcome="broken", found=(finding(),))
    assert not compare(one, one).changed
    assert [trial.key.turn for trial in compare(one, one[:1]).changed] == [2]


def test_the_order_of_the_trials_does_not_matter() -> None:
    one, other = gists(), gists(plan="slow")
    assert not compare(one + other, other + one).changed
