"""What a kind does to one exchange, as plain values: the proxy carries them out and judges nothing.

Several may fall on one exchange. They happen in one fixed order (`RANK`): first the delay, then at most one
of those that end the exchange, then what is done to the reply's body.
"""

from __future__ import annotations

from typing import TypeAlias, assert_never

from flowprobe.core.plain import Plain, plain

__all__ = [
    "Action", "Answer", "Cut", "Hold", "Replace", "Rewritten", "Shorten", "Sleep", "changes_reply", "ends_exchange",
    "rank", "rewrite",
]


@plain
class Sleep(Plain):
    """Forward the request this much later."""

    seconds: float


@plain
class Hold(Plain):
    """Neither forward nor answer, for at most this long; then end the connection."""

    seconds: float


@plain
class Answer(Plain):
    """Answer in the provider's place."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@plain
class Cut(Plain):
    """End the connection (`reset`: by a TCP reset), instead of forwarding, or after the head of the reply."""

    reset: bool
    after_head: bool


@plain
class Replace(Plain):
    """Put another body into the reply; `media_type` None leaves Content-Type as it is."""

    body: bytes
    media_type: str | None = None


@plain
class Shorten(Plain):
    """Keep the first `keep` percent of the reply's body; `honest` lets Content-Length say so."""

    keep: int
    honest: bool


Action: TypeAlias = Sleep | Hold | Answer | Cut | Replace | Shorten


@plain
class Rewritten(Plain):
    """A spoilt body. `length` is what Content-Length is to say, `media_type` None keeps what is there.

    `ends_early` asks for the end of the connection after the body: the caller waits for the rest otherwise.
    """

    body: bytes
    length: int
    media_type: str | None = None
    ends_early: bool = False


def rank(action: Action) -> int:
    """The place of an action in the fixed order."""
    match action:
        case Sleep():
            return 0
        case Hold() | Answer() | Cut(after_head=False):
            return 1
        case Replace() | Shorten():
            return 2
        case Cut():
            return 3
    assert_never(action)


def ends_exchange(action: Action) -> bool:
    """Whether the exchange has its end from this action: at most one such falls on one call."""
    return isinstance(action, Hold | Answer | Cut)


def changes_reply(action: Action) -> bool:
    """Whether the action needs the provider's reply, whole, before the caller sees any of it."""
    return isinstance(action, Replace | Shorten) or (isinstance(action, Cut) and action.after_head)


def rewrite(action: Action, body: bytes) -> Rewritten | None:
    """What becomes of a reply's body; None where there is nothing to spoil (then nothing was injected)."""
    match action:
        case Replace(spoilt, media_type):
            return None if spoilt == body else Rewritten(spoilt, len(spoilt), media_type)
        case Shorten(keep, honest):
            kept = body[: len(body) * keep // 100]
            if kept == body:
                return None
            return Rewritten(kept, len(kept)) if honest else Rewritten(kept, len(body), ends_early=True)
        case Cut(reset, after_head=True):
            return Rewritten(b"", max(1, len(body)), ends_early=not reset)
        case Sleep() | Hold() | Answer() | Cut():
            return None
    assert_never(action)
