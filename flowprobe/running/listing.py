"""What has been run in this folder, a row for each run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flowprobe.errors import ToolFailed
from flowprobe.running.places import STATE
from flowprobe.running.runs import Run, Unreadable, exploration_of, known_runs, result_of, trials_of

__all__ = ["Row", "rows"]


@dataclass(frozen=True, slots=True)
class Row:
    """A run: `at` is the clock of the wall when it began, `seconds` how long it took, or has taken until its last line.
    `verdict` and `exit_code` are those of a run that has ended, `counts` its trials by their verdict; of another it is
    how many were begun. `state` is ended, running, cut off or unreadable (`because` says why)."""

    folder: str
    state: str
    run: str = ""
    kind: str = "run"
    at: float = 0.0
    seconds: float = 0.0
    environment: str = ""
    scenarios: tuple[str, ...] = ()
    verdict: str = ""
    exit_code: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    because: str = ""


def rows(state: Path = STATE, *, limit: int | None = None) -> Iterator[Row]:
    """The newest first, at most `limit` of them."""
    for found in known_runs(state)[:limit]:
        match found:
            case Unreadable(folder, because):
                yield Row(str(folder), "unreadable", because=because)
            case Run():
                yield _row(found)


def _row(run: Run) -> Row:
    result = result_of(run) if run.state == "ended" else {}
    try:
        begun = [(trial.trial, trial.scenario) for trial in trials_of(run)] if not result else []
    except ToolFailed as failed:
        return Row(str(run.folder), "unreadable", run.id, because=str(failed))
    trials = [trial for trial in result.get("trials", ()) if isinstance(trial, dict)]
    scenarios = dict.fromkeys(str(trial.get("scenario", "")) for trial in trials) or dict.fromkeys(
        scenario for _, scenario in begun)
    counts = dict(Counter(str(trial.get("verdict", "")) for trial in trials)) or {"begun": len(begun)}
    code = result.get("exit_code")
    row = Row(str(run.folder), run.state, run.id, "exploration" if run.is_exploration else "run", run.began,
              max(0.0, run.last - run.began), run.started.environment, tuple(scenarios), str(result.get("verdict", "")),
              code if isinstance(code, int) else None, counts)
    return _explored(row, exploration_of(run)) if run.is_exploration and result else row


def _explored(row: Row, found: Mapping[str, Any]) -> Row:
    """A search has a verdict of its own: its trials are there to break."""
    cases = found.get("cases")
    if not isinstance(cases, list):
        return row
    code = found.get("exit_code")
    return replace(row, verdict=f"{len(cases)} case{'' if len(cases) == 1 else 's'}" if cases else "nothing found",
                   exit_code=code if isinstance(code, int) else row.exit_code)

