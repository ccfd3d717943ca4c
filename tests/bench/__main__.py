"""`python -m tests.bench [--quick] [NAME...]`: every number of the product that is a ratio, measured side by side.

Exit 0: every target held. 1: one was missed by more than the base strays from itself, and again with more rounds.
2: something could not be measured.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import checking, cold_start, contract, history, memory, runner_step
from tests.bench.cpu import ROOT, Refused, python, surroundings
from tests.bench.pairs import Comparison


@dataclass(frozen=True, slots=True)
class Effort:
    """`again`: a target was missed, so measure longer."""

    quick: bool
    again: bool = False

    @property
    def rounds(self) -> int:
        return (3 if self.quick else 7) * (2 if self.again else 1)


@dataclass(frozen=True, slots=True)
class Measured:
    """A module of ours: what it compares is printed and judged here."""

    measure: Callable[..., Sequence[Comparison]]

    def held(self, effort: Effort) -> bool:
        found = self.measure(effort.rounds, quick=effort.quick)
        for comparison in found:
            print(f"  {comparison}", flush=True)
        return all(comparison.held for comparison in found)


@dataclass(frozen=True, slots=True)
class Script:
    """A script beside this file, which prints its own ratios and exits 1 beyond a target. Without words it
    takes its full time; `longer` is for a second time after that."""

    name: str
    quick: tuple[str, ...] = ("--quick",)
    longer: tuple[str, ...] = ()

    def held(self, effort: Effort) -> bool:
        command = python(str(Path(__file__).with_name(f"{self.name}.py")), *self._words(effort))
        ended = subprocess.run(command, cwd=ROOT, env=surroundings(), check=False)
        if ended.returncode not in (0, 1):
            raise Refused(f"{self.name} ended with {ended.returncode}")
        return ended.returncode == 0

    def _words(self, effort: Effort) -> tuple[str, ...]:
        if effort.quick:
            return () if effort.again else self.quick
        return self.longer if effort.again else ()


BENCHMARKS: Mapping[str, Measured | Script] = {
    "cold-start": Measured(cold_start.measure),
    "runner-step": Measured(runner_step.measure),
    "check": Measured(checking.measure),
    "memory": Measured(memory.measure),
    "contract": Measured(contract.measure),
    "history": Measured(history.measure),
    "http-driver": Script("http_driver", quick=("--rounds", "5", "--calls", "100"), longer=("--rounds", "18")),
    "reader": Script("reader"),
    "proxy-cpu": Script("proxy_cpu", longer=("--rounds", "18")),
    "proxy-rules": Script("proxy_rules", longer=("--rounds", "120")),
    "proxy-memory": Script("proxy_memory"),
    "proxy-halt": Script("proxy_halt"),
    "proxy-soak": Script("proxy_soak", longer=("--minutes", "5")),
    "proxy-latency": Script("proxy_latency", longer=("--samples", "400")),
    "proxy-streams": Script("proxy_streams", longer=("--rounds", "19")),
    "proxy-bandwidth": Script("proxy_bandwidth", longer=("--rounds", "30")),
    "blame": Script("blame", longer=("--cases", "400")),
    "nights": Script("nights", longer=("--worlds", "60")),
    "blaming": Script("blaming"),
    "explore-demo": Script("explore_demo", longer=("--seeds", "10")),
    "explore-search": Script("explore_search", longer=("--seeds", "20")),
}

BY_NAME = ("explore-demo",)
"""Measured where they are named alone: their targets are not reached yet (docs/reference/benchmarks.md)."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure, side by side, and judge.")
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; default: all "
                         f"but {', '.join(BY_NAME)}")
    options.add_argument("--quick", action="store_true", help="fewer rounds and shorter runs, as in CI")
    chosen = options.parse_args()
    unknown = [name for name in chosen.names if name not in BENCHMARKS]
    if unknown:
        options.error(f"there is no benchmark {', '.join(unknown)}; there is: {', '.join(BENCHMARKS)}")
    names = chosen.names or [name for name in BENCHMARKS if name not in BY_NAME]
    return max(judged(name, Effort(quick=chosen.quick)) for name in names)


def judged(name: str, effort: Effort) -> int:
    """The exit code of one benchmark; a miss is measured once more, and longer."""
    print(f"{name}:", flush=True)
    try:
        if BENCHMARKS[name].held(effort):
            return 0
        print(f"{name}, once more and longer:", flush=True)
        return 0 if BENCHMARKS[name].held(replace(effort, again=True)) else 1
    except (Refused, RuntimeError) as reason:
        print(f"  not measured: {reason}", flush=True)
        return 2


if __name__ == "__main__":
    sys.exit(main())
