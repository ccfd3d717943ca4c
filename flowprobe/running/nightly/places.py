"""Where the nights of an environment are remembered, and what they are made of."""

from __future__ import annotations

from pathlib import Path

from flowprobe.core.nights.history import History
from flowprobe.core.scenario import Environment
from flowprobe.history import open_history
from flowprobe.running.places import STATE

__all__ = ["HISTORY", "history_at", "open_at", "scenarios_of"]

HISTORY = STATE / "history.db"
"""Beside flowprobe.yaml, where nothing else is said."""


def history_at(environment: Environment, asked: str | None = None) -> str:
    """The place that a flag or a variable names, else the environment, else the usual one. A path of the environment
    starts in the folder of its file, one that is `asked` for in the working directory."""
    said = environment.nightly.history if environment.nightly is not None else ""
    if asked or "://" in said:
        return asked or said
    return str(_folder(environment) / (said or HISTORY))


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
