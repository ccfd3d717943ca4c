"""The account state that a journey starts from: named fields, each with the value of an ordinary night and, for
exploring, a strategy that says what else it may be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from flowprobe.core.plain import Plain, plain
from flowprobe.core.values import Position, Value

__all__ = ["AccountField", "Strategy"]


@plain
class Strategy(Plain):
    """What a field may be: `kind` is the key in the file (`integers`), `options` what stands under it."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@plain
class AccountField(Plain):
    """`default` is used wherever nothing is explored."""

    default: Value
    position: Position
    strategy: Strategy | None = None
