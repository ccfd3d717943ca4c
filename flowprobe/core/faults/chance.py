"""What a kind may make of chance: a draw that is the call's own, and the call's number."""

from __future__ import annotations

from flowprobe.core.plain import Plain, plain

__all__ = ["CERTAIN", "Chance"]


@plain
class Chance(Plain):
    """`u` in [0, 1); `ordinal` counts the matching calls of one trial, step and call site from 1."""

    u: float = 0.5
    ordinal: int = 1


CERTAIN = Chance()
