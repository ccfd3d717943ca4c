"""Which faults fall on a call: pure, and the same at any concurrency.

A draw is a hash of the seed, the fault, the step, the call site and the ordinal; never a shared generator.
Identical concurrent calls are interchangeable, so that the multiset of injections is the same whoever comes
first. Only what counts over all sites (`limit`) depends on the order in which calls arrive, and only what looks at the
time since arming depends on how fast they do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.answers import Limited, Recall
from flowprobe.core.faults.chance import Chance
from flowprobe.core.faults.fault import When
from flowprobe.core.faults.kinds import action_of
from flowprobe.core.faults.matching import Seen, compiled
from flowprobe.core.faults.quota import Window
from flowprobe.core.faults.sieve import Passed, Sieve
from flowprobe.core.faults.sites import call_site, path_matches
from flowprobe.core.faults.turns import chance, passed_over, within_share
from flowprobe.core.scenario import Fault

__all__ = ["Counters", "Injection", "Seen", "call_site", "decide", "draw", "path_matches"]


@dataclass(frozen=True, slots=True)
class Injection:
    """One fault that falls on one call; `ordinal` counts the matching calls of this step and site from 1."""

    fault: Fault
    action: Action
    site: str
    ordinal: int


_Key = tuple[str, str, str, str]
_LONGEST_SPELL = 1_000


@dataclass(slots=True)
class Counters:
    """What one lease has seen and done so far."""

    calls: dict[_Key, int] = field(default_factory=lambda: defaultdict(int))
    injections: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    shares: dict[_Key, int] = field(default_factory=lambda: defaultdict(int))
    windows: dict[str, Window] = field(default_factory=lambda: defaultdict(Window))
    _passed: Passed = field(default_factory=Passed)
    _sieve: Sieve = field(default_factory=Sieve)
    _compiled: dict[str, Callable[[Seen], str]] = field(default_factory=dict)

    @property
    def passed(self) -> Mapping[tuple[str, str], int]:
        """How many calls a fault passed by, by its id and the reason."""
        return self._passed.counts

    def fitting(self, faults: tuple[Fault, ...], seen: Seen) -> tuple[Fault, ...]:
        """The faults that the first line of a call lets in; it has passed the others by."""
        sifted = self._sieve.sift(faults, seen)
        if sifted.others:
            self._passed.together(sifted.others)
        return sifted.fitting

    def unfit(self, fault: Fault, seen: Seen) -> str:
        """What of the fault's match a call on its edge does not fit; compiled when the first one asks."""
        known = self._compiled.get(fault.id)
        if known is None:
            known = self._compiled[fault.id] = compiled(fault.match)
        return known(seen)

    def pass_by(self, fault: Fault, reason: str) -> None:
        """A call that one fault passed by."""
        self._passed.one(fault.id, reason)

    def pass_all(self, faults: tuple[Fault, ...], reason: str) -> None:
        """A call that no fault was held against."""
        self._passed.together(self._sieve.all_for(faults, reason))

    def pass_streamed(self, faults: tuple[Fault, ...], seen: Seen) -> None:
        """A call whose body went past before anybody could decide on it."""
        for fault in self.fitting(faults, seen):
            self.pass_by(fault, self.unfit(fault, seen) or "streamed")

    def unused(self, injection: Injection, reason: str) -> None:
        """An injection that was decided on did not come about."""
        self.injections[injection.fault.id] -= 1
        self.pass_by(injection.fault, reason)


def decide(
    faults: tuple[Fault, ...], seen: Seen, counters: Counters, *, seed: int, armed_s: float,
    active: Callable[[str], int] = lambda _: 0, earlier: Callable[[], bool] = lambda: False,
) -> tuple[Injection, ...]:
    """The injections for this call in the order in which they happen; `armed_s` is the age of the plan, `active` tells
    how many calls are under way with a fault, `earlier` whether there is an earlier reply to give again."""
    site = call_site(seen.method, seen.path)
    fallen: list[Injection] = []
    for fault in counters.fitting(faults, seen):
        if reason := counters.unfit(fault, seen):
            counters.pass_by(fault, reason)
            continue
        key = (fault.id, seen.step, seen.edge, site)
        counters.calls[key] += 1
        ordinal = counters.calls[key]
        if reason := (
            _spared(fault, key, ordinal, seed, armed_s) or _limited(fault, key, counters, seed, armed_s, active)
        ):
            counters.pass_by(fault, reason)
            continue
        action = action_of(fault.kind, Chance(_draw(seed, key, f"{ordinal} how long"), ordinal))
        if action.ends and any(other.action.ends for other in fallen):
            counters.pass_by(fault, "another")
            continue
        if isinstance(action, Recall) and not earlier():
            counters.pass_by(fault, "nothing-earlier")
            continue
        left = action.beyond(counters.windows[fault.id], armed_s) if isinstance(action, Limited) else action
        if left is None:
            counters.pass_by(fault, "quota")
            continue
        counters.injections[fault.id] += 1
        counters.shares[key] += 1
        fallen.append(Injection(fault, left, site, ordinal))
    return tuple(sorted(fallen, key=lambda injection: injection.action.stage))


def _spared(fault: Fault, key: _Key, ordinal: int, seed: int, armed_s: float) -> str:
    """Why this one of the matching calls is not to suffer: by its number, by the time, or by the draw."""
    if fault.match.calls and ordinal not in fault.match.calls:
        return "call"
    if reason := passed_over(fault.when, ordinal, armed_s):
        return reason
    if fault.when.draw and not _drawn(fault.when, _shared(seed, key, ordinal, fault.when.sticky)):
        return "draw"
    likely = chance(fault.when, ordinal, armed_s)
    return "" if likely >= 1 or _draw(seed, key, ordinal) < likely else "probability"


def _shared(seed: int, key: _Key, ordinal: int, sticky: float) -> float:
    """The draw of a call, whichever fault asks. That of a sticky one is of the call in which the present spell began:
    the shares stay what they are, and neighbours agree more often."""
    _, *about = key
    began = ordinal
    while sticky and began > max(1, ordinal - _LONGEST_SPELL) and draw(seed, "sticky", *about, began) < sticky:
        began -= 1
    return draw(seed, "shared", *about, began)


def _drawn(when: When, u: float) -> bool:
    low, high = when.draw
    return low <= u < high


def _limited(fault: Fault, key: _Key, counters: Counters, seed: int, armed_s: float,
             active: Callable[[str], int]) -> str:
    """Which limit keeps a call from suffering."""
    limit = fault.limit
    if limit.injections is not None and counters.injections[fault.id] >= limit.injections:
        return "injections"
    if limit.seconds is not None and armed_s >= limit.seconds:
        return "seconds"
    if limit.max_active is not None and active(fault.id) >= limit.max_active:
        return "max_active"
    if limit.share is None:
        return ""
    begins = _draw(seed, key, "share")
    return "" if within_share(limit.share, counters.calls[key], counters.shares[key], begins) else "share"


def _draw(seed: int, key: _Key, number: object) -> float:
    fault, step, edge, site = key
    return draw(seed, fault, step, f"{edge} {site}", number)


def draw(seed: int, *about: object) -> float:
    """A number in [0, 1) that depends on nothing but its arguments."""
    text = "\x1f".join(str(part) for part in (seed, *about))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") / 2**64
