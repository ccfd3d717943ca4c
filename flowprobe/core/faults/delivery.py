"""What a kind does about the way to the provider and back: deliver twice, or lose the reply."""

from __future__ import annotations

from typing import ClassVar

from flowprobe.core.faults.stages import Stage
from flowprobe.core.plain import Plain, plain

__all__ = ["Deliver", "Lose"]


@plain
class Deliver(Plain):
    """Deliver the request `times` times, one after the other; the caller hears the first answer, or the last."""

    stage: ClassVar = Stage.FORWARD
    ends: ClassVar = False

    times: int
    first: bool


@plain
class Lose(Plain):
    """The provider has answered, and the caller does not hear of it: `how` is close, reset, or hang for at most
    `ceiling` seconds."""

    stage: ClassVar = Stage.LOST
    ends: ClassVar = True

    how: str
    ceiling: float
