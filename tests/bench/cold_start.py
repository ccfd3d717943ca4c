"""CPU of a start with compiled bytecode, against `python -c pass` of the same interpreter and site-packages.

`run` walks one journey of five steps without faults; the product is already there, and only the runner's process
is counted. `check` reads the search scenario of this repository with its project, in the words that an editor or a
hook uses; of the file of five steps it is for information, with an option that sends it through the parser of the
command line. So is `--version`. Both sides pay for what site-packages does at every start (`.pth` files).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import mean

from tests.bench.cpu import ROOT, python, refuse_without_bytecode, surroundings, used
from tests.bench.journey import secrets, write_journey
from tests.bench.loopback import loopback
from tests.bench.pairs import Comparison, compare

__all__ = ["measure"]

_STEPS = 5
_GUARDS = 36, 12
"""What the quick form holds against. Between one day and the next the same code was at 24 and at 30 times `pass` on the
same machine, and at 40 times its instructions on both: this is for what makes a start dearer, not for that."""
_PASSES = 5
"""`python -c pass` is so short that one of them says little: a round takes the mean of these."""


def measure(rounds: int, *, quick: bool) -> Sequence[Comparison]:
    """Raises Refused where Python does not keep its bytecode."""
    refuse_without_bytecode()
    _tell_typer()
    with tempfile.TemporaryDirectory(prefix="flowprobe-bench-") as name, loopback() as product:
        folder = Path(name)
        file = write_journey(folder, product, _STEPS).name
        verbs: tuple[tuple[str, Path, tuple[str, ...], float | None], ...] = (
            ("run of five steps", folder, ("run", file, "--faults", "none", "--persona", "admin=account-0"),
             _GUARDS[0] if quick else 27),
            ("check of a small scenario", ROOT, ("check", "scenarios/search.yaml"), _GUARDS[1] if quick else 10),
            ("--help", folder, ("--help",), 8),
            ("--version", folder, ("--version",), None),
            *(() if quick else (("check --json of five steps", folder, ("check", "--json", file), None),)),
        )
        return [_against_pass(f"{title} / python -c pass", words, where, target, rounds)
                for title, where, words, target in verbs]


def _against_pass(name: str, words: tuple[str, ...], folder: Path, target: float | None, rounds: int) -> Comparison:
    env = surroundings(secrets())

    def ours() -> float:
        return used(python("-m", "flowprobe", *words), cwd=folder, env=env).cpu_s

    def nothing() -> float:
        return mean(used(python("-c", "pass"), cwd=folder, env=env).cpu_s for _ in range(_PASSES))

    return compare(name, ours, nothing, target=target, rounds=rounds)


def _tell_typer() -> None:
    """A typer outside of what pyproject.toml allows imports pydantic with every command."""
    found = version("typer")
    if tuple(map(int, found.split(".")[:2])) >= (0, 26):
        print(f"  typer {found} is newer than pyproject.toml allows and imports pydantic: these starts are too dear")
