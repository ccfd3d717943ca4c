"""From faults that the search has placed to the fault plan of a trial."""

from __future__ import annotations

from collections.abc import Iterable

from flowprobe.core.exploring.model import Placed, Site
from flowprobe.core.faults.fault import Fault, FaultPlan, Match
from flowprobe.core.faults.kinds import before_calls
from flowprobe.core.values import Position

__all__ = ["plan_of"]

_SEARCH = Position("explore", 0, 0)


def plan_of(faults: Iterable[Placed], name: str) -> FaultPlan:
    """A plan whose faults fall on exactly these calls."""
    return FaultPlan(name, tuple(_fault(placed, number) for number, placed in enumerate(faults)))


def _fault(placed: Placed, number: int) -> Fault:
    match = Match() if before_calls(placed.kind) else _match(placed.site)
    return Fault(f"{placed.site.edge}.{placed.name}[{number}]", placed.site.edge, placed.kind, _SEARCH, match)


def _match(site: Site) -> Match:
    method, _, path = site.call.partition(" ")
    return Match(method=(method,), path=path, step=(site.step,) if site.step else (),
                 calls=(site.ordinal,) if site.ordinal else ())
