from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.events import TrialSkipped
from flowprobe.core.redact import Redactor
from flowprobe.report.annotations import annotated
from tests.journals import SLOW, Journal, ended, finding, replied, sent, started, step_ended
from tests.reports import report_of

OTHER = "ffeeddccbbaa9988"


def failing(said: str = "612 ms") -> Journal:
    return Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding("json", "x", said)), ended())


def test_a_fail_stands_at_its_line_with_its_sentence_and_command() -> None:
    line, = annotated(report_of(failing()), lambda file: f"sub/{file}")
    assert line.startswith("::error file=sub/scenarios/test.yaml,line=9,col=7,title=fail%3A A journey · none::'A journey' for pro-eu fails: step 'one'")
    assert line.endswith("%0Arun again: flowprobe run …")


def test_what_passed_and_what_was_not_made_has_none_and_what_cannot_be_judged_has_one() -> None:
    journal = Journal().runner(
        started(), sent("one"), replied(), step_ended("one"), ended(), started("slow", SLOW, trial=OTHER), sent("one", trial=OTHER),
        replied(trial=OTHER), step_ended("one", trial=OTHER), ended(trial=OTHER), started("down", trial="00" * 8),
        TrialSkipped("00" * 8, "stopped", "stopped"))
    line, = annotated(report_of(journal), str)
    assert line.startswith("::error file=scenarios/test.yaml,line=1,col=1,title=inconclusive (fault never fired)%3A A journey · slow::")


def test_percent_signs_colons_and_commas_are_escaped_as_github_wants() -> None:
    journal = Journal().runner(replace(started(), file="a,b:c%.yaml"), sent("one"), replied(),
                               step_ended("one", "broken", replace(finding(), place="")), ended())
    line, = annotated(report_of(journal), str)
    assert line.startswith("::error file=a%2Cb%3Ac%25.yaml,line=1,")


@given(st.text(st.characters()) | st.sampled_from(["\n::error::mine", "\r\n::add-mask::x", "%0A::stop-commands::x"]))
def test_whatever_a_reply_says_it_is_one_line_and_one_command(said: str) -> None:
    line, = annotated(report_of(failing(said)), str)
    assert len(line.splitlines()) == 1
    data = line.split("::", 2)[2]
    assert data.count("%0A") == 1


def test_a_secret_is_in_no_part_of_it() -> None:
    line, = annotated(replace(report_of(failing("s3cr3t%x-token")), redact=Redactor(["s3cr3t%x-token"])), str)
    assert "s3cr3t" not in line
