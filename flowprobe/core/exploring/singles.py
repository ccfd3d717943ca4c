"""One fault at a time: every kind at every call that the journey makes, and at those that only a fault brings out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b

from flowprobe.core.exploring.catalogue import FAMILIES, ORDER, Family, Offer, family, offers
from flowprobe.core.exploring.exploration import Baseline
from flowprobe.core.exploring.model import Placed, Reached, Site, Try
from flowprobe.core.exploring.notebook import Alone, Notebook
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind, before_calls
from flowprobe.core.plain import Plain, plain

__all__ = ["Cannot", "Menu", "Revealed", "foremost", "shuffled", "singles", "variants"]

Cannot = Callable[[Placed], str]
"""Why the environment cannot, or must not, have a fault; '' where it can."""


class Menu:
    """What can be placed where: the offers of each call, the first time that it is seen."""

    def __init__(self, *, connections: bool, cap_s: float, cannot: Cannot, seed: int) -> None:
        self.offered: dict[Site, tuple[Offer, ...]] = {}
        self.seed = seed
        self._connections, self._cap_s, self._cannot = connections, cap_s, cannot

    def add(self, seen: Sequence[Reached], *, connections: bool = True) -> Mapping[Site, tuple[Offer, ...]]:
        """The offers for these calls. Faults of connections are for calls that every run makes: they fall on all."""
        made = offers(seen, connections=self._connections and connections, cap_s=self._cap_s)
        found = {site: tuple(self._possible(site, offer) for offer in each) for site, each in made.items()}
        for site, each in found.items():
            self.offered.setdefault(site, each)
        return found

    def _possible(self, site: Site, offer: Offer) -> Offer:
        reasons = [self._cannot(Placed(site, kind)) for kind in offer.kinds]
        kinds = tuple(kind for kind, why in zip(offer.kinds, reasons, strict=True) if not why)
        return offer if len(kinds) == len(offer.kinds) else Offer(offer.name, kinds, "" if kinds else reasons[0])

    def by_family(self, site: Site) -> Mapping[Family, Kind]:
        """The first kind of each family that can fall on this call."""
        found: dict[Family, Kind] = {}
        for offer in self.offered[site]:
            for kind in offer.kinds:
                if not before_calls(kind):
                    found.setdefault(family(kind), kind)
        return found

    def all(self, site: Site) -> list[Placed]:
        """Everything that can fall on this call."""
        return [Placed(site, kind) for offer in self.offered[site] for kind in offer.kinds]


def shuffled(sites: Iterable[Site], seed: int) -> list[Site]:
    """Writes first; else in an order that is the seed's."""
    return sorted(sites, key=lambda site: (not site.is_write, blake2b(f"{seed} {site!r}".encode()).digest()))


def singles(notebook: Notebook, menu: Menu, baseline: Baseline) -> Iterator[None]:
    """The first representative of each kind at each call; what takes no time before what does."""
    yield from _tried(notebook, _placed(menu, baseline, lambda kinds: kinds[:1]))


def foremost(notebook: Notebook, menu: Menu, baseline: Baseline) -> Iterator[None]:
    """Of these the first of each family at each call: each way to fail before many that are alike. What takes its time
    and what never ends are two."""
    first: dict[tuple[Site, Family, bool], Placed] = {}
    for each in _placed(menu, baseline, lambda kinds: kinds[:1]):
        if not before_calls(each.kind):
            first.setdefault((each.site, family(each.kind), isinstance(each.kind, Hang)), each)
    yield from _tried(notebook, list(first.values()))


def variants(notebook: Notebook, menu: Menu, baseline: Baseline) -> Iterator[None]:
    """All other representatives."""
    yield from _tried(notebook, _placed(menu, baseline, lambda kinds: kinds[1:]))


def _placed(menu: Menu, baseline: Baseline, some: Callable[[tuple[Kind, ...]], tuple[Kind, ...]]) -> list[Placed]:
    sites = shuffled((each.site for each in baseline.sites), menu.seed)
    return [Placed(site, kind) for name in ORDER for site in sites for offer in menu.offered[site]
            if offer.name == name for kind in some(offer.kinds)]


def _tried(notebook: Notebook, faults: Sequence[Placed]) -> Iterator[None]:
    done = {repr(each.fault) for each in notebook.alone if not each.within}
    faults = [fault for fault in faults if repr(fault) not in done]
    notebook.foresee(Try(notebook.default, (fault,), "singles") for fault in faults)
    for number, fault in enumerate(faults):
        if notebook.left is None or notebook.left < len(faults) - number:
            notebook.left = len(faults) - number
        notebook.single(fault, "singles")
        yield


@plain
class _Parent(Plain):
    """A call, and the faults that bring it out; `stood` says that those break nothing themselves."""

    seen: Reached
    within: tuple[Placed, ...]
    stood: bool


def _faults(parents: Iterable[_Parent]) -> Iterator[Placed]:
    for parent in parents:
        yield from parent.within


class Revealed:
    """Calls that only a fault brings out, retries and fallbacks: each is taken up under the fault that did, and what
    that brings out in turn, down to a depth."""

    def __init__(self, notebook: Notebook, menu: Menu, baseline: Baseline, *, depth: int, prune: bool) -> None:
        self._notebook, self._menu, self._depth, self._prune = notebook, menu, depth, prune
        self._usual = {each.site for each in baseline.sites}
        self._loose = {(site.edge, site.call, site.step) for site in baseline.unstable}
        self._looked_at = 0
        self._parents: list[_Parent] = []
        self._rest: list[tuple[_Parent, Placed]] = []
        self._seen: set[tuple[Site, tuple[str, ...]]] = set()
        self.parents: dict[Site, tuple[Placed, ...]] = {}
        self.passed_over: list[str] = []

    def together(self) -> Iterator[None]:
        """What single faults have brought out: for each family one try, with one fault at each of these calls."""
        some: dict[Site, _Parent] = {}
        for parent in self._waiting():
            if parent.stood and not any(fault.site == parent.within[0].site for fault in _faults(some.values())):
                some[parent.seen.site] = parent
        for name in FAMILIES:
            kinds = {site: self._menu.by_family(site).get(name) for site in some}
            chains = [(*some[site].within, Placed(site, kind)) for site, kind in kinds.items() if kind is not None]
            if len(chains) > 1:
                faults = tuple(fault for chain in chains for fault in chain)
                self._notebook.take(Try(self._notebook.default, faults, "revealed"))
                yield

    def tries(self) -> Iterator[None]:
        """Each of them alone under its parents: one of each family first; then all the others."""
        while parents := self._waiting():
            self._parents = []
            for parent in parents:
                some = [Placed(parent.seen.site, kind) for kind in self._menu.by_family(parent.seen.site).values()]
                self._rest += [(parent, fault) for fault in self._menu.all(parent.seen.site) if fault not in some]
                yield from self._each([(parent, fault) for fault in some])
            if not self._waiting():
                rest, self._rest = self._rest, []
                yield from self._each(rest)

    def _each(self, some: Sequence[tuple[_Parent, Placed]]) -> Iterator[None]:
        self._notebook.foresee(Try(self._notebook.default, (*parent.within, fault), "revealed")
                               for parent, fault in some)
        for parent, fault in some:
            self._notebook.single(fault, "revealed", parent.within)
            yield

    def _waiting(self) -> list[_Parent]:
        """The calls that wait to be taken up, with those that were brought out since the last look."""
        new = self._new()
        for parent in new:
            self._menu.add((parent.seen,), connections=False)
        self._parents += new
        return self._parents

    def _new(self) -> list[_Parent]:
        """What was brought out since the last look; first under faults that break nothing themselves."""
        looked_at, self._looked_at = self._looked_at, len(self._notebook.alone)
        recent = sorted(self._notebook.alone[looked_at:], key=lambda each: not each.stood)
        return [parent for each in recent if each.fell for parent in self._brought_out(each)]

    def _brought_out(self, alone: Alone) -> Iterator[_Parent]:
        within = (*alone.within, alone.fault)
        for seen in alone.learned.reached:
            site = seen.site
            if site in self._usual or (site.edge, site.call, site.step) in self._loose:
                continue
            if site in {fault.site for fault in alone.within} or len(within) > self._depth:
                continue
            key = (site, () if self._prune else tuple(map(repr, within)))
            if key in self._seen:
                self.passed_over.append(f"{site} under {alone.fault}")
                continue
            self._seen.add(key)
            self.parents.setdefault(site, within)
            yield _Parent(seen, within, alone.stood)
