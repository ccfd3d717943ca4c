"""What need not be tried, and why: each combination that is left out is counted under its reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, islice

from flowprobe.core.exploring.exploration import Pruned
from flowprobe.core.exploring.model import Site
from flowprobe.core.exploring.notebook import Alone
from flowprobe.core.plain import Plain, plain

__all__ = [
    "ALIKE", "COVERED", "NEVER", "NO_IMPACT", "TAKEN_UP", "UNREACHABLE", "Left", "Reasons", "combinable",
    "frequent", "pairs_of", "partner",
]

NEVER = "one of the two never fell"
NO_IMPACT = "no impact: with one of the two, neither the user nor a provider saw a difference"
ALIKE = "equivalent: another fault at the same call looked the same to everybody, and stands for it"
UNREACHABLE = "unreachable: under one of the two, the call of the other is not made"
COVERED = "already covered: both fell in an earlier try, and nothing broke"
TAKEN_UP = "already taken up: the call was revealed by another fault before"
_EXAMPLES = 3


class Reasons:
    """A tally of what was left out."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def add(self, reason: str, examples: Iterable[str], count: int = 1) -> None:
        if count:
            self._counts[reason] = self._counts.get(reason, 0) + count
            shown = self._examples.setdefault(reason, [])
            shown += islice(examples, max(0, _EXAMPLES - len(shown)))

    @property
    def pruned(self) -> tuple[Pruned, ...]:
        return tuple(Pruned(reason, count, tuple(self._examples[reason])) for reason, count in self._counts.items())


@plain
class Left(Plain):
    """The faults that go on to be combined, and of how many pairs at two calls they are what is left."""

    faults: tuple[Alone, ...]
    pairs: int


def combinable(alone: Sequence[Alone], usual: frozenset[str], reasons: Reasons, *, prune: bool) -> Left:
    """Those of the faults that are worth combining; `usual` are the signatures of the journey without faults."""
    every = pairs_of(alone)
    if not prune:
        return Left(tuple(each for each in alone if each.fell), every)
    fell = _without(alone, [each for each in alone if each.fell], NEVER, reasons)
    visible = _without(fell, [each for each in fell if each.learned.signature not in usual], NO_IMPACT, reasons)
    first: dict[tuple[Site, str], Alone] = {}
    for each in visible:
        first.setdefault((each.fault.site, each.learned.signature), each)
    return Left(tuple(_without(visible, list(first.values()), ALIKE, reasons)), every)


def _without(before: Sequence[Alone], after: Sequence[Alone], reason: str, reasons: Reasons) -> Sequence[Alone]:
    """`after`, with the pairs that are gone noted."""
    kept = {id(each) for each in after}
    gone = (f"{one.fault} and {other.fault}" for one, other in combinations(before, 2)
            if one.fault.site != other.fault.site and not (id(one) in kept and id(other) in kept))
    reasons.add(reason, gone, pairs_of(before) - pairs_of(after))
    return after


def pairs_of(alone: Sequence[Alone]) -> int:
    """How many pairs of them are at two calls."""
    at: dict[Site, int] = {}
    for each in alone:
        at[each.fault.site] = at.get(each.fault.site, 0) + 1
    return (len(alone) ** 2 - sum(count ** 2 for count in at.values())) // 2


def partner(one: Alone, other: Alone) -> bool:
    """Whether the call of each is made under the other."""
    return _reaches(one, other.fault.site) and _reaches(other, one.fault.site)


def _reaches(alone: Alone, site: Site) -> bool:
    return any(_is(seen.site, site) for seen in alone.learned.reached)


def _is(seen: Site, meant: Site) -> bool:
    if meant.ordinal:
        return seen == meant
    return (seen.edge, seen.call, seen.step) == (meant.edge, meant.call, meant.step)


def frequent(alone: Sequence[Alone]) -> Mapping[str, int]:
    """How many of them look the same."""
    counts: dict[str, int] = {}
    for each in alone:
        counts[each.learned.signature] = counts.get(each.learned.signature, 0) + 1
    return counts
