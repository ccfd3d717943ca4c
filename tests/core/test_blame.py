from flowprobe.core.blame import violations
from flowprobe.core.events import InvariantJudged
from flowprobe.core.evidence import fold
from flowprobe.core.findings import Finding
from tests.journals import Journal, ended, replied, sent, started, step_ended
from tests.scenes import TRIAL


def test_an_oracle_that_saw_something_names_the_step() -> None:
    seen = InvariantJudged(TRIAL, "never", "retry-storm", "broken", (Finding("never", "one", "never retry-storm", "sent 9 times"),))
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended(), seen)
    assert violations(fold(journal.lines).trials[0]) == ("never 'retry-storm': one: sent 9 times",)
