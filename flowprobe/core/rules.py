"""What an environment allows, as plain values: the rules that a policy is made of, each with its place.

`flowprobe.core.policy` judges by them; the file that they come from is `flowprobe.yaml`, never a scenario.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from flowprobe.core.plain import Plain, plain

if TYPE_CHECKING:
    from flowprobe.core.attribution import Rung
    from flowprobe.core.steps import CallTemplate
    from flowprobe.core.values import Position, Value

__all__ = ["GIVENS", "SAFE", "AllowRule", "Budget", "FaultRule", "Given", "Identity", "Rate", "is_write"]

SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing (RFC 9110, 9.2.1)."""
Given: TypeAlias = Literal["run", "check", "skip"]
"""What is made of `given`: every call, only those that change nothing, or none."""
GIVENS: tuple[Given, ...] = get_args(Given)


def is_write(method: str) -> bool:
    """Whether a method may change something."""
    return method.upper() not in SAFE


@plain
class AllowRule(Plain):
    """`GET,POST target:/v1/*/invites/**`. No methods: every one; no target: every one of the environment. In the path
    `*` is one segment that is not empty, `**` any number of them."""

    methods: tuple[str, ...]
    path: str
    position: Position
    target: str | None = None

    @property
    def is_anything(self) -> bool:
        """It allows every call to every target."""
        return not self.methods and self.target is None and self.path == "/**"

    def __str__(self) -> str:
        target = f"{self.target}:" if self.target else ""
        return f"{','.join(self.methods) or '*'} {target}{self.path}"


@plain
class FaultRule(Plain):
    """What may be faulted: the user edge, and which provider edges (all, none, or those named). `attribution` is the
    least evidence that a provider's call is ours; None has a default that `core.policy` fills in."""

    user: bool = True
    provider: bool | tuple[str, ...] = True
    attribution: Rung | None = None

    def allows(self, edge: str) -> bool:
        if edge == "user":
            return self.user
        return self.provider if isinstance(self.provider, bool) else edge in self.provider

    def __str__(self) -> str:
        words = {True: "true", False: "false"}
        provider = words[self.provider] if isinstance(self.provider, bool) else f"[{', '.join(self.provider)}]"
        return f"user: {words[self.user]}, provider: {provider}"


@plain
class Rate(Plain):
    """At most `calls` in `seconds`, evenly; `text` is how the file says it."""

    calls: float
    seconds: float
    text: str

    @property
    def per_second(self) -> float:
        return self.calls / self.seconds

    def __str__(self) -> str:
        return self.text


@plain
class Budget(Plain):
    """How much one run may do. None means without a bound. A write is counted among the calls too."""

    calls: int | None = None
    writes: int | None = None
    rate: Rate | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        seconds = None if self.seconds is None else f"{self.seconds:g}"
        parts = {"calls": self.calls, "writes": self.writes, "rate": self.rate, "seconds": seconds}
        return ", ".join(f"{key}: {value}" for key, value in parts.items() if value is not None) or "no bound"


@plain
class Identity(Plain):
    """What the target has to answer before anything else is sent to it. `headers` maps lower-case names to values;
    without `status` a reply below 400 is expected."""

    call: CallTemplate
    position: Position
    status: tuple[int, ...] | None = None
    json: Value = None
    has_json: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
