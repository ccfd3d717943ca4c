"""The files that a scenario names: bodies to send, and other scenarios to use. They lie in the project."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import Any

from flowprobe.core.bodies import Attachment

__all__ = ["MAX_BYTES", "Unusable", "attachment", "located"]

MAX_BYTES = 64_000_000
_ROOT_MARKS = ("flowprobe.yaml", ".git")


class Unusable(Exception):
    """Why a file cannot be used: the message's id, and its words."""

    def __init__(self, id: str, **words: object) -> None:
        super().__init__(id)
        self.id = id
        self.words: dict[str, Any] = dict(words)


def located(name: str, scenario: Path) -> Path:
    """The file that a scenario calls `name`: looked for from the scenario's folder, and never outside of the project.
    Raises Unusable."""
    folder = Path(os.path.abspath(scenario)).parent
    roots = (place for place in (folder, *folder.parents) if any((place / mark).exists() for mark in _ROOT_MARKS))
    root = next(roots, folder)
    path = Path(os.path.abspath(folder / name))
    if "\0" in name or not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        raise Unusable("file-outside", name=name)
    if not os.path.isfile(path):  # unlike a Path, this has an answer for a name that no file can have
        if os.path.exists(path) and not os.path.isdir(path):
            raise Unusable("file-unusable", name=name, reason="it is not an ordinary file")
        raise Unusable("file-missing", name=name, folder=str(scenario.parent))
    return path


def attachment(name: str, scenario: Path) -> Attachment:
    """A file with its bytes. Raises Unusable."""
    path = located(name, scenario)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Unusable("file-unusable", name=name, reason=f"it is larger than {MAX_BYTES // 1_000_000} MB")
        content = path.read_bytes()
    except OSError as error:
        raise Unusable("file-unusable", name=name, reason=error.strerror or "it cannot be read") from error
    return Attachment(path.name, content, mimetypes.guess_type(path.name)[0] or "application/octet-stream")
