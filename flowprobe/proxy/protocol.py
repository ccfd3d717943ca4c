"""What goes between a proxy and those who control it: JSON lines of plain values.

Over the pipe of its parent the first line is the `Settings`; the proxy answers it with a `Ready`, or with `{"failed":
sentence}`. After that, each `{"id", "op", …}` has one answer `{"id", "ok": …}` or `{"id", "error": sentence}`; a line
with `note` comes unasked. Nothing but control crosses the pipe: events are in the proxy's own journal.

A socket speaks the same. The proxy begins with `{"nonce"}`; `{"hello": {"nonce", "proof", "name"}}` is answered with
`{"ready", "mono", "ca", "number", "proof"}` or `{"failed", "token"}`, `token` false where it is not the proxy's. There
the op `follow` asks for the journal too: each `{"journal": line}` is one line of it, from the number after `after`.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from flowprobe.core.activity import LINGER_S
from flowprobe.core.attribution import Rung
from flowprobe.core.faults.kinds import Kind, class_name, kind_name
from flowprobe.core.scenario import Fault, FaultPlan, Limit, Match, Position, When
from flowprobe.proxy.edges import EdgeSpec
from flowprobe.proxy.ladder import Ladder

__all__ = ["ControlSpec", "Ready", "Settings", "plan_from", "plan_json", "read", "to_plain"]

_KINDS: dict[str, type[Any]] = {class_name(cls): cls for cls in typing.get_args(Kind)}
_NOWHERE = Position("", 0, 0)
_CLASS = "$class"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ControlSpec:
    """Where a proxy takes orders beside its pipe (an `Address` as text), and the token that they need. `cert` and `key`
    are PEM files; without them one is made where the address can be reached from elsewhere."""

    address: str
    token: str = field(repr=False)
    cert: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a proxy is started with. `token` is the password of the user edge, `product_token` what the product has to
    show at a listener beyond loopback.

    `owned` says that FlowProbe started the product; without `injector` everything is recorded and nothing
    injected. `minimum` is the rung of evidence that an injection needs. `fail_in` breaks one hook on purpose, or
    (`kernel`) lets the kernel not tell of refused connections; without `attribution` faults fall on anybody's calls,
    and `linger_s` is how long a product may work after its reply: only our tests set these.
    """

    run: str
    edges: tuple[EdgeSpec, ...]
    journal: str
    token: str = field(repr=False)
    owned: bool = False
    injector: bool = True
    upstream_ca: str | None = None
    fail_in: str = ""
    product_token: str = field(default="", repr=False)
    control: ControlSpec | None = None
    minimum: Rung = "window"
    attribution: bool = True
    linger_s: float = LINGER_S

    def ladder(self) -> Ladder:
        """How its calls are attributed."""
        clues = {edge.name: edge.clues for edge in self.edges if edge.clues}
        return Ladder(self.owned, self.minimum, clues, off=not self.attribution, linger_s=self.linger_s)


@dataclass(frozen=True, slots=True)
class Ready:
    """A proxy that listens. `edges` maps each edge to its URL; `user_proxy` is that of the user edge with our
    credentials in it. `ca_cert` is the certificate that clients of a forward edge have to trust. `bases` maps forward
    edges to the base URL that they have as well. `control` is where it takes orders, `fingerprint` the SHA-256 of the
    certificate that it shows there.

    `own_cost_s` is what the proxy costs each call, and takes off each delay. `clock_offset_s` added to its
    monotonic clock gives ours.
    """

    edges: Mapping[str, str]
    ca_cert: str | None
    mitmproxy: str
    python: str
    own_cost_s: float
    clock_offset_s: float = 0.0
    user_proxy: str = field(default="", repr=False)
    bases: Mapping[str, str] = field(default_factory=dict)
    control: str = ""
    fingerprint: str = ""


def to_plain(value: Any) -> Any:
    """A frozen value as JSON; `_CLASS` names which of a union it is."""
    if is_dataclass(value):
        return {_CLASS: type(value).__name__, **{f.name: to_plain(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, Mapping):
        return {key: to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def read(cls: type[T], data: Mapping[str, Any]) -> T:
    """The value that `to_plain` made `data` of."""
    hints = typing.get_type_hints(cls)
    named = (f.name for f in dataclasses.fields(cls) if f.name in data)  # type: ignore[arg-type]  # T is one
    return cls(**{name: _read(hints[name], data[name]) for name in named})


def _read(hint: Any, value: Any) -> Any:
    if hint is Any:
        return value
    if isinstance(value, list):
        inner = typing.get_args(hint)
        return tuple(_read(inner[0] if inner[1:] == (...,) else Any, item) for item in value)
    if isinstance(value, dict) and (cls := _record(hint, value.get(_CLASS))):
        return read(cls, value)
    return value


def _record(hint: Any, name: object) -> type[Any] | None:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return next((cls for cls in options if isinstance(cls, type) and is_dataclass(cls) and cls.__name__ == name), None)


def plan_json(plan: FaultPlan) -> dict[str, Any]:
    """A plan as the proxy needs it: places in files stay here."""
    return {"name": plan.name, "faults": [_fault_json(fault) for fault in plan.faults]}


def _fault_json(fault: Fault) -> dict[str, Any]:
    kind = {"name": kind_name(fault.kind), "is": to_plain(fault.kind)}
    rest = {name: to_plain(getattr(fault, name)) for name in ("match", "when", "limit")}
    return {"id": fault.id, "edge": fault.edge, "kind": kind, **rest}


def plan_from(data: Mapping[str, Any]) -> FaultPlan:
    """The plan that `plan_json` made `data` of."""
    return FaultPlan(data["name"], tuple(_fault(fault) for fault in data["faults"]))


def _fault(data: Mapping[str, Any]) -> Fault:
    match, when, limit = read(Match, data["match"]), read(When, data["when"]), read(Limit, data["limit"])
    kind = read(_KINDS[data["kind"]["name"]], data["kind"]["is"])
    return Fault(data["id"], data["edge"], kind, _NOWHERE, match, when, limit)
