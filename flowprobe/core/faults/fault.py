"""A fault plan as plain values: what falls on which calls, when, and how far it may go."""

from __future__ import annotations

from flowprobe.core.faults.kinds import Kind
from flowprobe.core.plain import Plain, plain
from flowprobe.core.values import Position

__all__ = ["Fault", "FaultPlan", "Limit", "Match", "When"]


@plain
class Match(Plain):
    """Which calls of the edge a fault falls on; None and empty mean every one. `path` is a path template:
    `/v1/charges/*` (one segment), `/v1/**` (any rest)."""

    method: str | None = None
    path: str | None = None


@plain
class When(Plain):
    """Which of the matching calls suffer: counted by trial, step and call site.

    `after` calls pass first, then every `every`-th, of those the first `first`, each with `probability`.
    """

    probability: float = 1.0
    first: int | None = None
    every: int = 1
    after: int = 0


@plain
class Limit(Plain):
    """The blast radius of one fault: injections and seconds since it was armed; enforced in the proxy."""

    injections: int | None = None
    seconds: float | None = None


@plain
class Fault(Plain):
    """One kind of harm on one edge (`user` or a provider's name). `id` is unique in its plan: `payments`,
    or `payments[1]` for the second one of a list."""

    id: str
    edge: str
    kind: Kind
    position: Position
    match: Match = Match()
    when: When = When()
    limit: Limit = Limit()


@plain
class FaultPlan(Plain):
    """What one trial is to suffer. The unfaulted twin has the plan named `none`, without faults."""

    name: str
    faults: tuple[Fault, ...]
    position: Position | None = None
    imitates: str = ""
