"""The closed union of fault kinds. A new kind is one file here, one test, one page: add it to `Kind` and to
`FIELDS`, and the type checker lists every other place that has to know it.

A kind's file holds all of it: the frozen class, the row of the table that reads it (`FIELD`), the words for
people (`describe`) and what the proxy does (`action`)."""

from __future__ import annotations

import re
from typing import TypeAlias

from flowprobe.core.faults import (
    bandwidth,
    body,
    close,
    duplicate,
    error_envelope,
    expired_token,
    field,
    h2,
    hang,
    latency,
    lost_reply,
    redirect_loop,
    refuse,
    reset,
    stale,
    status,
    tls,
    webhook,
    websocket,
)
from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.chance import CERTAIN, Chance
from flowprobe.core.fields import Field

__all__ = ["FIELDS", "KIND_NAMES", "Kind", "action_of", "before_calls", "class_name", "describe", "kind_name"]

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")

Kind: TypeAlias = (
    latency.Latency | status.Status | reset.Reset | close.Close | hang.Hang | body.Body
    | field.Field | lost_reply.LostReply | duplicate.Duplicate | stale.Stale
    | redirect_loop.RedirectLoop | error_envelope.ErrorEnvelope | expired_token.ExpiredToken
    | refuse.Refuse | tls.Tls | h2.H2 | webhook.Webhook | websocket.Websocket | bandwidth.Bandwidth
)

FIELDS: tuple[Field, ...] = (
    latency.FIELD, status.FIELD, reset.FIELD, close.FIELD, hang.FIELD, body.FIELD,
    field.FIELD, lost_reply.FIELD, duplicate.FIELD, stale.FIELD,
    redirect_loop.FIELD, error_envelope.FIELD, expired_token.FIELD,
    refuse.FIELD, tls.FIELD, h2.FIELD, webhook.FIELD, websocket.FIELD, bandwidth.FIELD,
)
KIND_NAMES: tuple[str, ...] = tuple(field.key for field in FIELDS)


def class_name(cls: type[Kind]) -> str:
    """The word of a kind as a file writes it: `LostReply` is `lost_reply`."""
    return _CAPITAL.sub("_", cls.__name__).lower()


def kind_name(kind: Kind) -> str:
    """The word of a kind as a file writes it."""
    return class_name(type(kind))


def describe(kind: Kind) -> str:
    """What people read: `latency 500ms`, `status 503`."""
    return kind.describe()


def action_of(kind: Kind, chance: Chance = CERTAIN) -> Action:
    """What the proxy does to an exchange on which this kind falls; `chance` is that of the call."""
    return kind.action(chance) if isinstance(kind, latency.Latency) else kind.action()


def before_calls(kind: Kind) -> bool:
    """Whether this kind happens to a connection before it has calls."""
    return isinstance(kind, refuse.Refuse | tls.Tls)
