"""What a generator of the core asks for besides calls: a line of the journal, a pause, a secret to be kept, the faults
to go on, branches to be walked at the same time; and the events that every call makes."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import field
from typing import Any, TypeAlias

from flowprobe.core.events import CallReplied, CallSent, CallUnanswered, Event
from flowprobe.core.plain import Plain, plain
from flowprobe.core.redact import CUT
from flowprobe.core.wire import Call, NoReply, Outcome, Reply

__all__ = ["KEPT_BODY", "Arm", "Conceal", "Dialogue", "Emit", "Fork", "Sign", "Steps", "Stop", "Wait", "Wanted",
           "reply_event", "sent_event"]

KEPT_BODY = 20_000
"""How many bytes of a body the journal keeps."""


class Stop(Exception):
    """Thrown into a dialogue to end it."""


@plain
class Emit(Plain):
    """An event for the journal; a cleanup event has to be durable before the generator goes on."""

    event: Event


@plain
class Wait(Plain):
    """Let so many seconds pass; cut short by a stop."""

    seconds: float


@plain
class Conceal(Plain):
    """A value that is a secret from now on: it comes before the event of the reply that held it."""

    secret: str


@plain
class Arm(Plain):
    """The account is as it has to be: the trial's faults go on now, before the next call."""


@plain
class Sign(Plain):
    """From now on the calls of `persona` in this trial bear these headers, those of its cleanup too."""

    trial: str
    persona: str
    headers: Mapping[str, str] = field(repr=False)


@plain
class Fork(Plain):
    """Walk these at the same time; what they return is sent back, in their order."""

    branches: tuple[Steps, ...]


Wanted: TypeAlias = Call | Emit | Wait | Conceal | Arm | Sign | Fork
Dialogue: TypeAlias = Generator[Wanted, Any, None]
Steps: TypeAlias = Generator[Wanted, Any, Any]
"""A part of a dialogue, which returns what came of it."""


def sent_event(call: Call, *, phase: str = "workflow") -> CallSent:
    return CallSent(call.trial, call.step, call.id, call.attempt, call.persona, call.method, call.url, call.headers,
                    _text(call.body.content), phase)


def reply_event(outcome: Outcome) -> CallReplied | CallUnanswered:
    match outcome:
        case Reply():
            return CallReplied(outcome.call, outcome.status, outcome.sent, outcome.first_byte - outcome.sent,
                               outcome.seconds, outcome.headers, _text(outcome.body, whole=not outcome.truncated),
                               len(outcome.body), outcome.truncated, outcome.redirects)
        case NoReply():
            return CallUnanswered(outcome.call, outcome.reason, outcome.detail, outcome.sent, outcome.seconds,
                                  outcome.status, outcome.redirects)


def _text(content: bytes, *, whole: bool = True) -> str:
    if whole and len(content) <= KEPT_BODY:
        return content.decode("utf-8", "replace")
    text = content[:KEPT_BODY].decode("utf-8", "replace")
    return text.rstrip("\ufffd") + CUT  # half a character would stand between the start of a secret and the mark
