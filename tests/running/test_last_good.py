"""The newest run in which a trial passed, among the folders of this one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowprobe.core.events import RunEnded, RunStarted, TrialStarted
from flowprobe.journal.writer import JournalWriter
from flowprobe.running.last_good import Before
from tests.journals import replied, sent, started, step_ended

NONE = started()


def a_run(state: Path, name: str, *, verdict: str = "pass", environment: str = "local", body: str = "", **told: Any) -> Path:
    """A run with one trial, as its folder tells of it."""
    folder = state / "runs" / name
    with JournalWriter(folder / "journal" / "runner.jsonl", "runner") as writer:
        for event in (RunStarted(name, "1", 7, environment, "flowprobe run"), NONE, sent("one"), replace(replied(), body=body),
                      step_ended("one"), RunEnded(name)):
            writer.append(event)
    trial = {"trial": NONE.trial, "file": NONE.file, "plan": NONE.plan, "personas": dict(NONE.personas), "verdict": verdict,
             "steps": [{"step": "one", "calls": [{"call": sent("one").call}]}, {"step": "two", "calls": []}], **told}
    (folder / "result.json").write_text(json.dumps({"trials": [trial]}))
    return folder


def looked(state: Path, own: str = "own", trial: TrialStarted = NONE) -> tuple[str, dict[str, str]] | None:
    found = Before("local", state / "runs" / own, state)(trial, {"one", "two"})
    return None if found is None else (found.run, {step: each.reply.body for step, each in found.carried.items() if each.reply})


def test_the_newest_that_passed_tells_what_its_last_calls_carried(tmp_path: Path) -> None:
    a_run(tmp_path, "a", body="old")
    a_run(tmp_path, "b", body="good")
    a_run(tmp_path, "c", verdict="fail")
    a_run(tmp_path, "own", body="this one")
    assert looked(tmp_path) == ("b", {"one": "good"})


def test_another_environment_another_persona_and_another_plan_are_another_trial(tmp_path: Path) -> None:
    a_run(tmp_path, "a", environment="staging")
    a_run(tmp_path, "b", personas={"admin": "else"})
    a_run(tmp_path, "c", plan="slow")
    a_run(tmp_path, "d", file="other.yaml")
    assert looked(tmp_path) is None


def test_what_cannot_be_read_is_no_run(tmp_path: Path) -> None:
    assert looked(tmp_path) is None
    (a_run(tmp_path, "a", body="good") / "result.json").write_text("{")
    a_run(tmp_path, "b", steps=[{}])
    assert looked(tmp_path) == ("b", {})
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "runs").write_text("")
    assert looked(tmp_path / "else") is None
