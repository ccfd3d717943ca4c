from __future__ import annotations

from typing import Any

import pytest

from flowprobe.report.listing import counted, lasted, run_lines

ROW: dict[str, Any] = {
    "folder": ".flowprobe/runs/x", "state": "ended", "run": "aa11bb22cc33dd44", "kind": "run", "at": 1795377398.8, "seconds": 6.04,
    "environment": "demo", "scenarios": ("A journey", "Another"), "verdict": "fail", "exit_code": 7,
    "counts": {"fail": 4, "pass": 1}, "because": ""}


def text(*rows: dict[str, Any], hidden: int = 0) -> list[str]:
    return ["".join(span.text for span in line).rstrip() for line in run_lines(rows, hidden=hidden)]


def test_a_run_is_one_line() -> None:
    (said,) = text(ROW)
    assert said.startswith("aa11bb  20")
    assert said.endswith("  demo  fail (exit 7)    6.0 s  1 pass, 4 fail  A journey and 1 more")


def test_what_has_not_ended_has_no_verdict() -> None:
    running, cut = text({**ROW, "state": "running", "verdict": "", "exit_code": None, "counts": {"begun": 2}},
                        {**ROW, "state": "cut off", "verdict": "", "exit_code": None})
    assert "  running  " in running
    assert "2 begun" in running
    assert "  cut off  " in cut


def test_an_exploration_is_called_one() -> None:
    assert text({**ROW, "kind": "exploration", "verdict": "2 cases", "exit_code": 1})[0].endswith("exploration: A journey and 1 more")


def test_a_folder_that_cannot_be_read_says_why_and_acts_on_no_terminal() -> None:
    (said,) = text({**ROW, "state": "unreadable", "because": "damaged \x1b[2J"})
    assert said.strip() == ".flowprobe/runs/x: damaged \\x1b[2J"


def test_those_that_are_not_shown_are_counted() -> None:
    assert text(ROW, hidden=3)[-1] == "and 3 older: --all"


@pytest.mark.parametrize(("seconds", "said"), [(0.04, "0.0 s"), (99.0, "99.0 s"), (125, "2 min 05 s"), (3720, "1 h 02 min")])
def test_a_time_is_as_rough_as_people_ask(seconds: float, said: str) -> None:
    assert lasted(seconds) == said


def test_counts_stand_in_the_order_of_the_verdicts() -> None:
    assert counted({"fail": 1, "begun": 3, "pass": 2}) == "2 pass, 1 fail, 3 begun"
    assert counted({}) == "no trials"
