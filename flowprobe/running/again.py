"""From a trial that a run's folder tells of to the request that makes just that one again: the same scenario, plan,
personas and seed, as far as they are still what they were."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flowprobe.core.faults.concerns import concerning, ordinary
from flowprobe.core.faults.kinds import describe, kind_name
from flowprobe.core.faults.turns import described
from flowprobe.core.scenario import Fault, Scenario
from flowprobe.errors import InvalidInput, Problem
from flowprobe.running.selection import Request, Selection, select

__all__ = ["again", "found_trial"]

_ASKED = {"trial", "plan", "verdict", "faults", "file", "personas", "rerun", "reasons", "blame"}
_READ = "docs/how-to/read-a-failure.md"


def again(request: Request, folder: Path, trial: str | None) -> Request:
    """What runs a failed trial of that run again, with its twin; `request` has the rest. Raises InvalidInput where that
    would be another trial than it was, or where no fault can be its cause."""
    result = _result(folder)
    found = found_trial(result, folder, trial)
    asked = replace(
        request, paths=(_scenario(found),), environment=request.environment or result["environment"],
        faults=_asked(found), seed=result["seed"], bind=dict(found["personas"]), cleanup_first=True)
    if changes := tuple(_changes(found, select(asked))):
        raise _problem("changed-since", found["file"], f"this is not the trial that failed: {'; '.join(changes)}",
                       f"run it once more, and then ask why: {found['rerun']}")
    return asked


def found_trial(result: Mapping[str, Any], folder: Path, word: str | None) -> Mapping[str, Any]:
    """The one that is named by its number, by the beginning of its id or by its plan; the one that failed under faults
    where nothing is named. Raises InvalidInput where it has no faults that its failure could be due to."""
    trials: Sequence[Mapping[str, Any]] = result["trials"]
    if word is None:
        fitting = [trial for trial in trials if trial["verdict"] == "fail" and trial["faults"]]
    elif word.isascii() and word.isdigit() and 0 < int(word) <= len(trials):
        fitting = [trials[int(word) - 1]]
    else:
        fitting = [trial for trial in trials if trial["trial"].startswith(word) or trial["plan"] == word]
        fitting = [trial for trial in fitting if trial["verdict"] == "fail"] or fitting
    if len(fitting) > 1:
        named = ", ".join(f"{trial['trial'][:6]} ({trial['plan']})" for trial in fitting[:8])
        raise _problem("which-trial", str(folder), f"{len(fitting)} trials are meant: {named}", "name one by its id")
    if not fitting and word is not None:
        plans = ", ".join(dict.fromkeys(trial["plan"] for trial in trials)) or "no trial"
        raise _problem("no-trial", str(folder), f"there is no trial {word!r} in this run", f"it has: {plans}")
    if not fitting:
        raise _problem("nothing-failed", str(folder), "no trial of this run failed under faults", _otherwise(trials))
    return _failed(fitting[0], folder)


def _failed(trial: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    name = f"{trial['plan']!r} ({trial['trial'][:6]})"
    match trial["verdict"]:
        case "fail" if trial["faults"]:
            return trial
        case "fail":
            raise _problem("no-faults", str(folder), f"the trial {name} failed without any fault, so none is its cause",
                           f"look at what its steps found: {_READ}")
        case "inconclusive":
            raise _problem("not-judged", str(folder), f"the trial {name} was not judged ({trial['blame']})",
                           f"see to that first: {'; '.join(trial['reasons']) or _READ}")
        case verdict:
            raise _problem("did-not-fail", str(folder), f"the trial {name} came out as {verdict}",
                           "name one that failed")


def _otherwise(trials: Sequence[Mapping[str, Any]]) -> str:
    if any(trial["verdict"] == "fail" for trial in trials):
        return f"the journey fails without any fault: look at what its steps found: {_READ}"
    return "there is nothing to explain" if trials else "it made no trial"


def _result(folder: Path) -> Mapping[str, Any]:
    path = folder / "result.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not _is_result(found):
            raise ValueError
    except OSError as error:
        raise _problem("no-result", str(path), f"this run has no result: {error.strerror}",
                       "it did not come to its end: run it again") from error
    except ValueError as error:
        raise _problem("no-result", str(path), "this is no result of a run", "run it again") from error
    result: Mapping[str, Any] = found
    return result


def _is_result(found: Any) -> bool:
    """Whether all is there that is asked for here: a file may be half of one, or somebody else's."""
    if not isinstance(found, dict) or not {"environment", "seed"} <= found.keys():
        return False
    trials = found.get("trials")
    return isinstance(trials, list) and all(isinstance(each, dict) and each.keys() >= _ASKED for each in trials)


def _scenario(trial: Mapping[str, Any]) -> Path:
    file = Path(trial["file"])
    if not file.is_file():
        raise _problem("scenario-gone", str(file), "the scenario of this trial is not there any more",
                       "call this from the folder that the run was made in")
    return file


def _asked(trial: Mapping[str, Any]) -> str:
    """How `--faults` asked for its plan: the command that runs it again says so."""
    words = shlex.split(trial["rerun"])
    if words[:2] != ["flowprobe", "run"] or "--faults" not in words:
        raise _problem("not-of-a-run", trial["file"], f"the trial {trial['trial'][:6]} was not made by `flowprobe run`",
                       f"its own command makes it small: {trial['rerun']}")
    return words[words.index("--faults") + 1]


def _changes(trial: Mapping[str, Any], selection: Selection) -> Iterator[str]:
    """What of a trial is not as it was, as far as its result has it."""
    scenario = selection.chosen[0].scenario
    account = ordinary(scenario)
    plan = concerning(selection.chosen[0].plans[0], scenario, trial["personas"], account)
    was = [(fault["edge"], fault["kind"], fault["described"], fault["when"]) for fault in trial["faults"]]
    if was != list(map(_planned, plan.faults)):
        yield f"the plan {plan.name!r} has changed"
    gone = sorted({step["step"] for step in trial["steps"]} - set(_steps(scenario)))
    if gone:
        yield f"the scenario has no step {', '.join(gone)} any more"
    if json.dumps(trial["account"], sort_keys=True, default=str) != json.dumps(account, sort_keys=True, default=str):
        yield "the state of the account has changed"


def _planned(fault: Fault) -> tuple[str, str, str, str]:
    return fault.edge, kind_name(fault.kind), describe(fault.kind), described(fault.when)


def _steps(scenario: Scenario) -> Iterator[str]:
    yield from (name for name, _ in scenario.steps())
    yield from (step.name for step in scenario.given)
    yield from (probe.step.name for probe in scenario.probes)


def _problem(id: str, place: str, found: str, instead: str) -> InvalidInput:
    return InvalidInput((Problem(id, place, 0, 0, found, instead),))
