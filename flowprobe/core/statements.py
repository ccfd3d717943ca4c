"""What a scenario promises of the whole journey: statements over provider calls and over what probes show, once the
journey has ended and the faults are off."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias

from flowprobe.core.plain import Plain, plain
from flowprobe.core.steps import Expect, Sends, Step
from flowprobe.core.values import Position, Value

__all__ = ["PROBE", "Facts", "Invariant", "Probe", "Promise", "Shows"]

PROBE = "probe"
"""The phase of a probe's calls."""

Promise: TypeAlias = Literal["always", "never"]


@plain
class Probe(Plain):
    """A call that changes nothing, made when the journey has ended and the faults are off. It is made again every
    `every` seconds, for at most `patience`, until each invariant holds that looks at it; once where that is 0. `step`
    has the call, under a name that no step of a file can have."""

    name: str
    step: Step
    patience: float = 0.0
    every: float = 0.5

    @property
    def most(self) -> int:
        """How often it is made at most."""
        return 1 + math.ceil(self.patience / self.every)


@plain
class Shows(Plain):
    """The reply to a probe is like this; where no status is said, it is below 400."""

    probe: str
    expect: Expect


@plain
class Facts(Plain):
    """Things that are so at the same time: how often the product called its providers or was called by them during the
    journey, and what probes show."""

    calls: tuple[Sends, ...] = ()
    shows: tuple[Shows, ...] = ()


@plain
class Invariant(Plain):
    """`always`: where `facts` hold, so does `then`. `never`: `facts` never hold together; or, with `oracle`, that
    oracle never sees anything. `when` maps a dotted path to a shape: where one does not fit, nothing is promised."""

    promise: Promise
    name: str
    position: Position
    facts: Facts = Facts()
    then: Facts = Facts()
    oracle: str = ""
    when: Mapping[str, Value] = field(default_factory=dict)

    @property
    def probes(self) -> frozenset[str]:
        """The probes that it looks at."""
        return frozenset(one.probe for one in (*self.facts.shows, *self.then.shows))
