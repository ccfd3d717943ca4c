"""CPU of checking many small files in one process, against C YAML reading the same texts: what an editor, a hook
before each commit, or a folder of a thousand journeys pays. Files are read, checked against their project, and linted,
as `flowprobe check` does; nothing is printed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from flowprobe.cli.checking import looked_at
from tests.bench.pairs import Comparison, compare
from tests.bench.reader import PROJECT, scenario

__all__ = ["measure"]

TARGET = 3.5
MOST_S = 0.010
"""Of CPU for one file, its project included."""
_STEPS = 3


def measure(rounds: int, *, quick: bool) -> Sequence[Comparison]:
    """The ratio, and what one file costs in units of what it may cost."""
    with tempfile.TemporaryDirectory(prefix="flowprobe-bench-") as name:
        files = write(Path(name), 200 if quick else 1000)
        found = compare(f"check of {len(files)} files / CSafeLoader", lambda: _timed(lambda: _ours(files)),
                        lambda: _timed(lambda: _theirs(files)), target=TARGET, rounds=rounds)
    each = found.ours / len(files)
    one = replace(found, name=f"check of one file / {MOST_S * 1000:.0f} ms of CPU", ratio=each / MOST_S, target=1,
                  ours=each, base=MOST_S)
    return [found, one]


def write(folder: Path, number: int) -> list[Path]:
    """So many files of three steps, each with names of its own, and their project."""
    (folder / "flowprobe.yaml").write_text(PROJECT)
    files = [folder / f"journey-{each}.yaml" for each in range(number)]
    for each, file in enumerate(files):
        file.write_text(scenario(_STEPS).replace("invite-", f"invite-{each}-"))
    return files


def _ours(files: list[Path]) -> None:
    for file in files:
        assert looked_at(file, None)[0] == ()


def _theirs(files: list[Path]) -> None:
    """The file and its project, as often as we read both."""
    for file in files:
        for path in (file, file.parent / "flowprobe.yaml"):
            yaml.load(path.read_text(), yaml.CSafeLoader)


def _timed(call: Callable[[], object]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before
