"""`reset: request`: the connection is torn down with a TCP RST."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action, Cut, CutReply
from flowprobe.core.faults.endings import AT
from flowprobe.core.fields import As, Field
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Reset"]


@plain
class Reset(Plain):
    """`at` request: the provider never sees the call. `at` headers: it has answered, and the caller gets the
    head of the answer and then a reset."""

    at: str = "request"

    def action(self) -> Action:
        return CutReply(reset=True) if self.at == "headers" else Cut(reset=True)

    def describe(self) -> str:
        return f"reset at {self.at}"


FIELD = Field("reset", As(AT, Reset), "Tear the connection down with a TCP reset.", example="request")
