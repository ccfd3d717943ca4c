"""What is done to a webhook on its way to the product. Its provider has its answer from us, so that it neither waits
nor sends again: a webhook that is late is late between the two."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from flowprobe.core.faults.stages import Stage
from flowprobe.core.plain import Plain, plain

__all__ = ["Again", "Delivery", "Drop", "Later", "Shuffle"]


@plain
class Later(Plain):
    """Answer the provider `answer`, and deliver this much later."""

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

    seconds: float
    answer: int


@plain
class Shuffle(Plain):
    """Answer the provider `answer`, and deliver when there are so many: the last one first."""

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

    together: int
    answer: int


@plain
class Drop(Plain):
    """Answer the provider `answer`, and deliver nothing."""

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

    answer: int


@plain
class Again(Plain):
    """Deliver so many times; the provider hears of the first."""

    stage: ClassVar = Stage.FORWARD
    ends: ClassVar = False

    times: int


Delivery: TypeAlias = Later | Shuffle | Drop | Again
