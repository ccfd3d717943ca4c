"""`lost_reply: close`: the provider acted, and the caller never hears of it."""

from __future__ import annotations

from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.delivery import Lose
from flowprobe.core.faults.durations import in_words
from flowprobe.core.fields import As, Choice, Duration, Field, OneOf, Record
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "LostReply"]


@plain
class LostReply(Plain):
    """The call is forwarded and answered; then the connection `ends`: by close, by reset, or by a hang of at most
    `ceiling` seconds. Nothing of the answer reaches the caller."""

    ends: str = "close"
    ceiling: float = 30.0

    def action(self) -> Action:
        return Lose(self.ends, self.ceiling)

    def describe(self) -> str:
        return f"lost reply, {self.ends}{f' {in_words(self.ceiling)}' if self.ends == 'hang' else ''}"


_ENDS = Choice(("close", "reset", "hang"))
FIELD = Field("lost_reply", OneOf(
    scalar=As(_ENDS, LostReply),
    mapping=Record("lost reply", LostReply, (
        Field("ends", _ENDS, "How the connection ends.", required=True, example="hang"),
        Field("ceiling", Duration(positive=True), "How long a hang lasts at most.", example="30s"),
    )),
), "Let the provider act, and the caller never hear of it.", example="close")
