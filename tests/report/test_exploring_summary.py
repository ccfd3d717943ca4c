from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.exploration import Exploration
from flowprobe.report.exploring_summary import exploration_summary
from flowprobe.report.exploring_told import About
from flowprobe.report.visible import visible
from tests.explorations import ABOUT, CASES, WHOLE

TEXT = exploration_summary(WHOLE, CASES, ABOUT)


def test_the_cases_stand_first_with_the_commands_to_replay_them() -> None:
    lines = TEXT.splitlines()
    assert lines[0] == "### ✗ 6 cases found · Invite a colleague"
    assert lines[2].startswith("1. **zero seats + lost reply, close on payments: invite: charged, and no invite")
    assert lines[3:5] == ["   - confirmed 3 of 3", "   - `flowprobe replay cases/invite-a-colleague-0.yaml`"]
    assert "- call × kind: 11 broken, 11 degraded, 77 tolerated" in TEXT
    assert lines[-1] == "- go on with `flowprobe explore scenarios/invite.yaml --resume`"


def test_markup_in_a_name_stays_text() -> None:
    assert r"\<b\>cödé\</b\>" in TEXT


@given(st.text())
def test_a_command_is_in_more_backticks_than_stand_in_it(text: str) -> None:
    told = exploration_summary(Exploration("whole", "", WHOLE.baseline), (), About("x", resume=text or "x"))
    command = told.rstrip("\n").split("\n")[-1].removeprefix("- go on with ")
    ticks = len(command) - len(command.lstrip("`"))
    inside = command[ticks:-ticks]
    assert visible(text or "x") in inside
    assert "`" * ticks not in inside


def test_a_link_an_emoji_and_a_mention_stay_text() -> None:
    told = exploration_summary(WHOLE, (), About("https://x.example :tada: @all #1 www.x.example"))
    assert told.startswith(r"### ✗ 6 cases found · https\://x.example \:tada: \@all \#1 www\.x.example")


def test_of_very_many_cases_the_first_are_told() -> None:
    told = exploration_summary(WHOLE, CASES * 4, ABOUT)
    assert "\n20. **" in told
    assert "\n21. " not in told
    assert "\nand 4 more\n" in told
