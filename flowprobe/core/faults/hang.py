"""`hang: 30s`: nothing ever comes back, up to a ceiling."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action, Hold, Withhold
from flowprobe.core.faults.durations import in_words
from flowprobe.core.faults.endings import AT_WORDS
from flowprobe.core.fields import As, Choice, Duration, Field, OneOf, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Hang"]


@plain
class Hang(Plain):
    """Keep the caller waiting for at most `seconds`; the receipt says when the caller gave up.

    `at` request: the provider never sees the call. `at` headers: it has answered, and nothing of that comes through.
    Also when the hang ends early, the connection is closed."""

    seconds: float
    at: str = "request"

    def action(self) -> Action:
        return Withhold(self.seconds) if self.at == "headers" else Hold(self.seconds)

    def describe(self) -> str:
        return f"hang {in_words(self.seconds)}{' after the provider answered' if self.at == 'headers' else ''}"


def _hang(*, ceiling: float, at: str = "request") -> Hang:
    return Hang(ceiling, at)


FIELD = Field(
    "hang",
    OneOf(
        scalar=As(Duration(positive=True), Hang),
        mapping=Record("hang", _hang, (
            Field("ceiling", Duration(positive=True), "The longest that a caller is kept waiting.", required=True,
                  example="30s"),
            Field("at", Choice(AT_WORDS), "Instead of asking the provider, or once it has answered.",
                  example="headers"),
        ), parts=lambda hang: {"ceiling": hang.seconds, "at": hang.at}),
    ),
    "Answer nothing, for at most this long.",
    example="30s",
)
