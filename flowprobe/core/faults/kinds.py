"""The closed union of fault kinds. A new kind is one file here, one test, one page: add it to `Kind` and to
`FIELDS`, and the type checker lists every other place that has to know it.

A kind's file holds all of it: the frozen class, the row of the table that reads it (`FIELD`), the words for
people (`describe`) and what the proxy does (`action`)."""

from __future__ import annotations

from typing import TypeAlias

from flowprobe.core.faults import body, close, hang, latency, reset, status
from flowprobe.core.faults.actions import Action
from flowprobe.core.fields import Field

__all__ = ["FIELDS", "KIND_NAMES", "Kind", "action_of", "describe", "kind_name"]

Kind: TypeAlias = latency.Latency | status.Status | reset.Reset | close.Close | hang.Hang | body.Body

FIELDS: tuple[Field, ...] = (
    latency.FIELD, status.FIELD, reset.FIELD, close.FIELD, hang.FIELD, body.FIELD,
)
KIND_NAMES: tuple[str, ...] = tuple(field.key for field in FIELDS)


def kind_name(kind: Kind) -> str:
    """The word of a kind as a file writes it: the name of its class, in lower case."""
    return type(kind).__name__.lower()


def describe(kind: Kind) -> str:
    """What people read: `latency 500ms`, `status 503`."""
    return kind.describe()


def action_of(kind: Kind) -> Action:
    """What the proxy does to an exchange on which this kind falls."""
    return kind.action()
