"""What an exploration has found: plain values, enough for every report of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Literal, TypeAlias

from flowprobe.core.exploring.model import Break, Learned, Phase, Placed, Reached, Site, Try
from flowprobe.core.plain import Plain, plain

__all__ = [
    "Baseline", "Cell", "Ended", "Exploration", "Flaky", "Found", "Ground", "Outcome", "PairsTried", "Patience",
    "Progress", "Pruned", "Reduce", "Reduced", "StatesTried", "Unseen",
]

Outcome: TypeAlias = Literal[
    "broken", "flaky", "degraded", "tolerated", "unreachable", "not applicable", "not exercised", "out of budget"]
Ended: TypeAlias = Literal["whole", "saturated", "stopped", "no baseline"]
"""`whole`: all that was planned was tried. `stopped`: Enough was raised. `no baseline`: the journey does not pass, or
not reliably, without any fault, so there was nothing to compare with."""


@plain
class Baseline(Plain):
    """The journey without faults. `sites` are its calls in their order, each with a typical time; `unstable` those of
    which not every run had the same number: they are told without their ordinal (0). Of the `tries`, `failed` broke
    promises."""

    sites: tuple[Reached, ...] = ()
    unstable: frozenset[Site] = frozenset()
    signatures: frozenset[str] = frozenset()
    tries: int = 0
    broken: str = ""
    failed: int = 0

    @property
    def fails(self) -> bool:
        """Whether it failed each time: then that is what is found."""
        return 0 < self.failed == self.tries


@plain
class Cell(Plain):
    """A kind at a call. `because` says why it is not applicable or was not exercised, or what broke. `within` names
    the faults under which the call was there, for one that no unfaulted run makes; `only` says what else a break
    needs: an odd state, or another fault."""

    site: Site
    kind: str
    outcome: Outcome
    because: str = ""
    tries: int = 0
    within: tuple[Placed, ...] = ()
    only: str = ""


@plain
class Patience(Plain):
    """How long the product waits for a call, in seconds. `gives_up_s` None: it still waited after `waited_s`. A delay
    of `holds_s` broke nothing, one of `breaks_s` did; None where no delay was seen to do so."""

    site: Site
    waited_s: float
    gives_up_s: float | None = None
    holds_s: float | None = None
    breaks_s: float | None = None


@plain
class Reduced(Plain):
    """What reducing has made of a try that broke: the smallest that does, seen to break `confirmed` times `of` so many.
    `of` is 0 where nobody has tried again."""

    tried: Try
    learned: Learned
    confirmed: int = 0
    of: int = 0


@plain
class Found(Plain):
    """A promise that breaks: `case` is the smallest try known that does it, `first` the one in which it was seen, as
    the `at`-th of the search. `also` are some of the other tries that broke the same for what seems to be the same
    cause; with the first, they were `seen` in all."""

    breaks: tuple[Break, ...]
    case: Try
    learned: Learned
    first: Try
    at: int
    confirmed: int = 0
    of: int = 0
    also: tuple[Try, ...] = ()
    seen: int = 1


@plain
class Flaky(Plain):
    """The same try with more than one outcome: it broke `broke` times `of` so many. `first` is the one in which it was
    seen, before it was made small; None where that is this one."""

    tried: Try
    breaks: tuple[Break, ...]
    broke: int
    of: int
    first: Try | None = None


@plain
class Pruned(Plain):
    """Combinations that were not tried, for one reason; some of them as examples."""

    reason: str
    count: int
    examples: tuple[str, ...] = ()


@plain
class StatesTried(Plain):
    """Account states that were tried, that the product would not have, and that break the journey without any fault.
    `pairs` of field values that were covered, of so many; both 0 where nobody counted. Of `unjudged` more states
    nothing could be said; `because` has the reasons, the most frequent first."""

    tried: int = 0
    refused: int = 0
    broken: int = 0
    pairs: int = 0
    of_pairs: int = 0
    unjudged: int = 0
    because: tuple[str, ...] = ()


@plain
class PairsTried(Plain):
    """Pairs of faults at two calls that fell together, in tries of their own or in larger ones, of so many."""

    covered: int = 0
    of: int = 0


@plain
class Unseen(Plain):
    """What is left unseen, by the outcomes that were seen only once (Good and Turing; Chao). `chance` is that of a next
    try to show something new, `outcomes` how many more there are at least; `words` say how far to trust it."""

    seen: int
    once: int
    tries: int
    chance: float
    outcomes: float
    words: str


@plain
class Progress(Plain):
    """`tried` is under way, or was made where there is what was `learned`. `left` is how many more tries are planned
    as of now, None where nobody knows."""

    phase: Phase
    tried: Try
    done: int
    left: int | None
    found: int
    learned: Learned | None = None


@plain
class Ground(Plain):
    """What a search that rolls dice may choose from: account states that the product takes, and faults that fall."""

    default: Mapping[str, Any]
    states: tuple[Mapping[str, Any], ...]
    faults: tuple[Placed, ...]


Reduce: TypeAlias = Callable[[Try, Learned, Callable[[Try], Learned]], Reduced]


@plain
class Exploration(Plain):
    """The whole of it, also where it was stopped. `tries` are all trials made, by phase in `phases`; `calls` and
    `seconds` are theirs."""

    ended: Ended
    because: str
    baseline: Baseline
    tries: int = 0
    calls: int = 0
    seconds: float = 0.0
    phases: Mapping[Phase, int] = field(default_factory=dict)
    found: tuple[Found, ...] = ()
    flaky: tuple[Flaky, ...] = ()
    cells: tuple[Cell, ...] = ()
    revealed: Mapping[Site, tuple[Placed, ...]] = field(default_factory=dict)
    patience: tuple[Patience, ...] = ()
    pruned: tuple[Pruned, ...] = ()
    states: StatesTried = StatesTried()
    pairs: PairsTried = PairsTried()
    unseen: Unseen | None = None

    @property
    def found_nothing_to_try(self) -> bool:
        """Nothing but the journey as it is: no call of it can be given a fault, and its account is always the same."""
        return self.ended == "whole" and not any(phase != "calibrate" for phase in self.phases)

    @property
    def is_in_doubt(self) -> bool:
        """Not everything that was tried could be told: that nothing broke for certain says little."""
        return self.found_nothing_to_try or bool(self.flaky) or self.states.unjudged > 0
