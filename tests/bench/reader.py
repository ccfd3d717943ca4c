"""What reading a scenario costs: cold, beside pydantic models of the same fields; warm, beside C YAML alone.

Cold: CPU of a new interpreter that reads and checks a five-step file, in units of `python -c pass`. Each round
runs every candidate once, in turn; medians, and the spread of `pass` against itself. The pydantic column is
left out where pydantic is not installed: `pip install pydantic` beside FlowProbe for the measurement.

Warm: load and check of a 500-step file, over `yaml.CSafeLoader` on the same text. Exit 1 beyond the target plus
the spread of C YAML against itself.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

import yaml

from flowprobe.files.checks import check_scenario
from flowprobe.files.project import load_project
from flowprobe.files.scenarios import load_scenario

ROOT = Path(__file__).parents[2]
TARGET = 1.5
CACHED = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
"""Modules are compiled in the round that is not counted, as they are when a package is installed."""
PROJECT = """\
flowprobe: 1
environments: {local: {target: http://127.0.0.1:0, providers: {mail: {url: https://api.mail.example}}}}
personas: {pro-eu: {team: t_1, budget: {invite: 800ms}}, staff: {}}
"""
HEAD = """\
flowprobe: 1
scenario: A long journey
tags: [nightly]
personas: {admin: pro-eu, operator: staff}
workflow:
"""
STEP = """\
  - step: invite-%d
    call: POST /v1/teams/${admin.team}/invites
    as: operator
    headers: {Idempotency-Key: "${trial.id}-invite-%d", Accept: application/json}
    json:
      email: "guest+${trial.id}@example.test"
      role: member
      limits: {seats: 3, ratio: 0.75, active: true, note: null}
    expect:
      status: [200, 201]
      json: {id: {$type: string}, state: pending, limits: {seats: 3}}
      within: 800ms
      sends: {mail: {POST /send: 1}}
    capture: {id: $.id, state: $.state}
    cleanup: DELETE /v1/invites/${invite-%d.id}
"""
OURS = """\
import sys
from pathlib import Path
from flowprobe.files.checks import check_scenario
from flowprobe.files.project import load_project
from flowprobe.files.scenarios import load_scenario
project = load_project(Path(sys.argv[2]))
assert not check_scenario(load_scenario(Path(sys.argv[1])), project, project.environments["local"])
"""
THEIRS = """\
import sys
from pathlib import Path
from tests.bench.pydantic_reader import read
read(Path(sys.argv[1]))
"""


def scenario(steps: int) -> str:
    """A valid file with so many steps."""
    return HEAD + "".join(STEP % (number, number, number) for number in range(steps))


# --- cold -----------------------------------------------------------------------------------------


def commands(file: Path, project: Path) -> Mapping[str, list[str]]:
    """What is run in a new interpreter, by name."""
    python = sys.executable
    found = {
        "pass": [python, "-c", "pass"],
        "pass again": [python, "-c", "pass"],
        "C YAML alone": [python, "-c", "import sys, yaml; yaml.load(open(sys.argv[1]), yaml.CSafeLoader)", str(file)],
        "ours: read and check": [python, "-c", OURS, str(file), str(project)],
    }
    if importlib.util.find_spec("pydantic") is not None:
        found["pydantic: read"] = [python, "-c", THEIRS, str(file)]
    return found


def cpu_of(command: list[str]) -> float:
    """Seconds of CPU, user and system, of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, cwd=ROOT, env=CACHED)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cold(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file, project = Path(folder, "five.yaml"), Path(folder, "flowprobe.yaml")
        file.write_text(scenario(5))
        project.write_text(PROJECT)
        found = commands(file, project)
        taken: dict[str, list[float]] = {name: [] for name in found}
        for _ in range(rounds + 1):
            for name, command in found.items():
                taken[name].append(cpu_of(command))
    unit = median(taken["pass"][1:])
    print(f"cold, {rounds} rounds, `python -c pass` = {unit * 1000:.1f} ms of CPU")
    for name, seconds in taken.items():
        print(f"  {name:<22} {median(seconds[1:]) / unit:5.1f} x pass")


# --- warm -----------------------------------------------------------------------------------------


def timed(call: Callable[[], object]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before


def warm(rounds: int, steps: int) -> bool:
    """Whether load and check stay within the target."""
    text = scenario(steps)
    project = load_project(Path("flowprobe.yaml"), text=PROJECT)

    def ours() -> None:
        assert not check_scenario(load_scenario(Path("long.yaml"), text=text), project, project.environments["local"])

    def theirs() -> None:
        yaml.load(text, yaml.CSafeLoader)

    ours()
    taken = [(timed(theirs), timed(ours), timed(theirs)) for _ in range(rounds)]
    ratio = median(mine / yours for yours, mine, _ in taken)
    spread = max(0.0, median(abs(again / yours - 1) for yours, _, again in taken))
    print(f"warm, {rounds} rounds, {steps} steps, {len(text) // 1024} KiB")
    print(f"  C YAML alone           {median(yours for yours, _, _ in taken) * 1000:6.1f} ms of CPU")
    print(f"  ours: load and check   {median(mine for _, mine, _ in taken) * 1000:6.1f} ms of CPU")
    print(f"  ratio {ratio:.2f}, target {TARGET}, spread of C YAML against itself {spread:.2f}")
    return ratio <= TARGET + spread


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer rounds, for .ci/run")
    quick = options.parse_args().quick
    cold(3 if quick else 15)
    return 0 if warm(5 if quick else 15, 500) else 1


if __name__ == "__main__":
    sys.exit(main())
