from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from flowprobe.core.exploring.exploration import Exploration
from flowprobe.core.exploring.model import Try
from flowprobe.report.exploring_json import exploration_json
from flowprobe.report.exploring_schema import exploration_schema
from tests.explorations import ABOUT, CASES, FOUND, QUIET, WHOLE

ROOT = Path(__file__).parents[2]
DATA: dict[str, Any] = json.loads(json.dumps(exploration_json(WHOLE, CASES, ABOUT)))


def valid(data: Any) -> None:
    Draft202012Validator(exploration_schema()).validate(json.loads(json.dumps(data, allow_nan=False)))


def test_the_published_schema_is_that_of_the_code() -> None:
    """Otherwise: flowprobe schema exploration > docs/schema/exploration.v1.json"""
    text = (ROOT / "docs/schema/exploration.v1.json").read_text()
    assert text == json.dumps(exploration_schema(), indent=2) + "\n"
    Draft202012Validator.check_schema(exploration_schema())


def test_every_exploration_fits_its_schema() -> None:
    valid(DATA)
    valid(exploration_json(QUIET, (), ABOUT))
    valid(exploration_json(Exploration("no baseline", "", WHOLE.baseline), (), ABOUT))


def test_the_schema_has_every_key_and_none_that_is_not_there() -> None:
    assert _unknown(DATA, exploration_schema()) == []


def _unknown(data: Any, schema: dict[str, Any], where: str = "") -> list[str]:
    """Keys of the data that the schema does not name."""
    schema = _resolved(schema)
    if isinstance(data, list):
        return [key for item in data for key in _unknown(item, schema["items"], f"{where}[]")]
    if not isinstance(data, dict) or "propertyNames" in schema or schema == _resolved({"$ref": "#/$defs/state"}):
        return []
    found = []
    for key, value in data.items():
        known = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
        found += _unknown(value, known, f"{where}.{key}") if known else [f"{where}.{key}"]
    return found


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return dict(exploration_schema()["$defs"][schema["$ref"].rpartition("/")[2]])
    return dict(schema["anyOf"][0]) if "anyOf" in schema else schema


def test_a_case_has_all_that_it_takes_to_see_it_again() -> None:
    case = DATA["cases"][0]
    assert case["state"]["seats"] == 0
    assert case["differs"] == {"seats": {"value": "0", "usual": "3"}}
    assert case["faults"] == [{
        "site": {"edge": "payments", "call": "POST /v1/charges", "step": "pay", "ordinal": 1},
        "kind": "lost_reply", "described": "lost reply, close"}]
    assert (case["confirmed"], case["of"], case["flake_rate"], case["also"]) == (3, 3, 0.0, 4)
    assert DATA["cases"][1]["thresholds"] == [{"fault": 0, "breaks_s": 0.31, "holds_s": 0.3}]


def test_the_totals_are_those_of_the_cells() -> None:
    outcomes = [cell["outcome"] for row in DATA["coverage"]["sites"] for cell in row["cells"].values()]
    assert DATA["coverage"]["totals"] == {outcome: outcomes.count(outcome) for outcome in set(outcomes)}


def test_numbers_that_json_has_none_for_are_texts() -> None:
    odd = FOUND[0]
    flaky = WHOLE.flaky[0]
    tried = Try({"seats": float("inf"), "since": Path("x")})
    told = exploration_json(Exploration("whole", "", WHOLE.baseline, flaky=(type(flaky)(tried, odd.breaks, 1, 2),)), (), ABOUT)
    assert told["flaky"][0]["state"] == {"seats": "Infinity", "since": "x"}
    valid(told)
