from __future__ import annotations

import json
from pathlib import Path

import pytest

from flowprobe.core.events import Event, Interrupted, RunEnded, RunStarted
from flowprobe.core.verdict import Blame, Kind
from flowprobe.journal.writer import JournalWriter
from flowprobe.running.retelling import Retelling, journal_of, links_in, retell
from flowprobe.running.runs import Run, find_run, find_trial
from tests.journals import SLOW, ended, exchange, finding, injected, replied, sent, started, step_ended

RUN = "aa11bb22cc33dd44"
ONE, TWO, THREE = "1" * 16, "2" * 16, "3" * 16


def green(trial: str) -> tuple[Event, ...]:
    return started(trial=trial), sent("look", trial=trial), replied(trial=trial), step_ended("look", trial=trial), ended(trial=trial)


def red(trial: str, plan: str = "slow") -> tuple[Event, ...]:
    return (started(plan, SLOW, trial=trial), sent("look", trial=trial), replied(trial=trial, seconds=0.6),
            step_ended("look", "broken", finding(), trial=trial), ended(trial=trial))


def written(folder: Path, *events: Event, whole: bool = True) -> Run:
    with JournalWriter(folder / "journal" / "runner.jsonl", "runner") as runner, \
            JournalWriter(folder / "journal" / "proxy.jsonl", "proxy") as proxy:
        for event in (RunStarted(RUN, "0.1.0", 7, "local", "a.yaml"), *events, *([RunEnded(RUN)] if whole else [])):
            (proxy if type(event).__name__ in ("ExchangeEnded", "Injected") else runner).append(event)
    return find_run(str(folder))


def test_each_trial_is_judged_from_its_part_of_the_journal_and_compared_with_its_twin(tmp_path: Path) -> None:
    run = written(tmp_path, *green(ONE), *red(TWO)[:-1], exchange(trial=TWO), injected(trial=TWO), ended(trial=TWO))
    telling, (twin, slow), gaps = retell(run)
    assert (twin.verdict.kind, slow.verdict.kind, gaps) == (Kind.PASS, Kind.FAIL, ())
    assert (twin.number, twin.twin, slow.twin) == (1, None, twin.evidence)
    assert telling.report().exit_code == 1


def test_the_verdict_that_the_run_left_stands(tmp_path: Path) -> None:
    """Another version judges otherwise, perhaps; what was said was said."""
    run = written(tmp_path, *green(ONE), *green(TWO))
    known = {"trial": ONE, "verdict": "inconclusive", "blame": "environment", "reasons": ["said so"]}
    result = {"trials": [known, {"trial": TWO, "verdict": "of a newer version"}], "exit_code": 3, "notes": ["a note"]}
    (tmp_path / "result.json").write_text(json.dumps(result))
    telling, (one, two), _ = retell(run)
    assert (one.verdict.blame, one.verdict.reasons) == (Blame.ENVIRONMENT, ("said so",))
    assert two.verdict.kind is Kind.PASS
    assert (telling.report().exit_code, telling.report().notes) == (3, ("a note",))


def test_a_run_that_was_cut_off_is_told_as_far_as_it_got(tmp_path: Path) -> None:
    run = written(tmp_path, *green(ONE), *red(TWO)[:3], whole=False)
    _, (_, cut), _ = retell(run)
    assert (cut.verdict.kind, cut.verdict.blame) == (Kind.INCONCLUSIVE, Blame.STOPPED)


def test_the_trial_that_a_running_one_is_at_is_not_judged(tmp_path: Path) -> None:
    run = written(tmp_path, *green(ONE), *red(TWO)[:3], whole=False)
    telling = Retelling(run)
    assert [told.evidence.started.trial for told in telling.take(journal_of(run)[0])] == [ONE]
    assert telling.going is not None
    assert telling.going.started.trial == TWO


def test_what_of_the_journal_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    run = written(tmp_path, *green(ONE))
    stream = run.journal / "runner.jsonl"
    lines = stream.read_text().splitlines(keepends=True)
    stream.write_text("".join([*lines[:3], "no json at all\n", *lines[4:]]))
    _, _, gaps = retell(run)
    assert gaps[0] == f"{stream}: a damaged line after number 3"


def test_an_interrupted_run_says_so(tmp_path: Path) -> None:
    telling, _, _ = retell(written(tmp_path, *green(ONE), Interrupted("SIGINT")))
    assert telling.report().evidence.interrupted == "SIGINT"
    assert telling.report().exit_code == 130


def test_a_journey_without_its_faults_begins_a_new_comparison_but_in_a_search(tmp_path: Path) -> None:
    events = (*green(ONE), *green(TWO), *red(THREE))
    _, (_, two, three), _ = retell(written(tmp_path / "run", *events))
    assert (two.twin, three.twin) == (None, two.evidence)
    searched = written(tmp_path / "search", *events)
    (searched.folder / "tries.jsonl").write_text("")
    _, (one, two, three), _ = retell(searched)
    assert (two.twin, three.twin) == (one.evidence, one.evidence)


def test_bodies_are_kept_where_they_are_asked_for(tmp_path: Path) -> None:
    run = written(tmp_path, *green(ONE))
    bodies = [told.evidence.calls[0].outcome for whole in (False, True) for told in retell(run, whole=whole)[1]]
    assert [getattr(each, "body", None) for each in bodies] == ["", "{}"]


def test_a_trial_that_the_result_does_not_tell_of_was_made_for_another_one(tmp_path: Path) -> None:
    run = written(tmp_path, *green(ONE), *red(TWO), *red(THREE, "down"))
    (tmp_path / "result.json").write_text(json.dumps({"trials": [{"trial": ONE}, {"trial": THREE}]}))
    _, trials, _ = retell(run)
    assert [(told.number, told.evidence.started.plan) for told in trials] == [(1, "none"), (2, "down")]
    assert find_trial(run, "2").plan == "down"


@pytest.mark.parametrize("written", [None, "", "[]", "{", "[" * 100_000, '{"a": 1}'])
def test_a_folder_that_names_no_links_has_none(tmp_path: Path, written: str | None) -> None:
    (tmp_path / "telemetry").mkdir()
    if written is not None:
        (tmp_path / "telemetry" / "links.json").write_text(written)
    assert links_in(tmp_path) == {}


def test_the_links_of_a_run_stand_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "telemetry").mkdir()
    (tmp_path / "telemetry" / "links.json").write_text('{"Grafana": "https://g.example/${trace}"}')
    assert links_in(tmp_path) == {"Grafana": "https://g.example/${trace}"}
