"""A night on one screen, and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

from flowprobe.core.nights.classified import classified
from flowprobe.core.nights.model import Counted, Journey, State
from flowprobe.core.verdict import Kind
from flowprobe.report.night_told import NightTold, night_json, night_lines
from tests.nights import EXPORT, NAMES, SEARCH, SENTENCE, SLOW, attempt, broken, night, overview

ATTEMPTS = (attempt(SEARCH), broken(SLOW), broken(SLOW, 2), broken(SLOW, 3), broken(EXPORT), attempt(EXPORT, number=2))
COUNTED = (Counted(SEARCH, "", 20, 0),)
NIGHT = replace(night(NAMES[-1], verdict=Kind.FAIL), exit_code=1)


def told(**more: object) -> NightTold:
    found = NightTold(NIGHT, classified(ATTEMPTS, COUNTED), overview(), "runs/x", page="nights/production.html")
    return replace(found, **more)  # type: ignore[arg-type]


def text(said: NightTold) -> str:
    return "\n".join("".join(span.text for span in line) for line in night_lines(said))


def test_what_broke_comes_first_and_says_how_often() -> None:
    lines = text(told()).splitlines()
    assert lines[1].startswith(f"✗ night {NAMES[-1]}: fail  1 pass, 1 degraded, 1 fail of 3 journeys  exit 1")
    assert lines[2] == f"  ✗ {SLOW}  fail, 3 of 3 attempts in the same way"
    assert lines[3].strip() == SENTENCE
    assert lines[4] == f"  ≈ {EXPORT}  recovered: it broke, and passed at attempt 2"
    assert lines[6] == f"  ✓ {SEARCH}  ×20"


def test_what_changed_and_what_is_learned_is_told_once() -> None:
    said = text(told())
    assert "~ Search (user=pro-eu) find: 300 ms where 200 ms was usual (×1.50), since" in said
    assert "still learning: 1 of 3 latencies" in said
    assert f"in quarantine until 2026-12-07: {EXPORT}" in said
    assert "alerts: 2 open" in said


def test_many_journeys_that_did_well_do_not_push_the_others_off_the_screen() -> None:
    many = tuple(attempt(Journey(f"Journey {number}", "user=a")) for number in range(60))
    lines = text(told(journeys=classified((*many, *ATTEMPTS)))).splitlines()
    assert len(lines) < 40
    assert "✓ and 49 more" in "\n".join(lines)


def test_a_night_that_was_told_again_says_that_nothing_was_sent() -> None:
    assert "it has ended already: nothing was sent (--again makes another)" in text(told(folder="", found="it has ended already"))


def test_a_night_that_was_cut_off_says_why() -> None:
    cut = replace(NIGHT, state=State.CUT_OFF, because="SIGTERM", verdict=None)
    assert f"? night {NAMES[-1]}: cut off" in text(told(night=cut))
    assert "cut off: SIGTERM" in text(told(night=cut))


def test_a_night_that_was_cut_off_has_no_verdict_of_the_journeys_that_it_made() -> None:
    cut = replace(NIGHT, state=State.CUT_OFF, because="SIGINT", verdict=Kind.PASS, exit_code=130)
    lines = text(told(night=cut, journeys=classified((attempt(SEARCH),)), planned=3)).splitlines()
    assert lines[1].startswith(f"? night {NAMES[-1]}: cut off  1 pass of 1 journeys  exit 130")
    assert lines[2] == "  cut off: SIGINT; 1 of 3 journeys made"


def test_what_a_product_says_does_not_move_the_terminal() -> None:
    evil = replace(broken(SEARCH), sentence="\x1b[2Jgone")
    assert "\x1b" not in text(told(journeys=classified((evil,))))


def test_machines_are_told_all_of_it() -> None:
    found = json.loads(json.dumps(night_json(told(notes=("left out: a plan",)))))
    assert (found["night"], found["verdict"], found["exit_code"], found["notes"]) == (NAMES[-1], "fail", 1, ["left out: a plan"])
    slow = next(each for each in found["journeys"] if each["plan"] == SLOW.plan)
    assert (slow["outcome"], slow["confirmed"], [each["number"] for each in slow["attempts"]]) == ("fail", True, [1, 2, 3])
    assert [each["state"] for each in found["latencies"]] == ["steady", "changed", "learning"]
    assert {key: len(found[key]) for key in ("rates", "flakes", "drifts", "alerts")} == {
        "rates": 2, "flakes": 1, "drifts": 1, "alerts": 3}
