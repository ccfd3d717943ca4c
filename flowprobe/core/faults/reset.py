"""`reset: request`: the connection is torn down with a TCP RST."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.endings import At, cut_at, ending, in_words
from flowprobe.core.fields import Field
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Reset"]


@plain
class Reset(Plain):
    """`at` request: the provider never sees the call. `at` headers: it has answered, and the caller gets the
    head of the answer and then a reset, or so many bytes of its body before that (`After`)."""

    at: At = "request"

    def action(self) -> Action:
        return cut_at(self.at, reset=True)

    def describe(self) -> str:
        return f"reset {in_words(self.at)}"


FIELD = Field("reset", ending("reset", Reset), "Tear the connection down with a TCP reset.", example="request")
