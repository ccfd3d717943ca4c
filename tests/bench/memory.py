"""Peak memory of `flowprobe run` as a run grows: for information, there is no target.

The steps are those of `runner_step.py`: twelve trials of a scenario. A run grows by further scenarios, whose bodies and
headers only the journal keeps; or by a longer one, which is read at once. What is kept of every step is for the result.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.cpu import python, surroundings, used
from tests.bench.journey import SECRETS, secrets, write_journey
from tests.bench.loopback import loopback
from tests.bench.pairs import Comparison

__all__ = ["measure"]


def measure(rounds: int, *, quick: bool) -> Sequence[Comparison]:  # noqa: ARG001  one round says it
    few, many = (600, 2_400) if quick else (2_000, 10_000)
    with tempfile.TemporaryDirectory(prefix="flowprobe-bench-") as folder, loopback() as product:
        small, large = (_peak_mib(Path(folder), product, steps, files=steps // few) for steps in (few, many))
        longer = _peak_mib(Path(folder), product, many, files=1)
    growth = (large - small) / (many - few) * 1000
    print(f"  peak memory: {small:.0f} MiB after {few} steps, {large:.0f} MiB ({large / small:.2f}) after {many} in "
          f"{many // few} files, {longer:.0f} MiB in one: {growth:.1f} MiB for 1,000 steps")
    return ()


def _peak_mib(folder: Path, product: str, steps: int, *, files: int) -> float:
    first = write_journey(folder, product, steps // SECRETS // files)
    names = [f"journey-{number}.yaml" for number in range(files)]
    for name in names:
        (folder / name).write_bytes(first.read_bytes())
    command = python("-m", "flowprobe", "run", *names, "--faults", "none")
    return used(command, cwd=folder, env=surroundings(secrets())).peak_mib
