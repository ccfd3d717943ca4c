"""Faults that the journey stands each alone, laid together: one at each call, so that one try asks about all of them.

An odd state rarely minds any of them, and where it does, halves tell which. That is why a layer is proved first in the
default state: what breaks there for being together is a find of its own, and the layer is taken apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from flowprobe.core.exploring.catalogue import FAMILIES, Family, family
from flowprobe.core.exploring.exploration import Baseline
from flowprobe.core.exploring.model import Placed, Site, Try
from flowprobe.core.exploring.notebook import Alone, Notebook
from flowprobe.core.exploring.singles import shuffled
from flowprobe.core.faults.kinds import Kind, before_calls
from flowprobe.core.plain import Plain, plain

__all__ = ["Layer", "layers", "proved"]


@plain
class Layer(Plain):
    """At most one fault at each call. `family` None: what is left over of all of them."""

    faults: tuple[Placed, ...]
    family: Family | None = None


def layers(notebook: Notebook, baseline: Baseline, seed: int, *, prune: bool,
           offered: Callable[[Site], Mapping[Family, Kind]] = lambda _: {}) -> list[Layer]:
    """First one for each family, with the fault of which most was seen; then all others that the journey stands. Where
    none of a family was tried alone at a call, the first that is `offered` there stands for it.
    Without pruning each fault is a layer, also those that break the journey."""
    alone = [each for each in notebook.alone if not each.within and each.fell]
    if not prune:
        return [Layer((each.fault,), family(each.fault.kind)) for each in alone]
    left = _by_site([each for each in alone if each.stood], baseline, seed)
    found = []
    for name in FAMILIES:
        first = [next((each for each in at if family(each.fault.kind) == name), None) for at in left.values()]
        laid = _laid([each for each in first if each], name, left)
        found.append(replace(laid, faults=(*laid.faults, *_untried(notebook, name, left, offered))))
    while any(left.values()):
        found.append(_laid([at[0] for at in left.values() if at], None, left))
    return [layer for layer in found if layer.faults]


def _untried(notebook: Notebook, name: Family, sites: Iterable[Site],
             offered: Callable[[Site], Mapping[Family, Kind]]) -> Iterator[Placed]:
    """What stands for a family at the calls where nobody has tried any of it."""
    known = {each.fault.site for each in notebook.alone if not each.within and family(each.fault.kind) == name}
    for site in sites:
        if site not in known and (kind := offered(site).get(name)) is not None:
            yield Placed(site, kind)


def _by_site(stood: Sequence[Alone], baseline: Baseline, seed: int) -> dict[Site, list[Alone]]:
    """What had an impact first, and of that what takes the least time."""
    ordered = sorted(stood, key=lambda each: (each.learned.signature in baseline.signatures, each.learned.seconds))
    return {site: [each for each in ordered if each.fault.site == site]
            for site in shuffled({each.fault.site: None for each in stood}, seed)}


def _laid(some: Sequence[Alone], name: Family | None, left: dict[Site, list[Alone]]) -> Layer:
    for each in some:
        left[each.fault.site].remove(each)
    return Layer(tuple(each.fault for each in some), name)


def proved(notebook: Notebook, layer: Layer, into: list[Layer]) -> Iterator[None]:
    """Add the parts of a layer that the journey stands in the default state, and in which all of it falls."""
    open_edges = [fault for fault in layer.faults if before_calls(fault.kind)]
    waiting = [tuple(fault for fault in layer.faults if fault not in open_edges), *((fault,) for fault in open_edges)]
    while waiting:
        faults = waiting.pop(0)
        if len(faults) < 2:
            into += [Layer(faults, layer.family)] if faults else []
            continue
        learned = notebook.take(Try(notebook.default, faults, "pairs"))[1]
        yield
        fell = tuple(fault for number, fault in enumerate(faults) if number in learned.fired)
        middle = len(faults) // 2
        if learned.judged in ("pass", "degraded") and fell:
            into.append(Layer(fell, layer.family))
            waiting.append(tuple(fault for fault in faults if fault not in fell))
        else:
            waiting += [faults[:middle], faults[middle:]]
