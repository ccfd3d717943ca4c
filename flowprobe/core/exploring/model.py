"""What exploring tries and what it learns: plain values. A try is one trial; whoever searches asks for tries and is
told what came of them, and knows nothing of products, proxies or clocks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal, TypeAlias

from flowprobe.core.faults.kinds import Kind, describe, kind_name
from flowprobe.core.plain import Plain, plain

__all__ = ["Break", "Enough", "Learned", "Phase", "Placed", "Reached", "Site", "Try", "Trying", "state_key"]

Phase: TypeAlias = Literal[
    "calibrate", "singles", "timeouts", "revealed", "pairs", "states", "random", "shrink", "confirm"]
"""Why something is tried: the part of the search that asks for it."""

Judged: TypeAlias = Literal["pass", "degraded", "fail", "refused", "inconclusive"]
"""A verdict; `refused`: the product would not have this account state, as the scenario says that it may."""


@plain
class Site(Plain):
    """One provider call as the journey makes it: the `ordinal`-th (from 1) of that `call` (`POST /v1/charges/*`, the
    method and the path template) in a step. `step` is '' where nothing tells the proxy the step; the ordinal is 0 where
    it differs from run to run, and then every such call is meant."""

    edge: str
    call: str
    step: str = ""
    ordinal: int = 1

    @property
    def is_write(self) -> bool:
        return self.call.partition(" ")[0] not in ("GET", "HEAD", "OPTIONS")

    def __str__(self) -> str:
        number = f" #{self.ordinal}" if self.ordinal > 1 else ""
        return f"{self.edge} {self.call}{number}{f' in {self.step}' if self.step else ''}"


@plain
class Placed(Plain):
    """A fault, and the call that it is to fall on."""

    site: Site
    kind: Kind

    @property
    def name(self) -> str:
        """The word of its kind."""
        return kind_name(self.kind)

    def __str__(self) -> str:
        return f"{describe(self.kind)} on {self.site}"


@plain
class Try(Plain):
    """One trial to be made: the account's whole state, the faults, and the steps that the journey is walked `without`,
    as `Links.left_out` tells them."""

    state: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[Placed, ...] = ()
    phase: Phase = "singles"
    without: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """Two tries with the same key are the same experiment."""
        return state_key(self.state), tuple(sorted(map(repr, self.faults))), self.without


def state_key(state: Mapping[str, Any]) -> str:
    return json.dumps(state, sort_keys=True, default=str)


@plain
class Break(Plain):
    """A promise that was broken: the step, the kind and the place of the finding (`invite`, `status`, `status`), or an
    invariant (step '', kind `always`, `never` or `probe`, its text). `sentence` tells a person."""

    step: str
    kind: str
    where: str
    sentence: str = field(default="", compare=False)


@plain
class Reached(Plain):
    """A provider call that was seen: what its caller was given (None: nothing), and how long it took, in seconds.
    `acted` says that the provider itself answered 2xx, `keyed` that the call bore an idempotency key, `gave_up_s` when
    the product went away under a fault that held it."""

    site: Site
    status: int | None
    seconds: float
    acted: bool = False
    keyed: bool = False
    reply_bytes: int = 0
    protocol: str = "HTTP/1.1"
    gave_up_s: float | None = None


@plain
class Learned(Plain):
    """What came of a try. `fired` are the places in `Try.faults` of those that fell on a call; `signature` is equal
    for tries in which the user and the providers saw the same; `harm` is higher the worse it was, and 0 for an
    untroubled journey; `calls` is how many calls of ours it took, `trial` its id."""

    judged: Judged
    breaks: tuple[Break, ...] = ()
    reached: tuple[Reached, ...] = ()
    fired: frozenset[int] = frozenset()
    signature: str = ""
    harm: float = 0.0
    seconds: float = 0.0
    calls: int = 0
    because: str = ""
    trial: str = ""

    @property
    def broke(self) -> bool:
        return self.judged == "fail"


Trying: TypeAlias = Callable[[Try], Learned]
"""Makes one trial of a try. Raises Enough when nothing more may be tried."""


class Enough(Exception):
    """No further try: the budget is used up, or somebody asked to stop. The message says which."""
