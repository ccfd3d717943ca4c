"""What is tried while shrinking is a state that the scenario's account may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from flowprobe.core.exploring.allowing import allowed_by
from flowprobe.files.scenarios import load_scenario

SCENARIO = load_scenario(Path("a.yaml"), text="""\
flowprobe: 1
scenario: A
personas: {admin: pro-eu}
account:
  seats: {default: 3, integers: {min: 0, max: 1000}}
  used: {default: 1, integers: {min: 0, max: 1000}}
  card: {default: valid, sampled_from: [valid, expired]}
  region: {default: eu}
constraints:
  - {account.used: {$lt: "${account.seats}"}}
workflow: [{step: one, call: GET /a}]
""")
USUAL = {"seats": 3, "used": 1, "card": "valid", "region": "eu"}


@pytest.mark.parametrize(("changed", "may"), [
    ({}, True), ({"seats": 1000}, True), ({"seats": 1001}, False), ({"card": "exp"}, False), ({"card": "expired"}, True),
    ({"region": "us"}, False), ({"used": 3}, False), ({"seats": 3.5}, False), ({"other": 1}, False)])
def test_fields_are_within_their_strategies_and_hold_together(changed: dict[str, Any], may: bool) -> None:
    assert allowed_by(SCENARIO, USUAL)({**USUAL, **changed}) == may


def test_what_was_found_outside_of_them_may_stay() -> None:
    first = {**USUAL, "card": "stolen", "used": 9, "other": 1}
    allowed = allowed_by(SCENARIO, first)
    assert allowed(first)
    assert allowed({**first, "used": 5})
    assert not allowed({**first, "other": 2})
