"""`python -m tests.bench [--quick] [NAME...]`: every number of the product that is a ratio, measured side by side.

Exit 0: every target held. 1: one was missed by more than the base strays from itself, and again with twice the
rounds. 2: something could not be measured.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tests.bench import cold_start, memory, runner_step
from tests.bench.cpu import ROOT, Refused, python, surroundings
from tests.bench.pairs import Comparison

Benchmark = Callable[[int, bool], bool]
"""Takes the number of rounds and whether it has to be quick; prints its ratios; True where every target held."""

ROUNDS, QUICK_ROUNDS = 7, 3


def _compared(measure: Callable[..., Sequence[Comparison]], rounds: int, quick: bool) -> bool:
    found = measure(rounds, quick=quick)
    for comparison in found:
        print(f"  {comparison}", flush=True)
    return all(comparison.held for comparison in found)


def _script(name: str, quick_words: tuple[str, ...], rounds: int, quick: bool) -> bool:
    """A script of its own beside this file, with `--rounds`: it prints its ratios and exits 1 beyond its target."""
    command = python("-m", f"tests.bench.{name}", "--rounds", str(rounds), *(quick_words if quick else ()))
    ended = subprocess.run(command, cwd=ROOT, env=surroundings(), check=False)
    if ended.returncode not in (0, 1):
        raise Refused(f"{name} ended with {ended.returncode}")
    return ended.returncode == 0


BENCHMARKS: Mapping[str, Benchmark] = {
    "cold-start": partial(_compared, cold_start.measure),
    "runner-step": partial(_compared, runner_step.measure),
    "memory": partial(_compared, memory.measure),
    "http-driver": partial(_script, "http_driver", ("--calls", "100")),
}


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all")
    options.add_argument("--quick", action="store_true", help="fewer rounds and shorter runs, as in CI")
    chosen = options.parse_args()
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        options.error(f"there is no benchmark {', '.join(unknown)}; there is: {', '.join(BENCHMARKS)}")
    names = chosen.names or list(BENCHMARKS)
    return max(_judged(name, QUICK_ROUNDS if chosen.quick else ROUNDS, chosen.quick) for name in names)


def _judged(name: str, rounds: int, quick: bool) -> int:
    """The exit code of one benchmark; a miss is measured once more, with twice the rounds."""
    print(f"{name}:", flush=True)
    try:
        if BENCHMARKS[name](rounds, quick):
            return 0
        print(f"{name}, again with {2 * rounds} rounds:", flush=True)
        return 0 if BENCHMARKS[name](2 * rounds, quick) else 1
    except (Refused, RuntimeError) as reason:
        print(f"  not measured: {reason}", flush=True)
        return 2


if __name__ == "__main__":
    sys.exit(main())
