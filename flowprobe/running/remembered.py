"""Where the history of an environment's nights is, and how it is opened."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import cast

from flowprobe.core.nights.history import History
from flowprobe.core.scenario import Project
from flowprobe.errors import ToolFailed
from flowprobe.running.places import STATE

__all__ = ["history_of"]


def history_of(project: Project, place: str | None) -> History:
    """The history at `place`, a file or a `postgresql://` URL; `.flowprobe/history.db` beside the project's file where
    none is said. Raises ToolFailed where it cannot be reached."""
    where = place or str(Path(project.file).resolve().parent / STATE / "history.db")
    try:
        store = import_module("flowprobe.history.opening")
    except ImportError as error:
        raise ToolFailed(f"no history can be read by this version of flowprobe: {error}") from error
    return cast(History, store.open_history(where))
