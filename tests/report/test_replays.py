"""What came of cases that were tried again, as lines, JSON and JUnit XML."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

from flowprobe.core.events import CleanupPlanned
from flowprobe.core.evidence import RunEvidence, fold
from flowprobe.core.exploring.case import Case
from flowprobe.core.exploring.model import Break
from flowprobe.core.exploring.replaying import Replayed
from flowprobe.report.junit import junit_xml
from flowprobe.report.model import RunReport
from flowprobe.report.replays import CaseReplayed, replay_lines, replays_json, replays_junit
from tests.journals import TRIAL, Journal, ended, started

BROKE = Break("pay", "status", "status", "expected 201, saw 500")


def case(name: str, scenario: str = "../checkout.yaml") -> Case:
    return Case(name, scenario, {"admin": "pro-eu"}, BROKE, file=f"cases/{name}.yaml")


def came(name: str, said: Replayed, *, scenario: str = "../checkout.yaml", seconds: float = 0.5) -> CaseReplayed:
    evidence = RunEvidence(None, (), (), "", {}, 0)
    report = RunReport(Path("runs/1"), evidence, {}, 0, redact=lambda text: text.replace("hush", "***"))
    return CaseReplayed(case(name, scenario), said, report, seconds)


BROKEN = came("one", Replayed("still broken", "the status of pay is broken as it was"))
MENDED = came("two", Replayed("mended", "the status of pay held once"))
UNTOLD = came("three", Replayed("cannot tell", "latency fell on no call, hush"), scenario="../other.yaml")


def test_each_scenario_is_a_suite_and_each_case_a_test_case_of_it() -> None:
    root = ElementTree.fromstring(junit_xml(None, replays_junit([BROKEN, MENDED, UNTOLD])))
    checkout, other = root
    assert (checkout.get("name"), checkout.get("tests"), checkout.get("failures"), checkout.get("errors")) == (
        "../checkout.yaml [pro-eu]", "2", "1", "0")
    assert checkout.get("time") == "1.000"
    broken, mended = checkout
    assert (broken.get("name"), broken[0].tag, broken[0].get("message")) == (
        "one", "failure", "the status of pay is broken as it was")
    assert "flowprobe replay cases/one.yaml" in (broken[0].text or "")
    assert [child.tag for child in mended] == ["system-out"]
    assert (other.get("errors"), other[0][0].tag) == ("1", "error")


def test_a_case_that_was_not_come_to_is_an_error_and_not_green() -> None:
    (suite,) = replays_junit([MENDED], [case("later")])
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")
    assert suite[1][0].get("message") == "it was not come to"


def test_people_read_each_case_how_many_there_are_of_each_and_what_is_left() -> None:
    text = ["".join(span.text for span in line) for line in replay_lines([BROKEN, MENDED], left=1, code=1)]
    assert text[1] == "✗ still broken  one  cases/one.yaml"
    assert text[-2:] == ["  1 more was not come to", "  1 still broken, 1 mended  exit 1"]


def test_what_a_replay_could_not_clean_up_is_told_once_with_what_to_do() -> None:
    journal = Journal().runner(started(), CleanupPlanned(TRIAL, "order", 1, "pro-eu", "DELETE /hush"), ended())
    done = [replace(each, report=replace(each.report, evidence=fold(journal.lines))) for each in (BROKEN, MENDED)]
    text = ["".join(span.text for span in line) for line in replay_lines(done, left=0, code=7)]
    left = "left behind by 'none': order: DELETE /*** was not run"
    assert text[-3:-1] == [f"  {left}", "  `flowprobe cleanup` tries once more to clean it up"]
    assert text.count(f"  {left}") == 1
    assert replays_json(done)[0]["left_behind"] == [left]


def test_secrets_of_the_run_are_in_none_of_them() -> None:
    assert replays_json([UNTOLD])[0]["sentence"] == "latency fell on no call, ***"
    assert "hush" not in junit_xml(None, replays_junit([UNTOLD]))
