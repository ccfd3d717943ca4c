from __future__ import annotations

import pytest

from flowprobe.core.verdict import Kind
from flowprobe.report.spans import line
from flowprobe.report.story import ROOM, Block, story

HEAD = line("A journey")
FOOT = [line(""), line("✗ fail  exit 1")]


def block(kind: Kind, name: str, length: int = 1, group: str = "a") -> Block:
    return Block((group,), HEAD, kind, tuple(line(f"{name} {number}") for number in range(length)))


def text(*blocks: Block, foot: int = 0, room: int | None = ROOM) -> list[str]:
    lines = story(blocks, [*FOOT, *(line(f"left {number}") for number in range(foot))], more="flowprobe show x TRIAL", room=room)
    return ["".join(span.text for span in each) for each in lines]


def test_what_fits_is_as_it_was_shown() -> None:
    assert text(block(Kind.PASS, "none"), block(Kind.FAIL, "slow", 10)) == [
        "", "A journey", "none 0", *(f"slow {number}" for number in range(10)), "", "✗ fail  exit 1"]


def test_of_what_is_longer_the_worst_is_whole_and_the_others_are_short() -> None:
    said = text(block(Kind.PASS, "none"), block(Kind.INCONCLUSIVE, "odd", 15), block(Kind.FAIL, "slow", 15), block(Kind.FAIL, "down", 15))
    assert [row for row in said if row.startswith("slow")] == [f"slow {number}" for number in range(15)]
    assert [row for row in said if row.startswith(("down", "odd"))] == ["odd 0", "odd 1", "down 0", "down 1"]
    assert "  shortened; the whole of a trial: flowprobe show x TRIAL" in said


@pytest.mark.parametrize(("blocks", "foot"), [
    ([block(Kind.FAIL, "slow", 500)], 0),
    ([block(Kind.FAIL, f"plan-{number}", 20) for number in range(400)], 400),
    ([block(Kind.PASS, f"plan-{number}", 1, str(number)) for number in range(400)], 2),
    ([block(Kind.PASS, f"plan-{number}", 1) for number in range(27)] + [block(Kind.FAIL, "slow", 27)], 20),
])
def test_it_is_never_longer_than_a_screen(blocks: list[Block], foot: int) -> None:
    said = text(*blocks, foot=foot)
    assert len(said) <= ROOM
    assert said[-1] == (f"left {foot - 1}" if foot else "✗ fail  exit 1")


def test_what_is_left_out_is_counted() -> None:
    said = text(*(block(Kind.FAIL, f"plan-{number}", 20) for number in range(40)), block(Kind.PASS, "none"))
    assert "  ✗ 39 more fail" in said
    assert "  ✓ 1 more pass" in said


def test_with_no_room_to_keep_to_there_is_everything() -> None:
    assert len(text(block(Kind.FAIL, "slow", 500), room=None)) == 504


def test_a_run_without_trials_has_its_end() -> None:
    assert text(foot=40)[-1] == "left 39"
