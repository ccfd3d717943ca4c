from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema

from flowprobe.core.nights.model import Overview
from flowprobe.report.nights_ctrf import nights_ctrf
from tests.nights import EXPORT, NAMES, SENTENCE, attempt, broken, overview

SCHEMA = json.loads((Path(__file__).parent / "ctrf" / "schema.json").read_text())


def document(told: Overview) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(nights_ctrf(told))
    jsonschema.validate(found, SCHEMA)
    return found


def test_a_journey_is_a_test_with_its_attempts_and_its_nights() -> None:
    found = document(overview())
    tests = {test["name"]: test for test in found["results"]["tests"]}
    slow = tests["Search · slow-index"]
    assert (slow["status"], slow["retries"], slow["flaky"], slow["message"]) == ("failed", 2, False, SENTENCE)
    assert [each["attempt"] for each in slow["retryAttempts"]] == [1, 2]
    assert slow["insights"]["executedInRuns"] == 34
    assert slow["insights"]["failRate"] == {"current": 5 / 34}
    assert found["results"]["summary"]["failed"] == 1
    assert found["insights"]["runsAnalyzed"] == 35


def test_what_failed_and_then_passed_is_passed_and_flaky() -> None:
    told = overview()
    again = (broken(EXPORT), attempt(EXPORT, number=2))
    found = document(replace(told, attempts={**told.attempts, NAMES[-1]: again}))
    test, = found["results"]["tests"]
    assert (test["status"], test["flaky"], test["retries"]) == ("passed", True, 1)
    assert test["extra"]["quarantinedUntil"] == "2026-12-07"
    assert test["insights"]["flakyRate"]["current"] > 0.1
    assert found["results"]["summary"]["flaky"] == 1


def test_before_the_first_night_there_is_a_document_without_tests() -> None:
    assert document(Overview("new", (), {}))["results"]["tests"] == []
