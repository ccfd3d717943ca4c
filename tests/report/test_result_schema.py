import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from flowprobe.core.events import (
    CleanupEnded,
    CleanupPlanned,
    CleanupSettled,
    FaultsPassed,
    FoundBy,
    InvariantJudged,
    RunStarted,
    TrialSkipped,
)
from flowprobe.core.findings import Finding
from flowprobe.report.result_json import result_text
from flowprobe.report.result_schema import result_schema
from tests.journals import (
    SLOW,
    Journal,
    ended,
    exchange,
    finding,
    injected,
    replied,
    sent,
    started,
    step_ended,
    unanswered,
)
from tests.reports import report_of
from tests.scenes import TRIAL

PUBLISHED = Path(__file__).parents[2] / "docs" / "schema" / "result.v1.json"


def closed(schema: Any) -> Any:
    """The same, in which no key may stand that it does not know: what a result has more is missing in the schema."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if isinstance(inner.get("properties"), dict) and "type" in inner else inner


CLOSED = Draft202012Validator(closed(result_schema()))


def rich() -> Journal:
    found = FoundBy("GET", "/v1/things", {"name": "x"}, "$.items[*]", "id")
    journal = Journal().runner(
        RunStarted("r1", "1.2.3", 7, "local", "flowprobe run"), started("slow", SLOW), sent("one"), replied(),
        step_ended("one", "broken", finding()), sent("two", 2), unanswered(2), step_ended("two", "broken", finding("no-reply")),
        step_ended("three", "not-reached", because="one"),
        CleanupPlanned(TRIAL, "one", 1, "pro-eu", "DELETE /x", 1, "DELETE", "/x", found),
        CleanupSettled(TRIAL, "two", 2, "pro-eu", "due", "DELETE", "/y"), CleanupEnded(TRIAL, "three", "gone"),
        InvariantJudged(TRIAL, "always", "it is there", "broken", (Finding("always", "a", "b", "c", "f:1:1"),), "why"), ended())
    return journal.proxy(exchange(), injected(), exchange("x2", call=None, started_at=90.0, status=None, upstream_status=None),
                         exchange("x3", edge="undeclared", call=None, trial=None), FaultsPassed("l", TRIAL, {"payments": {"spared": 2}}))


@pytest.mark.parametrize("journal", [
    Journal(), rich(), Journal().runner(started(), TrialSkipped(TRIAL, "stopped", "stopped")),
    Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()),
], ids=["nothing", "everything", "skipped", "passed"])
def test_a_result_has_the_keys_that_the_schema_names_and_no_others(journal: Journal) -> None:
    CLOSED.validate(json.loads("".join(result_text(report_of(journal)))))


def test_the_schema_is_one_and_it_is_the_one_that_is_published() -> None:
    """Otherwise: flowprobe schema result > docs/schema/result.v1.json"""
    Draft202012Validator.check_schema(result_schema())
    assert PUBLISHED.read_text() == json.dumps(result_schema(), indent=2) + "\n"


@pytest.mark.parametrize(("path", "value"), [
    (("verdict",), "passed"), (("trials", 0, "steps", 0, "outcome"), "green"), (("trials", 0, "receipts", 0, "asked_s"), "1s"),
    (("trials", 0, "exchanges", 0, "status"), "200"), (("trials", 0, "cleanup", "one", "find"), "x"), (("seed",), -1),
])
def test_what_is_not_as_it_says_is_refused(path: tuple[Any, ...], value: object) -> None:
    result = json.loads("".join(result_text(report_of(rich()))))
    place = result
    for part in path[:-1]:
        place = place[part]
    assert path[-1] in place or isinstance(place, list)
    place[path[-1]] = value
    assert not CLOSED.is_valid(result)
