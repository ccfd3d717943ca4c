"""`latency: 500ms`: the provider answers, but later."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action, Sleep
from flowprobe.core.faults.durations import in_words
from flowprobe.core.fields import As, Duration, Field
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Latency"]


@plain
class Latency(Plain):
    """Hold the call back for `seconds` before it is forwarded. A caller that gives up first is never forwarded."""

    seconds: float

    def action(self) -> Action:
        return Sleep(self.seconds)

    def describe(self) -> str:
        return f"latency {in_words(self.seconds)}"


FIELD = Field("latency", As(Duration(), Latency), "Hold each call back before it is forwarded.", example="500ms")
