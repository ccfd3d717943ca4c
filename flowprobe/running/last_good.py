"""The newest run before this one in which the same trial passed: what a failure without any fault is held against."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from flowprobe.core.events import TrialStarted
from flowprobe.errors import ToolFailed
from flowprobe.report.model import LastGood
from flowprobe.running.bodies import carried_in
from flowprobe.running.places import STATE
from flowprobe.running.runs import Run, Unreadable, known_runs, result_of, told_in

__all__ = ["Before"]

_LOOKED_AT = 20
"""So many runs, the newest first: what passed longer ago was another product."""


class Before:
    """The runs of this folder in the same environment that ended before. They are looked for when something failed,
    and only then; a run that cannot be read is none."""

    def __init__(self, environment: str, own: Path, state: Path = STATE) -> None:
        self._environment, self._own, self._state = environment, own.resolve(), state
        self._runs: tuple[Run, ...] | None = None

    def __call__(self, trial: TrialStarted, steps: Collection[str]) -> LastGood | None:
        for run in self._newest():
            passed = next((told for told in told_in(result_of(run)).values() if _is_same(told, trial)), None)
            if passed is None:
                continue
            calls = dict(_last_calls(passed, steps))
            carried = carried_in(run.journal / "runner.jsonl", set(calls.values()))
            return LastGood(run.folder.name, {step: carried[call] for step, call in calls.items() if call in carried})
        return None

    def _newest(self) -> tuple[Run, ...]:
        if self._runs is None:
            found = (run for run in self._known() if isinstance(run, Run) and run.state == "ended")
            fit = [run for run in found if run.started.environment == self._environment
                   and run.folder.resolve() != self._own]
            self._runs = tuple(fit[:_LOOKED_AT])
        return self._runs

    def _known(self) -> tuple[Run | Unreadable, ...]:
        try:
            return known_runs(self._state)
        except ToolFailed:
            return ()


def _is_same(told: Mapping[str, Any], trial: TrialStarted) -> bool:
    return told.get("verdict") == "pass" and (told.get("file"), told.get("plan"), told.get("personas")) == (
        trial.file, trial.plan, dict(trial.personas))


def _last_calls(told: Mapping[str, Any], steps: Collection[str]) -> Iterator[tuple[str, str]]:
    """The id of the last call of each step, as a result has them."""
    for step in told.get("steps", ()):
        if step.get("step") in steps and step.get("calls"):
            yield step["step"], step["calls"][-1].get("call", "")
