"""From a run that has ended to one of its trials: found by the beginning of a name, or refused with what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.running.again import again, found_trial
from flowprobe.running.selection import Request
from tests.docs.documents import ROOT

SLOW = [{"id": "search", "edge": "search", "kind": "latency", "described": "latency 500ms", "when": ""}]


def trial(id: str, plan: str, verdict: str = "fail", **more: Any) -> dict[str, Any]:
    return {"trial": id, "plan": plan, "verdict": verdict, "blame": "environment", "reasons": ["nothing answered"],
            "faults": [] if plan == "none" else SLOW, "file": str(ROOT / "scenarios" / "search.yaml"),
            "personas": {"admin": "pro-eu"}, "account": {}, "steps": [{"step": "me"}, {"step": "search"}],
            "rerun": f"flowprobe run search.yaml --env demo-weak --faults {plan} --seed 7", **more}


def result(*trials: dict[str, Any]) -> dict[str, Any]:
    return {"environment": "demo-weak", "seed": 7, "trials": list(trials)}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def a_run(here: Path, name: str, *trials: dict[str, Any]) -> Path:
    folder = here / ".flowprobe" / "runs" / name
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(result(*trials)))
    return Path(".flowprobe") / "runs" / name


CALM, DOWN, WEAK = trial("aa11", "none", "pass"), trial("bb22", "slow-search"), trial("cc33", "search-down")


@pytest.mark.parametrize(("trials", "word", "id"), [
    ((CALM, DOWN), None, "bb22"), ((CALM, DOWN, WEAK), "search-down", "cc33"), ((CALM, DOWN, WEAK), "bb", "bb22"),
    ((CALM, DOWN, WEAK), "3", "cc33")])
def test_a_trial_is_the_one_that_failed_or_the_one_that_is_named(
        trials: tuple[dict[str, Any], ...], word: str | None, id: str) -> None:
    assert found_trial(result(*trials), Path("run"), word)["trial"] == id


@pytest.mark.parametrize(("trials", "word", "said"), [
    ((CALM, DOWN, WEAK), None, "2 trials are meant: bb22 .slow-search., cc33"),
    ((CALM, DOWN), "zz", "there is no trial 'zz' in this run"),
    ((CALM, DOWN), "none", "came out as pass"),
    ((CALM,), None, "there is nothing to explain"),
    ((), None, "it made no trial"),
    ((trial("aa11", "none"),), None, "the journey fails without any fault"),
    ((trial("aa11", "none"),), "aa11", "failed without any fault, so none is its cause"),
    ((trial("bb22", "slow-search", "inconclusive"),), "bb22", "was not judged .environment.")])
def test_what_has_no_cause_among_faults_is_told_with_what_to_look_at(
        trials: tuple[dict[str, Any], ...], word: str | None, said: str) -> None:
    with pytest.raises(InvalidInput) as told:
        found_trial(result(*trials), Path("run"), word)
    [problem] = told.value.problems
    assert re.search(said, f"{problem.found}; {problem.instead}")


def test_the_same_scenario_plan_personas_and_seed_are_asked_for(here: Path) -> None:
    folder = a_run(here, "20260101-101010-abc123", CALM, DOWN)
    asked = again(Request(()), folder, None)
    assert (asked.paths, asked.environment, asked.faults, asked.seed, asked.bind) == (
        (ROOT / "scenarios" / "search.yaml",), "demo-weak", "slow-search", 7, {"admin": "pro-eu"})


@pytest.mark.parametrize(("more", "said"), [
    ({"faults": [{**SLOW[0], "described": "latency 700ms"}]}, "the plan 'slow-search' has changed"),
    ({"steps": [{"step": "gone"}]}, "the scenario has no step gone any more"),
    ({"account": {"seats": 3}}, "the state of the account has changed"),
    ({"file": "gone.yaml"}, "is not there any more"),
    ({"rerun": "flowprobe explore search.yaml --seed 7"}, "was not made by `flowprobe run`"),
    ({"personas": {"admin": "nobody"}}, "no scenario binds 'admin' to 'nobody'")])
def test_what_is_not_as_it_was_is_refused(here: Path, more: dict[str, Any], said: str) -> None:
    folder = a_run(here, "20260101-101010-abc123", CALM, {**DOWN, **more})
    with pytest.raises(InvalidInput, match=said):
        again(Request(()), folder, None)


def test_a_run_without_a_result_did_not_come_to_its_end(here: Path) -> None:
    with pytest.raises(InvalidInput, match="this run has no result"):
        again(Request(()), here, None)


@pytest.mark.parametrize("text", ["[]", "{", '{"trials": []}', '{"environment": "demo", "seed": 1, "trials": [{}]}', "null"])
def test_a_file_that_is_no_result_of_a_run_is_told(here: Path, text: str) -> None:
    (here / "result.json").write_text(text)
    with pytest.raises(InvalidInput, match="this is no result of a run"):
        again(Request(()), here, None)
