"""`websocket: {latency: 200ms}`: what can be done to the messages of a WebSocket after its upgrade."""

from __future__ import annotations

from flowprobe.core.faults.durations import in_words
from flowprobe.core.faults.messages import CutMessages, SleepMessages
from flowprobe.core.fields import As, Duration, Field, Integer, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Websocket"]


@plain
class Websocket(Plain):
    """One of the three is set: each message comes `latency` seconds later, in both directions, or the connection is
    closed or reset in place of the one after so many."""

    latency: float = 0.0
    close: int = 0
    reset: int = 0

    def action(self) -> SleepMessages | CutMessages:
        if self.latency:
            return SleepMessages(self.latency)
        return CutMessages(self.close or self.reset, reset=bool(self.reset))

    def describe(self) -> str:
        if self.latency:
            return f"websocket messages {in_words(self.latency)} late"
        return f"websocket {'reset' if self.reset else 'closed'} after {self.close or self.reset} messages"


FIELD = Field(
    "websocket",
    As(Record("websocket fault", Websocket, (
        Field("latency", Duration(positive=True), "Let each message pass so much later, in both directions.",
              example="200ms"),
        Field("close", Integer(minimum=1), "End the connection in place of the message after so many.", example="3"),
        Field("reset", Integer(minimum=1), "The same, by a TCP reset.", example="3"),
    ), exactly_one=("latency", "close", "reset")), lambda found: found),
    "What happens to the messages of a WebSocket, of both sides, once it is open.",
    example="{latency: 200ms}",
)
