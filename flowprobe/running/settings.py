"""What a command works with, and where each value came from: a flag, else a variable, else a file, else a default."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from flowprobe.core.plain import Plain, plain
from flowprobe.errors import InvalidInput, Problem

__all__ = ["DEFAULT", "VARIABLES", "Settings", "Settled", "duration", "settle"]

VARIABLES = {"environment": "FLOWPROBE_ENV", "faults": "FLOWPROBE_FAULTS", "seed": "FLOWPROBE_SEED",
             "timeout": "FLOWPROBE_TIMEOUT", "output": "FLOWPROBE_OUTPUT",
             "history": "FLOWPROBE_HISTORY"}
"""The variables that stand in for a flag; one that is empty is not set."""
DEFAULT = "default"
_FLAGS = {"environment": "--env"}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_Given = TypeVar("_Given")


@plain
class Settled(Plain, Generic[_Given]):
    """`source` is a flag, a variable's name, a place in a file, or `default`."""

    value: _Given
    source: str


@plain
class Settings(Plain):
    """`environment` None leaves the choice to flowprobe.yaml; `seed` None draws one for each run."""

    environment: Settled[str | None]
    faults: Settled[str | None]
    seed: Settled[int | None]
    timeout_s: Settled[float]
    output: Settled[Path | None]
    history: Settled[str | None]


def duration(text: str, *, of: str) -> float:
    """The seconds of a flag that no variable stands in for. Raises InvalidInput."""
    try:
        return _seconds(text)
    except ValueError as error:
        found, instead = error.args
        raise InvalidInput((Problem("bad-setting", of, 0, 0, found, instead),)) from None


def settle(*, environ: Mapping[str, str] | None = None, environment: str | None = None, faults: str | None = None,
           seed: int | None = None, timeout: str | None = None, output: Path | None = None,
           history: str | None = None) -> Settings:
    """The settings of a command from its flags. Raises InvalidInput for a value that is none, and says whose it is."""
    given = os.environ if environ is None else environ
    return Settings(
        environment=_settled("environment", environment, given, str, None),
        faults=_settled("faults", faults, given, str, None),
        seed=_settled("seed", None if seed is None else str(seed), given, _seed, None),
        timeout_s=_settled("timeout", timeout, given, _seconds, 30.0),
        output=_settled("output", None if output is None else str(output), given, Path, None),
        history=_settled("history", history, given, str, None))


def _settled(name: str, flag: str | None, environ: Mapping[str, str], read: Callable[[str], _Given],
             default: _Given | None) -> Settled[_Given]:
    variable = VARIABLES[name]
    if flag is not None:
        source, text = _FLAGS.get(name, f"--{name}"), flag
    elif environ.get(variable):
        source, text = variable, environ[variable]
    else:
        return Settled(default, DEFAULT)  # type: ignore[arg-type]  # None is one of the values where it is the default
    try:
        return Settled(read(text), source)
    except ValueError as error:
        found, instead = error.args
        raise InvalidInput((Problem("bad-setting", source, 0, 0, found, instead),)) from None


def _seed(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError(f"{text!r} is no seed", "write a whole number from 0 on")
    return int(text)


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m)", text)
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0
    if not seconds:
        raise ValueError(f"{text!r} is no duration", "write 500ms, 30s or 2m")
    return seconds
