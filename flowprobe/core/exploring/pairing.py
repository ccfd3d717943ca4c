"""Two faults at a time, of those that single faults have left: laid into rows of one fault at each call, so that one
try asks about many pairs. A row that breaks is narrowed down to those that do it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from flowprobe.core.exploring.catalogue import Family, family
from flowprobe.core.exploring.exploration import Baseline, PairsTried
from flowprobe.core.exploring.model import Placed, Site, Try
from flowprobe.core.exploring.notebook import Alone, Notebook, fault_key
from flowprobe.core.exploring.pruning import COVERED, UNREACHABLE, Reasons, combinable, frequent, partner
from flowprobe.core.plain import Plain, plain

__all__ = ["Pairing"]

_MOST = 12
"""Faults of a row: with more, what breaks takes too long to narrow down."""


@plain
class _Pair(Plain):
    one: Alone
    other: Alone

    @property
    def key(self) -> frozenset[str]:
        return frozenset((fault_key(self.one.fault), fault_key(self.other.fault)))


class Pairing:
    def __init__(self, notebook: Notebook, baseline: Baseline, reasons: Reasons, *, prune: bool) -> None:
        self._notebook, self._baseline, self._reasons, self._prune = notebook, baseline, reasons, prune
        self._done: set[frozenset[str]] = set()
        self._wanted: set[frozenset[str]] = set()

    @property
    def tried(self) -> PairsTried:
        """How many fell together, of those that were wanted."""
        return PairsTried(len(self._wanted & (self._done | self._notebook.together)), len(self._wanted))

    def by_family(self) -> Iterator[None]:
        """One fault of each family at each call. What is left out is counted by `tries`."""
        left = combinable(self._alone, self._baseline.signatures, Reasons(), prune=self._prune).faults
        first: dict[tuple[Site, Family], Alone] = {}
        for each in left:
            if each.stood:
                first.setdefault((each.fault.site, family(each.fault.kind)), each)
        yield from self._tries(list(first.values()), Reasons())

    def tries(self) -> Iterator[None]:
        left = combinable(self._alone, self._baseline.signatures, self._reasons, prune=self._prune).faults
        yield from self._tries(left, self._reasons)

    @property
    def _alone(self) -> list[Alone]:
        return [each for each in self._notebook.alone if not each.within]

    def _tries(self, left: Sequence[Alone], reasons: Reasons) -> Iterator[None]:
        planned = self._planned(left, reasons)
        self._wanted |= {pair.key for pair in planned}
        if not self._prune:
            rows = ((pair.one.fault, pair.other.fault) for pair in planned)
            self._notebook.foresee(Try(self._notebook.default, row, "pairs") for row in rows)
        for number, pair in enumerate(planned):
            self._notebook.left = len(planned) - number
            if self._prune and self._is_covered(pair.key):
                reasons.add(COVERED, (f"{pair.one.fault} and {pair.other.fault}",))
                continue
            row = self._row(pair, left) if self._prune else (pair.one.fault, pair.other.fault)
            yield from self._try(row, pair)

    def _try(self, row: tuple[Placed, ...], pair: _Pair) -> Iterator[None]:
        self._make(row)
        yield
        if len(row) > 2 and not self._is_covered(pair.key):  # others were in its way, or the row broke for others
            self._make((pair.one.fault, pair.other.fault))
            yield

    def _make(self, row: tuple[Placed, ...]) -> None:
        culprits, learned = self._notebook.take(Try(self._notebook.default, row, "pairs"))
        if learned.broke:
            self._done |= {frozenset(map(fault_key, two)) for two in combinations(culprits or row, 2)}
        if len(row) == len(learned.fired) == 2:
            self._done.add(frozenset(map(fault_key, row)))

    def _is_covered(self, key: frozenset[str]) -> bool:
        return key in self._done or key in self._notebook.together

    def _planned(self, left: Sequence[Alone], reasons: Reasons) -> list[_Pair]:
        """Every pair at two calls that can both be made."""
        found = []
        for one, other in combinations(left, 2):
            if one.fault.site == other.fault.site:
                continue
            if self._prune and not partner(one, other):
                reasons.add(UNREACHABLE, (f"{one.fault} and {other.fault}",))
                continue
            found.append(_Pair(one, other))
        counts = frequent(left)
        return sorted(found, key=lambda pair: _first(pair, counts))

    def _row(self, pair: _Pair, left: Sequence[Alone]) -> tuple[Placed, ...]:
        """The pair, and at each other call the fault that makes most new pairs with those that are there."""
        row = [pair.one, pair.other]
        by_site: dict[Site, list[Alone]] = {}
        for each in left if pair.one.stood and pair.other.stood else ():
            if each.stood:
                by_site.setdefault(each.fault.site, []).append(each)
        for site, some in by_site.items():
            if site in {each.fault.site for each in row} or len(row) >= _MOST:
                continue
            gains = [(self._gain(each, row), -number) for number, each in enumerate(some)]
            gain, number = max(gains)
            if gain > 0:
                row.append(some[-number])
        return tuple(each.fault for each in row)

    def _gain(self, each: Alone, row: Sequence[Alone]) -> int:
        """How many new pairs; 0 where one of them cannot be, or is known to break."""
        keys = [_Pair(each, other).key for other in row]
        if any(key not in self._wanted or key in self._done for key in keys):
            return 0
        return sum(key not in self._notebook.together for key in keys)


def _first(pair: _Pair, counts: Mapping[str, int]) -> tuple[bool, int, bool, int, float, str]:
    """What breaks alone last; writes first, different providers, what looks like little else, what is quick."""
    one, other = pair.one, pair.other
    rare = counts[one.learned.signature] + counts[other.learned.signature]
    writes = one.fault.site.is_write + other.fault.site.is_write
    seconds = round(one.learned.seconds + other.learned.seconds, 1)
    return (not (one.stood and other.stood), -writes, one.fault.site.edge == other.fault.site.edge, rare, seconds,
            f"{one.fault} {other.fault}")
