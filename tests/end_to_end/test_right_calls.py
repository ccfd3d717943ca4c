"""Faults that mean some of the calls, through the whole of a run: what fell, what did not, and why."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.end_to_end.conftest import Place

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PROFILE = """\
flowprobe: 1
profile: picky
faults:
  payments:
    - {latency: 5ms, match: {method: POST, path: /v1/charges, step: pay, persona: admin, call: 1}}
    - {latency: 5ms, match: {json: {amount: {$gt: 4000}}}, when: {between: [1, 2], window: {to: 1h}}}
    - {status: 503, when: {probability: 0.01}}
    - {status: 503, match: {method: DELETE}}
    - {status: 503, match: {step: elsewhere}}
"""


def test_faults_fall_on_the_calls_that_they_mean_and_say_why_not(place: Place) -> None:
    for file in ("payment.yaml", "flowprobe.yaml"):
        shutil.copy(SCENARIOS / file, place.folder)
    (place.folder / "picky.yaml").write_text(PROFILE)
    result = place.run("payment.yaml", "--faults", "picky.yaml", "--seed", "3")
    trial = result.trial("picky")
    assert (result.code, trial["verdict"], trial["blame"]) == (3, "inconclusive", "fault never fired")
    assert [(receipt["fault"], receipt["depends_on"]) for receipt in trial["receipts"]] == [
        ("payments", ""), ("payments[1]", "time")]
    assert [fault["id"] for fault in trial["faults"]] == ["payments", "payments[1]", "payments[2]", "payments[3]"]
    drawn, other = trial["reasons"]
    assert "the draw spared 1 call (POST /v1/charges ×1): it asks for probability 0.01; another --seed" in drawn
    assert "`match` did not fit 1 call: 1 had another method" in other
    assert {"fault": "payments[2]", "reason": "probability", "calls": 1} in trial["passed"]
    assert any("picky.yaml:9:7: no trial of this run can suffer this fault" in note for note in result.json["notes"])
