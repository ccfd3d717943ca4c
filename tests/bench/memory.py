"""Peak memory of `flowprobe run` as a run grows: a long run against a short one.

The steps are those of `runner_step.py`: twelve trials of a scenario. A run grows by further scenarios, of which nothing
may stay in memory but what they are; this is what the target is for. Or by a longer one: a file is read whole, and its
tree is what the peak is made of; that is for information.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.cpu import python, surroundings, used
from tests.bench.journey import SECRETS, secrets, write_journey
from tests.bench.loopback import loopback
from tests.bench.pairs import Comparison, compare

__all__ = ["TARGET", "measure"]

TARGET = 1.1


def measure(rounds: int, *, quick: bool) -> Sequence[Comparison]:
    """Memory strays less than time does: half of the rounds say it."""
    few, many = (600, 3_000) if quick else (2_000, 10_000)
    rounds = max(2, rounds // 2)
    with tempfile.TemporaryDirectory(prefix="flowprobe-bench-") as folder, loopback() as product:
        def peak(steps: int, files: int) -> float:
            return _peak_mib(Path(folder), product, steps, files=files)

        files = compare(f"{many} steps in {many // few} files / {few} in one", lambda: peak(many, many // few),
                        lambda: peak(few, 1), target=TARGET, rounds=rounds, unit="MiB")
        longer = compare(f"{many} steps in one file / {few} in one", lambda: peak(many, 1), lambda: peak(few, 1),
                         target=None, rounds=rounds, unit="MiB")
    return files, longer


def _peak_mib(folder: Path, product: str, steps: int, *, files: int) -> float:
    first = write_journey(folder, product, steps // SECRETS // files)
    names = [f"journey-{number}.yaml" for number in range(files)]
    for name in names:
        (folder / name).write_bytes(first.read_bytes())
    command = python("-m", "flowprobe", "run", *names, "--faults", "none")
    return used(command, cwd=folder, env=surroundings(secrets())).peak_mib
