"""Marginal CPU of a step: `flowprobe run`, journal on disk and secrets registered, against a raw httpx loop.

Both make the same five chained calls with the same checks, again and again, to the same product. A step's cost is
(long run - short run) / steps, of the runner's process alone. *Walked*: the long run walks twelve trials of a
scenario, the short one one of them, so that the file is read once in both. *Read and walked*: one trial of a long
file against one of a short file; what it costs to read a step is added to what it costs to walk it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.cpu import python, surroundings, used
from tests.bench.journey import SECRETS, secrets, write_journey
from tests.bench.loopback import loopback
from tests.bench.pairs import Comparison, compare

__all__ = ["TARGET", "measure"]

TARGET = 1.25
GUARD = 1.6
"""The target is not reached, and said so by the whole form; the quick one keeps it from becoming worse."""
_ONE = ("--persona", "admin=account-0")
_SHORT = 100


@dataclass(frozen=True, slots=True)
class _Runner:
    """What is walked: the folder with the scenarios, and the product."""

    folder: Path
    product: str

    def flowprobe(self, steps: int, *words: str) -> float:
        command = python("-m", "flowprobe", "run", self._scenario(steps), "--faults", "none", *words)
        return used(command, cwd=self.folder, env=surroundings(secrets())).cpu_s

    def walked(self, steps: int) -> float:
        """CPU of one step, the file read once."""
        each = steps // SECRETS
        return (self.flowprobe(each) - self.flowprobe(each, *_ONE)) / (each * (SECRETS - 1))

    def read_and_walked(self, steps: int) -> float:
        return (self.flowprobe(steps, *_ONE) - self.flowprobe(_SHORT, *_ONE)) / (steps - _SHORT)

    def raw(self, steps: int) -> float:
        return (self._raw(steps) - self._raw(_SHORT)) / (steps - _SHORT)

    def _raw(self, steps: int) -> float:
        return used(python("-m", "tests.bench.raw_loop", self.product, str(steps)), cwd=self.folder).cpu_s

    def _scenario(self, steps: int) -> str:
        return write_journey(self.folder, self.product, steps).name


def measure(rounds: int, *, quick: bool) -> Sequence[Comparison]:
    steps = 1_200 if quick else 2_400
    with tempfile.TemporaryDirectory(prefix="flowprobe-bench-") as folder, loopback() as product:
        runner = _Runner(Path(folder), product)
        walked = compare("a step walked / raw httpx", lambda: runner.walked(steps), lambda: runner.raw(steps),
                         target=GUARD if quick else TARGET, rounds=rounds)
        if quick:
            return (walked,)
        both = compare("a step read and walked / raw httpx", lambda: runner.read_and_walked(steps),
                       lambda: runner.raw(steps), target=None, rounds=3)
    return walked, both
