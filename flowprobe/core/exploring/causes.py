"""The tries that broke a promise, by what seems to be their cause: one find for each, with its smallest case."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from flowprobe.core.exploring.catalogue import Family, family
from flowprobe.core.exploring.ceilings import is_about_ceiling
from flowprobe.core.exploring.exploration import Flaky, Found, Reduce, Reduced
from flowprobe.core.exploring.model import Break, Learned, Placed, Site, Try
from flowprobe.core.plain import Plain, plain

__all__ = ["Causes", "parts"]

_SHOWN = 20


@plain
class _Cause(Plain):
    """What broke; which calls failed in which way; which fields were odd."""

    breaks: frozenset[Break]
    faults: frozenset[tuple[Site, Family]]
    fields: frozenset[str]


class Causes:
    """Each cause is reduced once, when it is first seen."""

    def __init__(self, default: Mapping[str, Any], reduce: Reduce | None) -> None:
        self._default, self._reduce = default, reduce
        self._found: dict[_Cause, Found] = {}
        self._known: list[tuple[_Cause, Try]] = []
        self.flaky: list[Flaky] = []

    @property
    def found(self) -> tuple[Found, ...]:
        return tuple(self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def expects(self, state: Mapping[str, Any], fault: Placed) -> bool:
        """Whether it is known that this fault alone breaks something in this state."""
        return any(len(case.faults) == 1 and fault.site == case.faults[0].site and fault.name == case.faults[0].name
                   and self._is_there(case, state) for _, case in self._known)

    def weak(self, state: Mapping[str, Any], faults: Collection[Placed] = ()) -> Iterator[frozenset[str]]:
        """The odd fields of each known cause that would break this state by itself, or may with a fault at one of the
        calls that these faults fall on."""
        sites = {fault.site for fault in faults}
        for known, case in self._known:
            if known.fields and {site for site, _ in known.faults} <= sites and self._is_there(case, state):
                yield known.fields

    def culprits(self, tried: Try) -> tuple[Placed, ...]:
        """The faults of a try that known causes take."""
        blamed = {part for known, case in self._known if self._is_in(known, case, tried) for part in known.faults}
        return tuple(fault for fault in tried.faults if (fault.site, family(fault.kind)) in blamed)

    def unexplained(self, tried: Try, learned: Learned) -> Learned | None:
        """The same without the breaks of causes that are known and are there; None where that leaves nothing."""
        breaks = set(learned.breaks)
        for known, case in self._known:
            if breaks & known.breaks and self._is_in(known, case, tried):
                breaks -= known.breaks
                self._again(known, tried)
        left = tuple(broke for broke in learned.breaks if broke in breaks)
        return replace(learned, breaks=left) if left else None

    def add(self, tried: Try, learned: Learned, at: int, ask: Callable[[Try], Learned]) -> None:
        """A try that broke these promises, with no faults but those that it takes. Raises Enough, and the try is on
        the list."""
        reduced = Reduced(tried, learned)
        try:
            if self._reduce is not None:
                reduced = self._reduce(tried, learned, ask)
        finally:
            self._keep(tried, learned, reduced, at)

    def keep(self, tried: Try, learned: Learned, at: int) -> None:
        """The same without reducing it: there is no time for that any more."""
        self._keep(tried, learned, Reduced(tried, learned), at)

    def _keep(self, first: Try, learned: Learned, reduced: Reduced, at: int) -> None:
        same = tuple(broke for broke in reduced.learned.breaks if _is_among(broke, learned.breaks)) or learned.breaks
        cause = self._cause(reduced.tried, same)
        self._known += [(cause, reduced.tried), (cause, self._as_it_was(first, reduced.tried))]
        if reduced.confirmed < reduced.of:
            self.flaky.append(Flaky(reduced.tried, same, reduced.confirmed, reduced.of, first))
        elif cause in self._found:
            self._again(cause, first)
        else:
            self._found[cause] = Found(same, reduced.tried, reduced.learned, first, at, reduced.confirmed, reduced.of)

    def _as_it_was(self, first: Try, smallest: Try) -> Try:
        """The smallest case with the values that its odd fields had at first: reducing may have brought them nearer to
        the usual, and the others break the same."""
        there = {name: first.state[name] for name in self._odd(smallest.state) if name in first.state}
        return replace(smallest, state={**smallest.state, **there})

    def _again(self, cause: _Cause, tried: Try) -> None:
        known = self._found.get(cause)
        if known is None or tried.key in {each.key for each in (known.first, known.case, *known.also)}:
            return
        also = (*known.also, tried) if len(known.also) < _SHOWN else known.also
        self._found[cause] = replace(known, also=also, seen=known.seen + 1)

    def _cause(self, tried: Try, breaks: tuple[Break, ...]) -> _Cause:
        return _Cause(frozenset(breaks), parts(tried), frozenset(self._odd(tried.state)))

    def _is_in(self, known: _Cause, case: Try, tried: Try) -> bool:
        return known.faults <= parts(tried) and self._is_there(case, tried.state)

    def _is_there(self, case: Try, state: Mapping[str, Any]) -> bool:
        return all(name in state and state[name] == value for name, value in self._odd(case.state).items())

    def _odd(self, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields that are not as they are by default."""
        return {name: value for name, value in state.items()
                if name not in self._default or self._default[name] != value}


def _is_among(broke: Break, breaks: tuple[Break, ...]) -> bool:
    """With a hang that was made shorter, that somebody still waited is another statement, and says nothing."""
    return any(broke == other and (not is_about_ceiling(broke) or broke.sentence == other.sentence) for other in breaks)


def parts(tried: Try) -> frozenset[tuple[Site, Family]]:
    """Which calls fail in which way."""
    return frozenset((each.site, family(each.kind)) for each in tried.faults)
