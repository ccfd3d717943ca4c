"""Files that hold a secret: its owner's alone, and the owner is whoever runs us."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["read_private", "refusal"]

_LARGEST = 65_536


def refusal(path: Path) -> str:
    """Why this file is not to be trusted with a secret; '' where it is."""
    try:
        return _refused(path, path.stat())
    except (OSError, ValueError) as error:
        return _unreadable(path, error)


def read_private(path: Path) -> tuple[str, str]:
    """The text of a file without the space around it; or '' and why not. What was checked is what is read."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # a pipe without a writer would hang
            problem = _refused(path, os.fstat(file.fileno()))
            return ("", problem) if problem else (file.read(_LARGEST).decode().strip(), f"{path} is empty")
    except (OSError, ValueError) as error:
        return "", _unreadable(path, error)


def _refused(path: Path, found: os.stat_result) -> str:
    if not stat.S_ISREG(found.st_mode):
        return f"{path} is not a file"
    if found.st_uid != os.geteuid():
        return f"{path} belongs to somebody else (user {found.st_uid})"
    if found.st_mode & 0o077:
        return f"{path} can be read by others: chmod 600 {path}"
    return f"{path} is larger than {_LARGEST} bytes" if found.st_size > _LARGEST else ""


def _unreadable(path: Path, error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return f"{path} cannot be read: {reason}"
