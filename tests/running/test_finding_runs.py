from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.events import Event, RunEnded, RunStarted
from flowprobe.errors import InvalidInput
from flowprobe.journal.writer import JournalWriter
from flowprobe.running.runs import (
    Run,
    Unreadable,
    exploration_of,
    find_run,
    find_trial,
    known_runs,
    result_of,
    trials_of,
)
from tests.journals import ended, started

FIRST, SECOND = "aa11bb22cc33dd44", "aa99bb22cc33dd44"


def written(state: Path, name: str, run: str, *events: Event, at: float = 1000.0, whole: bool = True) -> Path:
    folder = state / "runs" / name
    with JournalWriter(folder / "journal" / "runner.jsonl", "runner", wall=lambda: at) as journal:
        for event in (RunStarted(run, "0.1.0", 7, "local", "a.yaml"), *events, *([RunEnded(run)] if whole else [])):
            journal.append(event)
    return folder


@pytest.fixture
def state(tmp_path: Path) -> Path:
    written(tmp_path, "20260101-000000-aa11bb", FIRST, started(trial="t" * 16), ended(trial="t" * 16),
            started("slow", trial="u1" * 8), started("down", trial="u2" * 8))
    written(tmp_path, "20260102-000000-aa99bb", SECOND, at=2000.0)
    (tmp_path / "latest").symlink_to("runs/20260101-000000-aa11bb")
    return tmp_path


def problem(raised: pytest.ExceptionInfo[InvalidInput]) -> str:
    (found,) = raised.value.problems
    return found.render()


def test_the_newest_run_comes_first_and_what_cannot_be_read_last(state: Path) -> None:
    (state / "runs" / "20270101-000000-ffffff").mkdir()
    (state / "runs" / "20270101-000000-eeeeee").symlink_to(state / "nowhere")
    *runs, gone, empty = known_runs(state)
    assert [run.id for run in runs if isinstance(run, Run)] == [SECOND, FIRST]
    assert isinstance(gone, Unreadable)
    assert gone.because == "the folder is gone"
    assert isinstance(empty, Unreadable)
    assert "no journal/runner.jsonl" in empty.because


def test_a_folder_without_runs_has_none(tmp_path: Path) -> None:
    assert known_runs(tmp_path) == ()


@pytest.mark.parametrize("word", ["latest", FIRST, "aa11", "20260101-000000-aa11bb", "20260101"])
def test_a_run_is_found_by_any_of_its_names(state: Path, word: str) -> None:
    assert find_run(word, state).id == FIRST


def test_a_run_is_found_by_its_folder_wherever_that_is(state: Path) -> None:
    assert find_run(str(state / "runs" / "20260102-000000-aa99bb"), state).id == SECOND


def test_what_begins_several_runs_is_told_with_their_names(state: Path) -> None:
    with pytest.raises(InvalidInput) as raised:
        find_run("aa", state)
    assert "'aa' begins 2 runs" in problem(raised)
    assert "aa99bb" in problem(raised)


@pytest.mark.parametrize("word", ["zz", ""])
def test_a_word_that_names_no_run_is_told_with_those_that_there_are(state: Path, word: str) -> None:
    with pytest.raises(InvalidInput, match="no run is called") as raised:
        find_run(word, state)
    assert "aa11bb" in problem(raised)


def test_where_nothing_was_run_the_way_out_is_to_run(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="`flowprobe run` makes one"):
        find_run("latest", tmp_path)


def test_without_the_link_the_newest_is_the_latest(state: Path) -> None:
    (state / "latest").unlink()
    assert find_run("latest", state).id == SECOND


@pytest.mark.parametrize("text", ["", "no json\n", '{"v": 99, "w": "runner", "n": 1, "mono": 1, "wall": 1, "event": "RunStarted"}\n'])
def test_a_folder_that_holds_something_else_is_told_with_the_place(tmp_path: Path, text: str) -> None:
    stream = tmp_path / "journal" / "runner.jsonl"
    stream.parent.mkdir()
    stream.write_text(text)
    with pytest.raises(InvalidInput, match=r"runner\.jsonl:1: its journal does not begin"):
        find_run(str(tmp_path))


def test_a_run_is_running_while_somebody_writes_it_and_cut_off_when_nobody_does(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    with JournalWriter(folder / "journal" / "runner.jsonl", "runner") as journal:
        journal.append(RunStarted(FIRST, "0.1.0", 7, "local", "a.yaml"))
        assert find_run(str(folder)).state == "running"
    assert find_run(str(folder)).state == "cut off"


def test_a_run_whose_last_line_is_torn_is_cut_off(tmp_path: Path) -> None:
    folder = written(tmp_path, "x", FIRST, whole=False)
    with (folder / "journal" / "runner.jsonl").open("a") as file:
        file.write('{"v": 1, "w": "run')
    found = find_run(str(folder))
    assert (found.state, found.torn) == ("cut off", True)


@pytest.mark.parametrize(("word", "trial"), [("2", "u1" * 8), ("slow", "u1" * 8), ("u2", "u2" * 8), ("t" * 16, "t" * 16)])
def test_a_trial_is_found_by_its_number_its_plan_or_its_id(state: Path, word: str, trial: str) -> None:
    assert find_trial(find_run("latest", state), word).trial == trial


@pytest.mark.parametrize(("word", "said"), [("u", "'u' fits 2 trials"), ("9", "is called '9'"), ("", "is called ''")])
def test_a_word_that_fits_no_trial_or_several_is_told_with_the_trials(state: Path, word: str, said: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        find_trial(find_run("latest", state), word)
    assert said in problem(raised)
    assert "2 (slow, A journey)" in problem(raised)


def test_a_result_that_is_not_there_or_damaged_is_empty(state: Path) -> None:
    run = find_run("latest", state)
    assert result_of(run) == {}
    (run.folder / "result.json").write_text("{")
    assert result_of(run) == {}
    (run.folder / "result.json").write_text('{"verdict": "pass"}')
    assert result_of(run) == {"verdict": "pass"}
    assert exploration_of(run) == {}
    (run.folder / "exploration.json").write_text('{"cases": []}')
    assert exploration_of(run) == {"cases": []}


def test_the_trials_of_a_run_come_in_their_order(state: Path) -> None:
    assert [trial.plan for trial in trials_of(find_run("latest", state))] == ["none", "slow", "down"]
