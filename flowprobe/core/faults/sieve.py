"""A hundred faults at the price of those that can fall on a call.

Most faults are about other calls than the one that comes, and its method and its path say so. What they say is
remembered for each first line, and counted as one: faults that pass a call by together are not looked at one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from flowprobe.core.faults.fault import Fault
from flowprobe.core.faults.matching import Seen, first_line_unfit

__all__ = ["Passed", "Sieve", "Sifted"]

_REMEMBERED = 1024
"""First lines; where there are more, their paths hold ids, and none of them comes again."""

Reasons = tuple[tuple[str, str], ...]
"""Ids of faults, each with the reason why it passes a call by."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """What one first line says of some faults. `faults` is kept so that its `id` stays its own."""

    faults: tuple[Fault, ...]
    fitting: tuple[Fault, ...]
    others: Reasons


@dataclass(slots=True)
class Sieve:
    """Which faults of a lease a first line lets in. The tuples that are asked about are few, and live long."""

    _sifted: dict[tuple[int, str, str, str], Sifted] = field(default_factory=dict)
    _alike: dict[tuple[int, str], tuple[tuple[Fault, ...], Reasons]] = field(default_factory=dict)

    def sift(self, faults: tuple[Fault, ...], seen: Seen) -> Sifted:
        key = (id(faults), seen.edge, seen.method, seen.path.partition("?")[0])
        known = self._sifted.get(key)
        if known is None:
            if len(self._sifted) >= _REMEMBERED:
                self._sifted.clear()
            known = self._sifted[key] = _sifted(faults, seen)
        return known

    def all_for(self, faults: tuple[Fault, ...], reason: str) -> Reasons:
        """All of them, for one reason."""
        key = (id(faults), reason)
        if key not in self._alike:
            if len(self._alike) >= _REMEMBERED:
                self._alike.clear()
            self._alike[key] = faults, tuple((fault.id, reason) for fault in faults)
        return self._alike[key][1]


@dataclass(slots=True)
class _Batch:
    reasons: Reasons
    calls: int = 0


@dataclass(slots=True)
class Passed:
    """How many calls a fault passed by, by its id and the reason."""

    _counts: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    _together: dict[int, _Batch] = field(default_factory=dict)

    def one(self, fault: str, reason: str) -> None:
        """One fault passed a call by."""
        self._counts[fault, reason] += 1

    def together(self, reasons: Reasons) -> None:
        """All of these passed one call by."""
        batch = self._together.get(id(reasons))
        if batch is None:
            if len(self._together) >= _REMEMBERED:
                self._fold()
            batch = self._together[id(reasons)] = _Batch(reasons)
        batch.calls += 1

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """All that was counted so far."""
        self._fold()
        return self._counts

    def _fold(self) -> None:
        for batch in self._together.values():
            for each in batch.reasons:
                self._counts[each] += batch.calls
        self._together.clear()


def _sifted(faults: tuple[Fault, ...], seen: Seen) -> Sifted:
    on_edge = tuple(fault for fault in faults if fault.edge == seen.edge)
    reasons = tuple((fault, first_line_unfit(fault.match, seen)) for fault in on_edge)
    return Sifted(faults, tuple(fault for fault, reason in reasons if not reason),
                  tuple((fault.id, reason) for fault, reason in reasons if reason))
