"""Failures that are staged with real processes, and whose doing they are told to be. All of them: `python -m tests.bench blaming`."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from flowprobe.core.events import Diagnosed
from flowprobe.core.evidence import fold
from flowprobe.core.verdict import judge_run
from flowprobe.running.retelling import journal_of
from flowprobe.running.runs import find_run
from tests.bench.blaming import CASES, Came, Stage, staged


def came_of(name: str, folder: Path) -> Came:
    with ExitStack() as stack:
        return staged(CASES[name], Stage(folder, stack), 1)


@pytest.mark.parametrize("name", ["gone after it answered", "down since yesterday", "no name", "the clock jumps by 3600 s, 401",
                                  "the runner stands still, 1 times 1.5 s"])
def test_a_staged_failure_is_told_to_be_whose_it_is(tmp_path: Path, name: str) -> None:
    came = came_of(name, tmp_path)
    assert came.is_right, came


def test_the_journal_alone_gives_the_same_verdict(tmp_path: Path) -> None:
    came = came_of("a wrong token, 401", tmp_path)
    assert came.is_right, came
    state = tmp_path / "01" / ".flowprobe"
    lines, gaps = journal_of(find_run("latest", state))
    (diagnosed,) = (line.event for line in lines if isinstance(line.event, Diagnosed))
    (verdict,) = judge_run(fold(lines)).values()
    assert not gaps
    assert (str(verdict.kind), str(verdict.blame), verdict.reasons) == (came.verdict, came.blame, came.reasons)
    assert diagnosed.because == verdict.reasons[:1] == (
        "pro-eu is refused with its own credentials: GET /first is answered 401",)
    assert diagnosed.seen["credentials"] == "GET /first as pro-eu is answered 401"
    assert "the-token-of-pro-eu" not in json.dumps([str(line.event) for line in lines])
