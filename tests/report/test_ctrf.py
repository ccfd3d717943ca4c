import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker

from flowprobe.core.events import RunStarted, TrialSkipped
from flowprobe.core.redact import Redactor
from flowprobe.report.ctrf import ctrf_text
from flowprobe.report.model import RunReport
from tests.journals import SLOW, Journal, ended, finding, replied, sent, started, step_ended
from tests.reports import report_of

SCHEMA = json.loads((Path(__file__).parent / "ctrf" / "schema.json").read_text())
"""As its authors publish it, in the package `ctrf` of npm, 0.3.0."""
OTHER, THIRD = "ffeeddccbbaa9988", "0011223344556677"


def read(report: RunReport, build: Mapping[str, str] = {}) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("".join(ctrf_text(report, build)).encode("utf-8", "strict"))
    Draft7Validator(SCHEMA, format_checker=FormatChecker()).validate(found)
    return found


def three() -> Journal:
    """A fail, a degraded trial, and one that was not made."""
    return Journal().runner(
        RunStarted("r1", "1.2.3", 7, "local", "flowprobe run"), started(), sent("one"), replied(),
        step_ended("one", "broken", finding()), ended(),
        started("eased", trial=OTHER), sent("one", trial=OTHER), replied(trial=OTHER),
        step_ended("one", "degraded", finding(), because="under eased", trial=OTHER), ended(trial=OTHER),
        started("slow", SLOW, trial=THIRD), TrialSkipped(THIRD, "nothing to compare with", "baseline"))


def test_each_trial_is_a_test_with_what_became_of_it() -> None:
    report = replace(report_of(three()), began=100.0, ended=102.5)
    results = read(report)["results"]
    failed, degraded, skipped = results["tests"]
    assert [test["status"] for test in results["tests"]] == ["failed", "passed", "other"]
    assert [test["rawStatus"] for test in results["tests"]] == ["fail", "degraded", "inconclusive"]
    assert results["summary"] == {"tests": 3, "passed": 1, "failed": 1, "skipped": 0, "pending": 0, "other": 1, "suites": 1,
                                  "start": 100_000, "stop": 102_500}
    assert failed["message"].startswith("'A journey' for pro-eu fails: step 'one' took 612 ms")
    assert "run just this again" in failed["trace"]
    assert (failed["filePath"], failed["line"]) == ("scenarios/test.yaml", 9)
    assert failed["suite"] == ["scenarios/test.yaml", "admin=pro-eu"]
    assert (degraded["message"], "trace" in degraded) == ("one: under eased", False)
    assert (skipped["message"], skipped["extra"]["blame"]) == ("nothing to compare with", "baseline")


def test_the_scenarios_tags_and_what_is_known_of_the_build_are_in_it() -> None:
    journal = Journal().runner(RunStarted("r1", "1.2.3", 7, "local", "flowprobe run"), replace(started(), tags=("quick",)),
                               sent("one"), replied(), step_ended("one"), ended())
    results = read(report_of(journal), {"commit": "a1b2"})["results"]
    assert results["tests"][0]["tags"] == ["quick"]
    assert results["environment"] == {"testEnvironment": "local", "commit": "a1b2"}
    assert results["tool"] == {"name": "flowprobe", "version": "1.2.3"}


def test_nothing_is_told_of_retries_that_were_not_made() -> None:
    assert not {"retries", "flaky", "retryAttempts"} & {key for test in read(report_of(three()))["results"]["tests"] for key in test}


def test_a_test_has_the_same_id_in_each_run_and_another_one_than_its_neighbour() -> None:
    one, other = ([test["id"] for test in read(report_of(three()))["results"]["tests"]] for _ in range(2))
    assert one == other
    assert len(set(one)) == 3


def test_a_run_without_trials_is_a_document_too() -> None:
    assert read(report_of(Journal()))["results"]["tests"] == []


def test_a_secret_is_in_no_part_of_it() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding("json", "s3cr3t-x", "s3cr3t-x")), ended())
    text = "".join(ctrf_text(replace(report_of(journal), redact=Redactor(["s3cr3t-x"])), {"branchName": "s3cr3t-x"}))
    assert "s3cr3t" not in text
    assert text.count("«redacted»") >= 3


@given(st.text(st.characters()) | st.sampled_from(["]]>", "\x1b[31m", "\u202egpj", "\ud800", '"}]}', "\x00"]))
def test_whatever_a_reply_says_the_file_can_be_read_back(text: str) -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one", "broken", finding("json", text, text)), ended())
    test, = read(report_of(journal))["results"]["tests"]
    assert test["status"] == "failed"
