"""`flowprobe.yaml`: found upwards, read, and checked for the names that it uses."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

from flowprobe.core.scenario import Project
from flowprobe.files.project_names import check_project
from flowprobe.files.project_tables import PROJECT
from flowprobe.files.reading import Reader, compile_shape
from flowprobe.files.scenarios import PROJECT_FILE, read_file

__all__ = ["find_project", "load_project"]


def find_project(start: Path) -> Path | None:
    """The `flowprobe.yaml` of a folder (or of a file's), or of the nearest one above it."""
    here = start.resolve()
    folders = (here, *here.parents)
    return next((folder / PROJECT_FILE for folder in folders if (folder / PROJECT_FILE).is_file()), None)


def load_project(path: Path, *, text: str | None = None) -> Project:
    """Read a project file. Raises InvalidInput with every problem of it."""
    return cast(Project, read_file(path, _project(), check_project, text=text))


@cache
def _project() -> Reader:
    return compile_shape(PROJECT, "a project")
