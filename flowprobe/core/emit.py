"""`Emit`: what a generator of the core says to the journal, and the events that every call makes."""

from __future__ import annotations

from dataclasses import dataclass

from flowprobe.core.events import CallReplied, CallSent, CallUnanswered, Event
from flowprobe.core.wire import Call, NoReply, Outcome, Reply

__all__ = ["KEPT_BODY", "Emit", "reply_event", "sent_event"]

KEPT_BODY = 20_000
"""How many bytes of a body the journal keeps."""


@dataclass(frozen=True, slots=True)
class Emit:
    """An event for the journal; a cleanup event has to be durable before the generator goes on."""

    event: Event


def sent_event(call: Call, *, phase: str = "workflow") -> CallSent:
    return CallSent(call.trial, call.step, call.id, call.attempt, call.persona, call.method, call.url, call.headers,
                    _text(call.body.content), phase)


def reply_event(outcome: Outcome) -> CallReplied | CallUnanswered:
    match outcome:
        case Reply():
            return CallReplied(outcome.call, outcome.status, outcome.sent, outcome.first_byte - outcome.sent,
                               outcome.seconds, outcome.headers, _text(outcome.body), len(outcome.body),
                               outcome.truncated)
        case NoReply():
            return CallUnanswered(outcome.call, outcome.reason, outcome.detail, outcome.sent, outcome.seconds,
                                  outcome.status)


def _text(content: bytes) -> str:
    return content[:KEPT_BODY].decode("utf-8", "replace")
