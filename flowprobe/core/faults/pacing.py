"""What kinds do to time where more than the forwarding waits: the reply as a whole, or the bytes on their way."""

from __future__ import annotations

from typing import ClassVar

from flowprobe.core.faults.stages import Stage
from flowprobe.core.plain import Plain, plain

__all__ = ["Dribble", "Late", "Slow", "Withhold"]


@plain
class Slow(Plain):
    """Let no more bytes pass in a second than `up` of the request and `down` of the reply; None is unlimited. They go
    on in pieces of `piece` bytes, and of what 20 ms let pass where that is None."""

    stage: ClassVar = Stage.PACE
    ends: ClassVar = False

    up: float | None
    down: float | None
    piece: int | None = None


@plain
class Dribble(Plain):
    """Cut the body of the reply into pieces of `piece` bytes, and wait `seconds` before each."""

    stage: ClassVar = Stage.PACE
    ends: ClassVar = False

    seconds: float
    piece: int


@plain
class Late(Plain):
    """Let the reply go on this much later, from its head on. `at_least`: so late that it has taken `seconds` in all,
    the provider's own time included."""

    stage: ClassVar = Stage.HEAD
    ends: ClassVar = False

    seconds: float
    at_least: bool = False


@plain
class Withhold(Plain):
    """Keep the reply, for at most this long; then end the connection."""

    stage: ClassVar = Stage.HEAD
    ends: ClassVar = True

    seconds: float
