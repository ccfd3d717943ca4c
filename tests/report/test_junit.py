from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.report.junit import junit_xml
from tests.journals import SLOW, Journal, ended, finding, replied, sent, started, step_ended
from tests.reports import report_of

OTHER = "ffeeddccbbaa9988"


def test_a_fail_is_a_failure_and_an_inconclusive_verdict_an_error() -> None:
    journal = Journal().runner(
        started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended(),
        started("slow", SLOW, trial=OTHER), sent("one", trial=OTHER), replied(trial=OTHER), step_ended("one", trial=OTHER),
        ended(trial=OTHER))
    suite = ElementTree.fromstring(junit_xml(report_of(journal)))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "1")
    fail, error = suite
    assert (fail.get("name"), fail[0].tag, error.get("name"), error[0].tag) == ("none", "failure", "slow", "error")
    assert "'A journey' for pro-eu fails: step 'one' took 612 ms" in (fail[0].get("message") or "")
    assert "never fired" in (error[0].get("message") or "")


def test_a_pass_is_a_case_without_children_and_a_degraded_one_says_what_eased_it() -> None:
    journal = Journal().runner(
        started(), sent("one"), replied(), step_ended("one"), ended(),
        started(trial=OTHER), sent("one", trial=OTHER), replied(trial=OTHER),
        step_ended("one", "degraded", finding(), because="under x", trial=OTHER), ended(trial=OTHER))
    passed, degraded = ElementTree.fromstring(junit_xml(report_of(journal)))[0]
    assert len(passed) == 0
    assert degraded[0].text == "degraded: one: under x"


def test_what_broke_and_was_made_good_has_passed_and_its_output_says_what_broke() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding()), ended())
    report = report_of(journal)
    (trial,) = report.verdicts
    suite = ElementTree.fromstring(junit_xml(report, made_good={trial: "attempt 2 passed"}))[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")
    ((output,),) = suite
    assert output.tag == "system-out"
    assert (output.text or "").startswith("attempt 2 passed\n'A journey' for pro-eu fails: step 'one' took 612 ms")


@given(st.text(st.characters()))
def test_whatever_a_reply_says_the_file_can_be_read_back(text: str) -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding("json", text, text)),
                               ended())
    document = junit_xml(report_of(journal))
    assert ElementTree.fromstring(document.encode())[0][0][0].tag == "failure"
