"""What the product says of itself: spans and log lines, each of which belongs to a call by its trace id.

Times are seconds since the epoch, on the clock of the product. A product whose clock is wrong is told by spans that
lie outside of the call that caused them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from flowprobe.core.plain import Plain, plain
from flowprobe.core.values import Position

if TYPE_CHECKING:
    from flowprobe.core.reading import Source

__all__ = ["LogLine", "ProductSide", "Span", "Telemetry", "by_call"]


@plain
class Span(Plain):
    """A piece of work of the product. `parent` is '' for the first one of its trace; `status` is `unset`, `ok` or
    `error`, and `said` what it says of that; `attributes` are names and texts."""

    trace: str
    span: str
    parent: str
    name: str
    service: str
    kind: str
    started: float
    ended: float
    status: str = "unset"
    said: str = ""
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def seconds(self) -> float:
        return max(self.ended - self.started, 0.0)


@plain
class LogLine(Plain):
    """A line of the product's log. `span` is '' where it belongs to none; `severity` is as it was written."""

    trace: str
    span: str
    at: float
    severity: str
    service: str
    text: str


Telemetry: TypeAlias = Span | LogLine


@plain
class ProductSide(Plain):
    """Where what the product says of itself is taken from. `otlp` is where we listen for its exporter, as host and
    port, port 0 for any that is free, None for nowhere; `wait` are the seconds that a trial which did not pass is given
    for what is still on its way. `read` are the places where it is kept, which are asked when the run ends; `links` are
    URLs by name, of where people look at it, in which `${trace}` is the trace id of a call."""

    position: Position
    otlp: tuple[str, int] | None = None
    wait: float = 5.0
    read: tuple[Source, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict)


def by_call(said: Iterable[Telemetry]) -> dict[str, tuple[Telemetry, ...]]:
    """What was said under each trace id, which is that of a call, in the order of time. What came twice, from an
    exporter and from a store, counts once."""
    found: dict[str, dict[Hashable, Telemetry]] = {}
    for each in sorted(said, key=_when):
        found.setdefault(each.trace, {}).setdefault(_identity(each), each)
    return {trace: tuple(unique.values()) for trace, unique in found.items()}


def _when(said: Telemetry) -> float:
    return said.started if isinstance(said, Span) else said.at


def _identity(said: Telemetry) -> Hashable:
    return said.span if isinstance(said, Span) else said
