"""Where the nights of an environment are remembered, and what they are made of."""

from __future__ import annotations

from pathlib import Path

from flowprobe.core.nights.history import History
from flowprobe.core.scenario import Environment
from flowprobe.history import open_history
from flowprobe.running.places import STATE
from flowprobe.running.remembering import HISTORY, place_of
from flowprobe.running.settings import DEFAULT, Settled

__all__ = ["history_at", "open_at", "scenarios_of"]

_NOBODY: Settled[str | None] = Settled(None, DEFAULT)
_ELSEWHERE = ("env:", "file:", "cmd:")


def history_at(environment: Environment, asked: Settled[str | None] = _NOBODY) -> str:
    """The place that a flag or a variable names, else the environment, else the usual one. A path of the environment
    starts in the folder of its file, one that is `asked` for in the working directory. Raises InvalidInput."""
    if asked.value is not None:
        return place_of(asked)
    nightly = environment.nightly
    said = nightly.history if nightly is not None else ""
    if nightly is not None and ("://" in said or said.startswith(_ELSEWHERE)):
        return place_of(Settled(said, f"`history`, {nightly.position}"))
    return str(_folder(environment) / (said or STATE / HISTORY))


def open_at(place: str) -> History:
    """Raises ToolFailed where it cannot be reached or read."""
    return open_history(place)


def scenarios_of(environment: Environment) -> tuple[Path, ...]:
    """What an environment's nights are made of; all that lies beside flowprobe.yaml where it does not say."""
    said = environment.nightly.scenarios if environment.nightly is not None else ()
    folder = _folder(environment)
    return tuple(folder / name for name in said) or (folder,)


def _folder(environment: Environment) -> Path:
    return Path(environment.position.file).resolve().parent
