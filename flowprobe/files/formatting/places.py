"""Which files are formatted, and how one of them is replaced."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from flowprobe.errors import InvalidInput, Problem, ToolFailed
from flowprobe.files.nodes import read_text
from flowprobe.files.problems import Source

__all__ = ["files_at", "replace_whole"]

_OURS = re.compile(r"^[\"']?flowprobe[\"']?[ \t]*:", re.MULTILINE)


def files_at(paths: Iterable[Path]) -> tuple[Path, ...]:
    """A file as it is named; of a folder, each `*.yaml` and `*.yml` in it and below that has the key `flowprobe`.

    Raises InvalidInput for a path that is not there.
    """
    found: dict[Path, None] = {}
    problems: list[Problem] = []
    for path in paths:
        if path.is_dir():
            found.update(dict.fromkeys(_in_folder(path)))
        elif path.is_file():
            found[path] = None
        else:
            problems.append(Source(str(path)).problem("file-not-found"))
    if problems:
        raise InvalidInput(tuple(problems))
    return tuple(found)


def _in_folder(top: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if name.endswith((".yaml", ".yml")) and not name.startswith(".") and _is_ours(path):
                yield path


def _is_ours(path: Path) -> bool:
    try:
        return _OURS.search(read_text(path)) is not None
    except InvalidInput:
        return False


def replace_whole(path: Path, text: str) -> None:
    """Write beside, make durable, rename: nobody ever reads half of it. The mode stays, and a link stays a link.

    Raises ToolFailed where that cannot be done; the file is then as it was.
    """
    real = path.resolve()
    fresh = real.with_name(f".{real.name}.{os.getpid()}")
    try:
        mode = real.stat().st_mode & 0o7777
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        fresh.replace(real)
    except OSError as error:
        raise ToolFailed(f"cannot write {path}: {error.strerror}") from error
    finally:
        fresh.unlink(missing_ok=True)
