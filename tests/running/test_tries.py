"""The tries of an exploration, kept as they are made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowprobe.core.exploring.model import Learned, Placed, Site, Try
from flowprobe.core.faults.status import Status
from flowprobe.errors import InvalidInput
from flowprobe.running.tries import TRIES, Head, Tries, earlier_tries, refuse_other

DOWN = Try({"seats": 0}, (Placed(Site("payments", "POST /v1/charges", "pay"), Status(503)),))
CALM = Try({"seats": 3}, phase="calibrate")
HEAD = Head("/home/mia/paying.yaml", "abc", "local", {"admin": "pro-eu"}, 7)


def kept(folder: Path) -> Tries:
    tries = Tries(folder, lambda text: text.replace("hush", "***"), HEAD)
    tries.add(CALM, Learned("pass", signature="a"))
    tries.add(DOWN, Learned("fail", because="it said hush"))
    tries.add(CALM, Learned("pass", signature="b"))
    return tries


def test_what_was_learned_is_there_for_the_next_one(tmp_path: Path) -> None:
    kept(tmp_path)
    head, known = earlier_tries(tmp_path)
    assert head == HEAD
    assert [found.signature for found in known[CALM.key]] == ["a", "b"]
    assert known[DOWN.key] == [Learned("fail", because="it said ***")]


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    kept(tmp_path)
    path = tmp_path / TRIES
    path.write_text(path.read_text()[:-20])
    _, known = earlier_tries(tmp_path)
    assert [len(known[CALM.key]), len(known[DOWN.key])] == [1, 1]


def test_a_search_that_was_cut_off_at_its_first_line_knows_nothing(tmp_path: Path) -> None:
    (tmp_path / TRIES).write_text('{"scenario": "/wo')
    assert earlier_tries(tmp_path) == (None, {})


def test_what_came_after_the_journey_stopped_passing_is_left_out(tmp_path: Path) -> None:
    tries = kept(tmp_path)
    tries.add(Try({"seats": 9}), Learned("fail"))
    tries.add(CALM, Learned("fail"))
    _, known = earlier_tries(tmp_path)
    assert {key: len(found) for key, found in known.items()} == {CALM.key: 2, DOWN.key: 1}


@pytest.mark.parametrize(("other", "said"), [
    ({"scenario": "/home/mia/else.yaml"}, "exploration of /home/mia/paying.yaml, not of /home/mia/else.yaml"),
    ({"environment": "demo"}, "of the environment 'local', not 'demo'"), ({"seed": 8}, "its seed was 7, not 8"),
    ({"personas": {"admin": "free-us"}}, "add --persona admin=pro-eu"), ({"content": "xyz"}, "has changed since"),
])
def test_one_that_is_about_something_else_is_refused(tmp_path: Path, other: dict[str, Any], said: str) -> None:
    refuse_other(HEAD, HEAD, tmp_path)
    refuse_other(None, HEAD, tmp_path)
    with pytest.raises(InvalidInput, match=said):
        refuse_other(HEAD, replace(HEAD, **other), tmp_path)


def test_a_file_of_something_else_is_refused_with_its_line(tmp_path: Path) -> None:
    kept(tmp_path)
    path = tmp_path / TRIES
    path.write_text("{}\n" + path.read_text())
    with pytest.raises(InvalidInput, match="none of an exploration") as refused:
        earlier_tries(tmp_path)
    assert refused.value.problems[0].line == 1


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no exploration to go on with"):
        earlier_tries(tmp_path)
