"""What is done to the messages of a WebSocket, in both directions."""

from __future__ import annotations

from typing import ClassVar

from flowprobe.core.faults.stages import Stage
from flowprobe.core.plain import Plain, plain

__all__ = ["CutMessages", "SleepMessages"]


@plain
class SleepMessages(Plain):
    """Let each message pass this much later."""

    stage: ClassVar = Stage.PACE
    ends: ClassVar = False

    seconds: float


@plain
class CutMessages(Plain):
    """End the connection (`reset`: by a TCP reset) in place of the message after so many."""

    stage: ClassVar = Stage.CUT
    ends: ClassVar = True

    after: int
    reset: bool
