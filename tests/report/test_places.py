import pytest

from flowprobe.core.events import InvariantJudged
from flowprobe.core.evidence import fold
from flowprobe.core.findings import Finding
from flowprobe.report.places import broken_at, split_place
from tests.journals import Journal, ended, finding, replied, sent, started, step_ended
from tests.scenes import TRIAL


@pytest.mark.parametrize(("place", "parts"), [
    ("scenarios/a.yaml:9:7", ("scenarios/a.yaml", 9, 7)), ("c:/a.yaml:9:7", ("c:/a.yaml", 9, 7)), ("a.yaml", ("a.yaml", 0, 0)),
    ("a.yaml:9", ("a.yaml:9", 0, 0)), ("", ("", 0, 0)), ("a:b:c", ("a:b:c", 0, 0)), ("a:²:3", ("a:²:3", 0, 0)),
])
def test_a_place_comes_apart(place: str, parts: tuple[str, int, int]) -> None:
    assert split_place(place) == parts


def test_the_first_broken_promise_says_where() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), sent("two", 2), replied(2),
                               step_ended("two", "broken", finding()), ended())
    trial, = fold(journal.lines).trials
    assert broken_at(trial) == "scenarios/test.yaml:9:7"


def test_an_invariant_says_it_where_no_step_broke_and_a_trial_that_held_does_not() -> None:
    lost = Finding("always", "invites", "1", "0", "f.yaml:3:1")
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    assert broken_at(fold(journal.lines).trials[0]) == ""
    journal.runner(InvariantJudged(TRIAL, "always", "paid and there", "broken", (lost,)))
    assert broken_at(fold(journal.lines).trials[0]) == "f.yaml:3:1"
