"""`close: request`: the connection ends without an answer."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action, Cut, CutReply
from flowprobe.core.faults.endings import AT
from flowprobe.core.fields import As, Field
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Close"]


@plain
class Close(Plain):
    """`at` request: the provider never sees the call. `at` headers: it has answered, and the caller gets the
    head of the answer and then the end of the connection."""

    at: str = "request"

    def action(self) -> Action:
        return CutReply(reset=False) if self.at == "headers" else Cut(reset=False)

    def describe(self) -> str:
        return f"close at {self.at}"


FIELD = Field("close", As(AT, Close), "End the connection in an orderly way, without a whole answer.",
              example="request")
