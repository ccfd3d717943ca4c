"""Faults are leases: rules belong to one, and stop when it is released, not renewed in time, or too old.

No clock in here: the instant (seconds of the monotonic clock) comes in with each question. What ended is told
through `ended`, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from flowprobe.core.attribution import Rung
from flowprobe.core.decide import Counters
from flowprobe.core.faults.h2 import H2
from flowprobe.core.faults.kinds import before_calls
from flowprobe.core.faults.stale import Stale
from flowprobe.core.scenario import Fault, FaultPlan
from flowprobe.proxy.answering import Earlier

__all__ = ["Lease", "LeaseRefused", "Leases", "OnEdge"]

_KNOWN_TRIALS = 64
"""So many trials are remembered for attribution after their lease has ended; the oldest go first."""

_LINGER_S = 10.0
"""A trial that was not drained still counts as running for this long after its lease ended."""


class LeaseRefused(Exception):
    """What was asked for a lease cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class OnEdge:
    """The faults that may fall on a call of one edge: all; those that only HTTP/2 can suffer, and the others; those
    that need an earlier reply. Found once, since every call asks."""

    all: tuple[Fault, ...]
    streams: tuple[Fault, ...]
    others: tuple[Fault, ...]
    stale: tuple[Fault, ...]


def _sorted(faults: Iterable[Fault]) -> OnEdge:
    found = tuple(faults)
    streams = tuple(fault for fault in found if isinstance(fault.kind, H2))
    others = tuple(fault for fault in found if fault not in streams) if streams else found
    return OnEdge(found, streams, others, tuple(fault for fault in found if isinstance(fault.kind, Stale)))


_NONE = _sorted(())


@dataclass(slots=True)
class Lease:
    """The rules of one trial, while they are in force. `unscoped` ones are nobody's trial: they are over every call
    that no trial holds. The calls of a `probing` one bear every carrier. `customers` are the digests of those that it
    acts as, by edge; `minimum` is the rung of evidence that whoever asked for it wants, '' for that of the proxy."""

    id: str
    trial: str
    plan: FaultPlan
    seed: int
    ttl_s: float
    ceiling_s: float
    steps: Mapping[int, str]
    armed_at: float
    renewed_at: float
    counters: Counters = field(default_factory=Counters)
    earlier: Earlier = field(default_factory=Earlier)
    unscoped: bool = False
    probing: bool = False
    customers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    minimum: Rung | Literal[""] = ""
    _edges: Mapping[str, OnEdge] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        on_calls = tuple(fault for fault in self.plan.faults if not before_calls(fault.kind))
        edges = dict.fromkeys(fault.edge for fault in on_calls)
        self._edges = {edge: _sorted(fault for fault in on_calls if fault.edge == edge) for edge in edges}

    def on(self, edge: str) -> tuple[Fault, ...]:
        """The faults that may fall on a call of an edge: not those of connections."""
        return self.sorted_on(edge).all

    def sorted_on(self, edge: str) -> OnEdge:
        """The same, as each call asks for them."""
        return self._edges.get(edge, _NONE)

    def end_reason(self, now: float) -> str:
        """Why this lease is over at `now`; '' while it holds."""
        if now - self.armed_at >= self.ceiling_s:
            return "ceiling"
        return "expired" if now - self.renewed_at >= self.ttl_s else ""


class Leases:
    """Every lease of one proxy, and the trials that it has seen. Of the edges in `exclusive` one trial at a time may
    fault each. `probing` says whether some lease in force is a probe; `probed` are the known trials that were one:
    what only a probe sends is theirs also when its lease is over."""

    def __init__(self, ended: Callable[[Lease, str], None], *, exclusive: Iterable[str] = ()) -> None:
        self.version = 0
        self.probing = False
        self.probed: set[str] = set()
        self._exclusive = frozenset(exclusive)
        self._ended = ended
        self._held: dict[str, Lease] = {}
        self._trials: dict[str, float | None] = {}  # trial -> when its lease ended, None while it is held
        self._settled: set[str] = set()  # trials that were drained: nothing of theirs is expected any more

    @property
    def trials(self) -> tuple[str, ...]:
        """The trials whose calls we can tell."""
        return tuple(self._trials)

    @property
    def in_force(self) -> tuple[Lease, ...]:
        """The leases that are in force."""
        return tuple(self._held.values())

    def holds(self, trial: str) -> bool:
        return any(lease.trial == trial for lease in self._held.values())

    def faulted(self, edge: str) -> bool:
        """Whether some lease faults an edge."""
        return any(lease.on(edge) for lease in self._held.values())

    def apply(self, lease: Lease) -> int:
        """Put a lease's rules in place of those that it had, as one; returns the version of the rules."""
        if holder := next((h for h in self._held.values() if h.trial == lease.trial and h.id != lease.id), None):
            raise LeaseRefused(f"the trial {lease.trial} is held by the lease {holder.id}")
        self._refuse_taken(lease)
        self._held[lease.id] = lease
        self._changed()
        if lease.unscoped:
            return self.version
        if lease.probing:
            self.probed.add(lease.trial)
        self._trials.pop(lease.trial, None)
        self._trials[lease.trial] = None
        self._settled.discard(lease.trial)
        self._forget()
        return self.version

    def _changed(self) -> None:
        self.version += 1
        self.probing = any(lease.probing for lease in self._held.values())

    def _refuse_taken(self, lease: Lease) -> None:
        for edge in sorted(self._exclusive):
            for other in self._held.values():
                if other.id != lease.id and lease.on(edge) and other.on(edge):
                    raise LeaseRefused(f"the window on {edge!r} is exclusive, and held by the lease {other.id}")

    def renew(self, ids: Iterable[str], now: float) -> None:
        """Renew those of these that still hold."""
        self.sweep(now)
        for held in (self._held[id] for id in ids if id in self._held):
            held.renewed_at = now

    def end(self, id: str, reason: str, now: float) -> None:
        """End one lease; ending what is not held is harmless."""
        lease = self._held.pop(id, None)
        if lease:
            self._changed()
            if not lease.unscoped:
                self._trials[lease.trial] = now
            self._ended(lease, reason)

    def end_all(self, reason: str, now: float) -> None:
        for id in list(self._held):
            self.end(id, reason, now)

    def sweep(self, now: float) -> None:
        """End what is over at `now`."""
        for lease in list(self._held.values()):
            if reason := lease.end_reason(now):
                self.end(lease.id, reason, now)

    def of_trial(self, trial: str | None, now: float) -> Lease | None:
        """The lease that holds a trial at `now`: one that is over counts no more, swept or not."""
        return self._holding(next((each for each in self._held.values() if each.trial == trial), None), now)

    def over(self, trial: str | None, now: float) -> Lease | None:
        """The lease under which a call falls: that of its trial, else the one that is over every call."""
        lease = self.of_trial(trial, now) if trial else None
        if lease or trial in self._trials:
            return lease
        return self._holding(next((each for each in self._held.values() if each.unscoped), None), now)

    def _holding(self, lease: Lease | None, now: float) -> Lease | None:
        if lease and (reason := lease.end_reason(now)):
            self.end(lease.id, reason, now)
            return None
        return lease

    def held(self, id: str) -> Lease | None:
        return self._held.get(id)

    def overlook(self, edge: str, evidence: str) -> None:
        """A call on an edge was nobody's: every fault there let it pass, for it may have been of any trial."""
        reason = "ambiguous" if evidence == "ambiguous" else "unattributed"
        for lease in self._held.values():
            lease.counters.pass_all(lease.on(edge), reason)

    def settle(self, trial: str) -> bool:
        """A trial was drained: from now on the product works for others. Whether its lease had ended before."""
        over = self._trials.get(trial) is not None
        if over:
            self._settled.add(trial)
        return over

    def sole(self, now: float) -> str | None:
        """The one trial for which the product can be working now; None where there are two, or none."""
        if len(running := [trial for trial, ended in self._trials.items() if self._runs(trial, ended, now)]) == 1:
            return running[0]
        return None

    def _runs(self, trial: str, ended: float | None, now: float) -> bool:
        return ended is None or (trial not in self._settled and now - ended < _LINGER_S)

    def _forget(self) -> None:
        over = [trial for trial, ended in self._trials.items() if ended is not None]
        for trial in over[: max(0, len(self._trials) - _KNOWN_TRIALS)]:
            del self._trials[trial]
            self.probed.discard(trial)
            self._settled.discard(trial)
