"""`flowprobe plan`, exactly. After a change that is meant: FLOWPROBE_GOLDEN=write, then read the diff aloud."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flowprobe.report.preview import Preview, preview_json, preview_lines
from flowprobe.running.preview import preview
from flowprobe.running.selection import Request, select

pytestmark = pytest.mark.usefixtures("here")
GOLDEN = Path(__file__).parent / "previews"
TEN = datetime(2026, 11, 23, 10, 30, tzinfo=ZoneInfo("Europe/Berlin"))
CASES = {
    "allowed": ("journey.yaml", "production", None),
    "refused": ("wipe.yaml", "production", None),
    "asked": ("journey.yaml", "production", "slow-payments"),
    "staging": ("journey.yaml", "staging", None),
}


def found(file: str, environment: str, faults: str | None) -> Preview:
    request = Request((Path(file),), environment=environment, faults=faults)
    return preview(request, select(request), TEN)


@pytest.mark.parametrize("name", CASES)
def test_a_plan_is_shown_exactly_like_this(name: str) -> None:
    seen = "".join("".join(span.text for span in line).rstrip() + "\n" for line in preview_lines(found(*CASES[name])))
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("FLOWPROBE_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(seen)
    assert seen == golden.read_text()


@pytest.mark.parametrize("name", CASES)
def test_only_a_single_long_word_is_wider_than_a_terminal(name: str) -> None:
    lines = (GOLDEN / f"{name}.txt").read_text().splitlines()
    assert not [line for line in lines if len(line) > 80 and "http" not in line]


def test_machines_are_given_all_of_it() -> None:
    data = json.loads(json.dumps(preview_json(found(*CASES["allowed"]))))
    (group,) = data["groups"]
    look, invite = group["calls"]
    assert [trial["plan"] for trial in group["trials"]] == ["none", "slow"]
    assert (look["times"], look["write"], look["allowed_by"]) == ("1 to 11", False, "GET /v1/** (flowprobe.yaml:14:13)")
    assert invite["cleanup"] == [{"method": "DELETE", "url": "https://api.acme.example/v1/invites/${invite.id}",
                                  "allowed_by": "what its step captured", "looks": False}]
    assert (data["calls"], data["writes"], data["budget"]["calls"], data["exit_code"]) == ("7 to 27", "4", 40, 0)
    assert preview_json(found(*CASES["refused"]))["exit_code"] == 5
