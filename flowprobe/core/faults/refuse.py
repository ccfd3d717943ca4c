"""`refuse: true`: nobody listens; a connection is refused before a byte of the call is sent."""

from __future__ import annotations

from flowprobe.core.faults.connecting import Shut
from flowprobe.core.fields import TRUE, As, Field
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Refuse"]


@plain
class Refuse(Plain):
    """Close the listener of a provider's reverse edge while the fault is in force; on the user edge our own client
    refuses the call to itself. What was connected before is closed first, and reset where it is used again."""

    def action(self) -> Shut:
        return Shut()

    def describe(self) -> str:
        return "connections refused"


FIELD = Field("refuse", As(TRUE, lambda _: Refuse()), "Refuse connections: nothing listens while this is in force.",
              example="true")
