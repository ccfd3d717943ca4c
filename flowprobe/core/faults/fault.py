"""A fault plan as plain values: what falls on which calls, when, and how far it may go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from flowprobe.core.faults.kinds import Kind
from flowprobe.core.plain import Plain, plain
from flowprobe.core.values import Position

__all__ = ["Burst", "Fault", "FaultPlan", "Flap", "Limit", "Match", "Opening", "Ramp", "When"]


@plain
class Match(Plain):
    """Which calls of the edge a fault falls on; what is empty means every one.

    `path` is a path template: `/v1/charges/*` (one segment), `/v1/**` (any rest). `query`, `headers` and `form` map a
    name to a text or matchers, `json` is a shape (where `has_json`), `text` one of the whole body. `persona` has roles
    and personas, `step` whole names of steps, `account` shapes of the trial's account state; `calls` are ordinals,
    counted as `When` counts.
    """

    method: tuple[str, ...] = ()
    path: str | None = None
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Any] = field(default_factory=dict)
    json: Any = None
    has_json: bool = False
    form: Mapping[str, Any] = field(default_factory=dict)
    text: Any = None
    persona: tuple[str, ...] = ()
    step: tuple[str, ...] = ()
    account: Mapping[str, Any] = field(default_factory=dict)
    calls: tuple[int, ...] = ()

    def means_step(self, name: str) -> bool:
        """Whether a step is meant: by its whole name, or by that of the step that uses its scenario."""
        return not self.step or any(name == step or name.startswith(f"{step}/") for step in self.step)

    @property
    def needs_body(self) -> bool:
        return self.has_json or bool(self.form) or self.text is not None


@plain
class Opening(Plain):
    """A time in which calls suffer, in seconds since the plan was armed; `until` None leaves it open."""

    since: float = 0.0
    until: float | None = None


@plain
class Ramp(Plain):
    """The probability goes from `start` to `end` over so many seconds since arming, or over so many calls."""

    over: float
    start: float = 0.0
    end: float = 1.0
    by_calls: bool = False


@plain
class Flap(Plain):
    """In turns: the provider is sound for `up`, then suffers for `down`; seconds since arming, or calls."""

    up: float
    down: float
    by_calls: bool = False


@plain
class Burst(Plain):
    """At the beginning of every `every`, calls suffer for `lasts`; seconds since arming, or calls."""

    every: float
    lasts: float
    by_calls: bool = False


@plain
class When(Plain):
    """Which of the matching calls suffer: counted by trial, step and call site.

    `after` calls pass first, then every `every`-th, of those the first `first`, each with `probability`. `between` are
    the first and the last ordinal that may suffer. A call suffers where everything that is said holds.

    `draw` are two bounds in [0, 1]: each call has one draw, the same for all faults of its edge that fit the same
    calls, and suffers where that lies from the first up to the second. So one fault takes [0, 0.04] of them, and
    another the rest. `sticky` is how likely a call has the draw of the one before it.
    """

    probability: float = 1.0
    first: int | None = None
    every: int = 1
    after: int = 0
    between: tuple[int, ...] = ()
    window: tuple[Opening, ...] = ()
    ramp: Ramp | None = None
    flap: Flap | None = None
    burst: Burst | None = None
    draw: tuple[float, ...] = ()
    sticky: float = 0.0


@plain
class Limit(Plain):
    """The blast radius of one fault; enforced in the proxy. `injections` and `seconds` count since it was armed,
    `max_active` the calls that are under way with it at once; `share` (0 to 1) bounds the part of the matching calls,
    for each trial, step and call site."""

    injections: int | None = None
    seconds: float | None = None
    max_active: int | None = None
    share: float | None = None


@plain
class Fault(Plain):
    """One kind of harm on one edge (`user` or a provider's name). `id` is unique in its plan: `payments`,
    or `payments[1]` for the second one of a list."""

    id: str
    edge: str
    kind: Kind
    position: Position
    match: Match = Match()
    when: When = When()
    limit: Limit = Limit()


@plain
class FaultPlan(Plain):
    """What one trial is to suffer. The unfaulted twin has the plan named `none`, without faults.

    Of a profile: what it `imitates`, what a sound product does under it (`survives`), and how `--faults` asks for it
    where that is not its name (`asked`). `segments` are the parts of an incident that was recorded, each with the
    second at which it begins; the windows of its faults count as they do.
    """

    name: str
    faults: tuple[Fault, ...]
    position: Position | None = None
    imitates: str = ""
    survives: str = ""
    asked: str = ""
    segments: tuple[tuple[str, float], ...] = ()
