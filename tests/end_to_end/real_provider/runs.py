"""`flowprobe run` as people start it, in a process of its own, and what it left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from flowprobe.core.evidence import fold
from flowprobe.core.verdict import judge_run
from flowprobe.journal.reader import read_folder

__all__ = ["Json", "Run", "flowprobe_run"]

_REPOSITORY = Path(__file__).resolve().parents[3]
_DEADLINE_S = 150
_RUNS = 3

Json = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One finished run: its exit code, the result that it printed, and the journals in its folder."""

    code: int
    result: Json
    folder: Path

    def trial(self, plan: str) -> Json:
        (found,) = [trial for trial in self.result["trials"] if trial["plan"] == plan]
        return found

    def step(self, plan: str, step: str) -> Json:
        (found,) = [each for each in self.trial(plan)["steps"] if each["step"] == step]
        return found

    def verdict(self, plan: str) -> tuple[str, list[str]]:
        """The verdict and its reasons."""
        trial = self.trial(plan)
        return trial["verdict"], trial["reasons"]

    def answer(self, plan: str, step: str) -> Json:
        """The reply to the only call of a step, as the runner's journal has it."""
        (call,) = self.step(plan, step)["calls"]
        (found,) = [e for e in self.runner if e["event"] == "CallReplied" and e["call"] == call["call"]]
        return found

    def exchanges(self, plan: str, **like: object) -> list[Json]:
        """What the proxy saw of a trial, in the order in which it began."""
        trial = self.trial(plan)["trial"]
        found = [e for e in self.proxy if e["event"] == "ExchangeEnded" and e["trial"] == trial
                 and all(e[key] == value for key, value in like.items())]
        return sorted(found, key=lambda e: e["started"])

    @cached_property
    def proxy(self) -> list[Json]:
        return _lines(self.folder / "journal" / "proxy.jsonl")

    @cached_property
    def runner(self) -> list[Json]:
        return _lines(self.folder / "journal" / "runner.jsonl")

    @cached_property
    def judged_again(self) -> Any:
        """The verdict of each trial by its id, from the journals alone."""
        streams = read_folder(self.folder / "journal")
        return judge_run(fold(line for stream in streams for line in stream.stamped))


def flowprobe_run(scenario: Path, *options: str, programs: Path, output: Path) -> Run:
    """Run a scenario in its own folder, with `programs` on PATH; again where this machine was too busy to judge."""
    for number in range(_RUNS):
        run = _run(scenario, *options, programs=programs, output=output / str(number))
        if not any(trial["blame"] == "tool" for trial in run.result["trials"]):
            break
    return run


def _run(scenario: Path, *options: str, programs: Path, output: Path) -> Run:
    env = {**os.environ, "PATH": os.pathsep.join((str(programs), os.environ["PATH"])),
           "PYTHONPATH": os.pathsep.join(filter(None, (str(_REPOSITORY), os.environ.get("PYTHONPATH"))))}
    done = subprocess.run(
        [sys.executable, "-m", "flowprobe", "run", scenario.name, "--seed", "1", "--json", "-o", str(output), *options],
        cwd=scenario.parent, env=env, capture_output=True, text=True, timeout=_DEADLINE_S, check=False)
    assert done.stdout.startswith("{"), f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return Run(done.returncode, json.loads(done.stdout), output)


def _lines(file: Path) -> list[Json]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
