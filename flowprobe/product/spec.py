"""What is to be started, with every look-up of the environment file resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["StartSpec"]


@dataclass(frozen=True, slots=True)
class StartSpec:
    """One process. `ready` is an absolute URL, asked with `ready_method` until it answers 2xx, for at most
    `ready_within` seconds; None means ready as soon as it runs. `log` takes its output, `folder` is where it
    runs (None: where we do). `ready_ca` is believed beside the roots of the system; without `ready_verify` anybody
    is."""

    command: tuple[str, ...]
    name: str
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    ready: str | None = None
    ready_method: str = "GET"
    ready_within: float = 20.0
    folder: Path | None = None
    ready_ca: Path | None = None
    ready_verify: bool = True
