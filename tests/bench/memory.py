"""Peak memory of `flowprobe run` as a run grows: for information, there is no target.

The steps are those of `runner_step.py`: twelve trials of one scenario. Of a trial that passed no bodies are kept,
but its steps and calls are, for the result: so memory grows with the run, and this says how fast.
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
        small, large = (_peak_mib(Path(folder), product, steps) for steps in (few, many))
    growth = (large - small) / (many - few) * 1000
    print(f"  peak memory: {small:.0f} MiB after {few} steps, {large:.0f} MiB after {many}: "
          f"{growth:.1f} MiB for 1,000 steps")
    return ()


def _peak_mib(folder: Path, product: str, steps: int) -> float:
    file = write_journey(folder, product, steps // SECRETS)
    command = python("-m", "flowprobe", "run", file.name, "--faults", "none")
    return used(command, cwd=folder, env=surroundings(secrets())).peak_mib
