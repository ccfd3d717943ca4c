import json

from flowprobe.core.evidence import fold
from flowprobe.core.verdict import judge_run
from flowprobe.report.telling import tell
from tests.journals import SLOW, Journal, ended, exchange, finding, injected, replied, sent, started, step_ended

OTHER = "ffeeddccbbaa9988"


def test_a_trial_that_passed_is_told_to_the_result_alone() -> None:
    evidence = fold(Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()).lines)
    trial, = evidence.trials
    told = tell(trial, judge_run(evidence)[trial.started.trial], None)
    assert json.loads("".join(told.result))["verdict"] == "pass"
    assert told.problem == ("", "")


def test_a_trial_that_failed_is_told_beside_its_twin() -> None:
    journal = Journal().runner(
        started(), sent("one"), replied(), step_ended("one"), ended(), started("slow", SLOW, trial=OTHER),
        sent("one", trial=OTHER), replied(trial=OTHER), step_ended("one", "broken", finding(), trial=OTHER), ended(trial=OTHER))
    evidence = fold(journal.proxy(exchange(trial=OTHER), injected(trial=OTHER)).lines)
    twin, trial = evidence.trials
    told = tell(trial, judge_run(evidence)[OTHER], twin)
    assert "; without the fault it was answered 200 in 50 ms." in json.loads("".join(told.result))["why"]
    assert told.problem[0].endswith("; without the fault it was answered 200 in 50 ms.")
    assert "run just this again" in told.problem[1]
    assert "; without the fault it was answered 200 in 50 ms." in next(iter(told.page))


def test_what_is_told_stands_in_lines_without_breaks() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding("json", "a\nb", "c\r\nd")), ended())
    evidence = fold(journal.lines)
    trial, = evidence.trials
    told = tell(trial, judge_run(evidence)[trial.started.trial], None)
    lines = tuple(told.result)
    assert not any("\n" in line for line in lines)
    assert len(lines) == 4  # its head, the step, its foot, and why
