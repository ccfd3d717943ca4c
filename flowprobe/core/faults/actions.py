"""What a kind does to one exchange, as plain values: the proxy carries them out and judges nothing.

Several may fall on one exchange. They happen in the order of their `stage`, whatever the order in the file, and at
most one of those that end the exchange (`ends`) falls on it.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from flowprobe.core.faults.answers import Limited, Recall, Redirect
from flowprobe.core.faults.connecting import Connecting
from flowprobe.core.faults.delivery import Deliver, Lose
from flowprobe.core.faults.messages import CutMessages, SleepMessages
from flowprobe.core.faults.pacing import Dribble, Late, Slow, Withhold
from flowprobe.core.faults.spoiling import Spoiling
from flowprobe.core.faults.stages import Stage
from flowprobe.core.faults.streams import Farewell, ResetStream
from flowprobe.core.faults.webhooks import Delivery
from flowprobe.core.plain import Plain, plain

__all__ = [
    "Action", "Answer", "Cut", "CutReply", "Dribble", "Hold", "Late", "Replace", "Rewriting", "Rewritten", "Shorten",
    "Sleep", "Slow", "Stage", "Withhold", "changes_reply",
]


@plain
class Sleep(Plain):
    """Forward the request this much later."""

    stage: ClassVar = Stage.DELAY
    ends: ClassVar = False

    seconds: float


@plain
class Hold(Plain):
    """Neither forward nor answer, for at most this long; then end the connection."""

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

    seconds: float


@plain
class Answer(Plain):
    """Answer in the provider's place."""

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@plain
class Cut(Plain):
    """End the connection (`reset`: by a TCP reset) instead of forwarding."""

    stage: ClassVar = Stage.INSTEAD
    ends: ClassVar = True

    reset: bool


@plain
class Rewritten(Plain):
    """A spoilt body. `length` is what Content-Length is to say, `media_type` None keeps what is there.

    `ends_early` asks for the end of the connection after the body: the caller waits for the rest otherwise.
    """

    body: bytes
    length: int
    media_type: str | None = None
    ends_early: bool = False


@plain
class Replace(Plain):
    """Put another body into the reply; `media_type` None leaves Content-Type as it is."""

    stage: ClassVar = Stage.SPOIL
    ends: ClassVar = False

    body: bytes
    media_type: str | None = None

    def rewrite(self, body: bytes) -> Rewritten | None:
        """What becomes of a reply's body; None where there is nothing to spoil (then nothing was injected)."""
        return None if self.body == body else Rewritten(self.body, len(self.body), self.media_type)


@plain
class Shorten(Plain):
    """Keep the first `keep` percent of the reply's body; `honest` lets Content-Length say so."""

    stage: ClassVar = Stage.SPOIL
    ends: ClassVar = False

    keep: int
    honest: bool

    def rewrite(self, body: bytes) -> Rewritten | None:
        """The beginning of the body, or None where that is all of it."""
        kept = body[: len(body) * self.keep // 100]
        if kept == body:
            return None
        return Rewritten(kept, len(kept)) if self.honest else Rewritten(kept, len(body), ends_early=True)


@plain
class CutReply(Plain):
    """End the connection (`reset`: by a TCP reset) once the head of the reply and `after` bytes of its body are past:
    at once, without the rest of it. A reply that has no more than that stays whole."""

    stage: ClassVar = Stage.CUT
    ends: ClassVar = True

    reset: bool
    after: int = 0

    def rewrite(self, body: bytes) -> Rewritten | None:
        """What is left of a body that is here, whole, where a longer one was promised."""
        if self.after and len(body) <= self.after:
            return None
        return Rewritten(body[: self.after], max(1, len(body)), ends_early=not self.reset)


Rewriting: TypeAlias = Replace | Shorten | CutReply
Action: TypeAlias = (
    Sleep | Hold | Answer | Cut | Rewriting | Limited | Redirect | Recall | Deliver | Lose | Spoiling
    | Connecting | ResetStream | Farewell | Delivery | SleepMessages | CutMessages
    | Slow | Dribble | Late | Withhold
)


def changes_reply(action: Action) -> bool:
    """Whether the action needs the provider's reply, whole, before the caller sees any of it."""
    return isinstance(action, Rewriting | Spoiling) and not isinstance(action, CutReply)
