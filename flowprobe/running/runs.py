"""Finding what has been run: the runs of this folder, one of them, one of its trials. Everything is read from their
folders; nothing is sent, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias

from flowprobe.core.events import RunEnded, RunStarted, TrialStarted
from flowprobe.errors import InvalidInput, Problem, ToolFailed
from flowprobe.journal.reader import Follower, being_written, ends_of
from flowprobe.report.visible import visible
from flowprobe.running.places import STATE, shown_path

__all__ = ["Run", "State", "Unreadable", "exploration_of", "find_run", "find_trial", "known_runs", "result_of",
           "told_in", "trials_of"]

State: TypeAlias = Literal["ended", "running", "cut off"]
LATEST = "latest"
_SHOWN = 6
"""So many are named where a word fits several."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run and its folder. `began` and `last` are the clock of the wall at its first and at its last line; it is cut
    off where its process went before it ended."""

    folder: Path
    started: RunStarted
    began: float
    last: float
    state: State
    torn: bool = False

    @property
    def journal(self) -> Path:
        return self.folder / "journal"

    @property
    def id(self) -> str:
        return self.started.run

    @property
    def is_exploration(self) -> bool:
        return (self.folder / "tries.jsonl").exists() or (self.folder / "exploration.json").exists()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A folder among those of the runs of which nobody can tell what it was, and why."""

    folder: Path
    because: str


def known_runs(state: Path = STATE) -> tuple[Run | Unreadable, ...]:
    """Every run of this folder, the newest first; those that cannot be read are at the end."""
    found = [_read(folder) for folder in _folders(state)]
    runs = sorted((each for each in found if isinstance(each, Run)), key=lambda run: run.began, reverse=True)
    return (*runs, *(each for each in found if isinstance(each, Unreadable)))


def find_run(word: str, state: Path = STATE) -> Run:
    """The run that a person means: `latest`, a folder, or the beginning of its id or of its folder's name. Raises
    InvalidInput, which says what is there instead."""
    if word == LATEST:
        return _latest(state)
    if _is_path(word):
        return _whole(_read(Path(word)), word)
    named = [folder for folder in _folders(state) if folder.name.startswith(word)]
    by_name = [folder for folder in named if folder.name == word] or named
    if len(by_name) == 1:
        return _whole(_read(by_name[0]), word)
    runs = [run for run in known_runs(state) if isinstance(run, Run)]
    fit = [run for run in runs if word and (run.id.startswith(word) or run.folder in by_name)]
    if len(fit) != 1:
        _no_run(word, fit or runs, many=bool(fit))
    return fit[0]


def result_of(run: Run) -> dict[str, Any]:
    """The run's `result.json`; empty where there is none, or none that can be read."""
    return _json(run.folder / "result.json")


def exploration_of(run: Run) -> dict[str, Any]:
    """What its search found, its `exploration.json`; empty where it was none, or left none that can be read."""
    return _json(run.folder / "exploration.json")


def trials_of(run: Run) -> tuple[TrialStarted, ...]:
    """The trials that it began, in their order; where it left a result, those that it told of. Raises ToolFailed."""
    lines = Follower(run.journal / "runner.jsonl").new()
    begun = (line.event for line in lines if isinstance(line.event, TrialStarted))
    told = told_in(result_of(run))
    return tuple(trial for trial in begun if not told or trial.trial in told)


def told_in(result: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The trials of a result, by their ids; empty where there is no result."""
    trials = result.get("trials")
    found = [trial for trial in trials if isinstance(trial, dict)] if isinstance(trials, list) else []
    return {str(trial.get("trial", "")): trial for trial in found}


def find_trial(run: Run, word: str) -> TrialStarted:
    """The trial that a person means: its number in the run (from 1), its plan where no other has it, or the beginning
    of its id. Raises InvalidInput, which lists the trials."""
    trials = trials_of(run)
    exact = [trial for trial in trials if trial.trial == word]
    if not exact and word.isascii() and word.isdigit() and 0 < int(word) <= len(trials):
        return trials[int(word) - 1]
    fit = (exact or [trial for trial in trials if trial.plan == word]
           or [trial for trial in trials if word and trial.trial.startswith(word)])
    if len(fit) != 1:
        _no_trial(run, word, trials, fit)
    return fit[0]


# --- one folder -----------------------------------------------------------------------------------


def _folders(state: Path) -> Iterator[Path]:
    """A folder that `-o` named is linked there."""
    try:
        yield from sorted(path for path in (state / "runs").iterdir() if path.is_dir() or path.is_symlink())
    except FileNotFoundError:
        return
    except OSError as error:
        raise ToolFailed(f"cannot read {state / 'runs'}: {error.strerror}") from error


def _read(folder: Path) -> Run | Unreadable:
    stream = folder / "journal" / "runner.jsonl"
    if not folder.exists():
        return Unreadable(folder, "there is no such folder" if not folder.is_symlink() else "the folder is gone")
    if not stream.exists():
        return Unreadable(folder, "it has no journal/runner.jsonl, so it is the folder of no run")
    alive = being_written(stream)  # asked first: what has ended since is no longer cut off
    try:
        ends = ends_of(stream)
    except ToolFailed as failed:
        return Unreadable(folder, str(failed))
    if ends.first is None or not isinstance(ends.first.event, RunStarted):
        return Unreadable(folder, f"{stream}:1: its journal does not begin as that of a run does: it is damaged, or of "
                          "a newer version")
    last = ends.last or ends.first
    ended = isinstance(last.event, RunEnded) and not ends.torn
    state: State = "ended" if ended else "running" if alive else "cut off"
    return Run(folder, ends.first.event, ends.first.wall, last.wall, state, ends.torn)


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_path(word: str) -> bool:
    return "/" in word or (Path(word) / "journal").is_dir()


def _latest(state: Path) -> Run:
    link = state / LATEST
    if link.is_symlink():
        return _whole(_read(state / link.readlink()), LATEST)
    runs = [run for run in known_runs(state) if isinstance(run, Run)]
    if not runs:
        _no_run(LATEST, (), many=False)
    return runs[0]


def _whole(found: Run | Unreadable, word: str) -> Run:
    if isinstance(found, Unreadable):
        raise InvalidInput((Problem("no-run", "RUN", 0, 0, f"{word!r} cannot be shown: {found.because}",
                                    "`flowprobe list` shows the runs of this folder"),))
    return found


# --- what fits nothing, or too much ---------------------------------------------------------------


def _no_run(word: str, runs: Sequence[Run], *, many: bool) -> NoReturn:
    found = f"{word!r} begins {len(runs)} runs" if many else f"no run is called {word!r}"
    names = _some([f"{run.id[:6]} ({shown_path(run.folder)})" for run in runs])
    instead = f"name one of: {names}" if runs else "there are none in this folder: `flowprobe run` makes one"
    raise InvalidInput((Problem("no-run", "RUN", 0, 0, found, instead),))


def _no_trial(run: Run, word: str, trials: Sequence[TrialStarted], fit: Sequence[TrialStarted]) -> NoReturn:
    found = f"{word!r} fits {len(fit)} trials" if fit else f"no trial of {run.folder.name} is called {word!r}"
    rows = [f"{number} ({trial.plan}, {trial.scenario})" for number, trial in enumerate(trials, start=1)
            if trial in fit or not fit]
    instead = f"name one of: {_some(rows)}" if rows else "it has begun none"
    raise InvalidInput((Problem("no-trial", "TRIAL", 0, 0, found, instead),))


def _some(words: Sequence[str]) -> str:
    return ", ".join(map(visible, words[:_SHOWN])) + (f", … ({len(words)} in all)" if len(words) > _SHOWN else "")
