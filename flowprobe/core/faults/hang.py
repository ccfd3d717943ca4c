"""`hang: 30s`: nothing ever comes back, up to a ceiling."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action, Hold
from flowprobe.core.faults.durations import in_words
from flowprobe.core.fields import As, Duration, Field
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Hang"]


@plain
class Hang(Plain):
    """Keep the caller waiting for at most `seconds`; the receipt says when the caller gave up.

    The provider never sees the call: also when the hang ends early, the connection is closed."""

    seconds: float

    def action(self) -> Action:
        return Hold(self.seconds)

    def describe(self) -> str:
        return f"hang {in_words(self.seconds)}"


FIELD = Field("hang", As(Duration(), Hang), "Answer nothing, for at most this long.", example="30s")
