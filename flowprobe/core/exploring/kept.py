"""A try and what was learned of it as one line of a file, and back: what is known already need not be tried again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

from flowprobe.core.exploring.model import Break, Learned, Reached, Site, Try

__all__ = ["Key", "Known", "from_row", "to_row"]

Key: TypeAlias = tuple[str, tuple[str, ...], tuple[str, ...]]
"""Of a try: see `Try.key`."""

Known: TypeAlias = dict[Key, list[Learned]]
"""What earlier trials of each try taught, in their order."""


def to_row(made: Try, found: Learned) -> dict[str, Any]:
    """Plain values, for JSON."""
    state, faults, without = made.key
    row = asdict(found)
    return {"state": dict(made.state), "faults": [str(placed) for placed in made.faults], "phase": made.phase,
            **({"without": list(without)} if without else {}),
            "key": [state, list(faults)], "learned": {**row, "fired": sorted(found.fired)}}


def from_row(row: Mapping[str, Any]) -> tuple[Key, Learned]:
    """Raises KeyError, TypeError or ValueError where a line is none of ours."""
    state, faults = row["key"]
    said: dict[str, Any] = dict(row["learned"])
    said["breaks"] = tuple(Break(**each) for each in said["breaks"])
    said["reached"] = tuple(Reached(**{**each, "site": Site(**each["site"])}) for each in said["reached"])
    said["fired"] = frozenset(said["fired"])
    return (state, tuple(faults), tuple(row.get("without", ()))), Learned(**said)
