"""A first project: files that run against the bundled product, written once and never over others."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from flowprobe.errors import InvalidInput, Problem, ToolFailed
from flowprobe.running.places import STATE

__all__ = ["Begun", "begin"]

FIRST = Path(__file__).with_name("first")
FILES = (Path("flowprobe.yaml"), Path("scenarios", "first-journey.yaml"))


@dataclass(frozen=True, slots=True)
class Begun:
    """What was written; `ignore` is the file that keeps runs out of a git repository, where there is one."""

    written: tuple[Path, ...]
    ignore: Path | None


def begin(folder: Path) -> Begun:
    """Write the first files into a folder, which is made where it is not there.

    Raises InvalidInput with each file that is there already: then nothing is written. Whatever else ends it, a
    Ctrl-C too, takes away what was written so far.
    """
    taken = [folder / file for file in FILES if os.path.lexists(folder / file)]
    if folder.exists() and not folder.is_dir():
        taken = [folder]
    if taken:
        raise InvalidInput(tuple(_taken(path) for path in taken))
    made: list[Path] = []
    try:
        for file in FILES:
            _write(folder / file, (FIRST / file).read_text(encoding="utf-8"), made)
        return Begun(tuple(folder / file for file in FILES), _ignored(folder))
    except BaseException as reason:
        _take_away(made)
        if isinstance(reason, OSError):
            raise ToolFailed(f"cannot write {reason.filename}: {reason.strerror}") from reason
        raise


def _taken(path: Path) -> Problem:
    return Problem("file-exists", str(path), 0, 0, "this is there already", "name another folder, or move it away")


def _write(path: Path, text: str, made: list[Path]) -> None:
    """A new file, and the folders above it; what is made is noted before anything is written into it."""
    for parent in reversed(path.parents):
        if not parent.exists():
            made.append(parent)
            parent.mkdir()
    with path.open("x", encoding="utf-8") as file:
        made.append(path)
        file.write(text)


def _take_away(made: list[Path]) -> None:
    for path in reversed(made):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


def _ignored(folder: Path) -> Path | None:
    """Runs hold bodies of replies: they do not belong into a repository."""
    above = [folder.resolve(), *folder.resolve().parents]
    root = next((place for place, each in enumerate(above) if (each / ".git").exists()), None)
    if root is None:
        return None
    ignores = [each / ".gitignore" for each in above[:root + 1]]
    names = {line.strip().strip("/") for file in ignores if file.is_file() for line in file.read_text().splitlines()}
    ignore = folder / ".gitignore"
    if str(STATE) in names:
        return None
    before = ignore.read_text() if ignore.is_file() else ""
    gap = "\n" if before and not before.endswith("\n") else ""
    with ignore.open("a", encoding="utf-8") as file:
        file.write(f"{gap}{STATE}/\n")
    return ignore
