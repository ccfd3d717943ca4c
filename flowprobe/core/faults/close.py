"""`close: request`: the connection ends without an answer."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.endings import At, cut_at, ending, in_words
from flowprobe.core.fields import Field
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Close"]


@plain
class Close(Plain):
    """`at` request: the provider never sees the call. `at` headers: it has answered, and the caller gets the
    head of the answer and then the end of the connection, or so many bytes of its body before that (`After`)."""

    at: At = "request"

    def action(self) -> Action:
        return cut_at(self.at, reset=False)

    def describe(self) -> str:
        return f"close {in_words(self.at)}"


FIELD = Field("close", ending("close", Close), "End the connection in an orderly way, without a whole answer.",
              example="request")
