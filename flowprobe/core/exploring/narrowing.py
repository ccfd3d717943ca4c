"""Several faults fell, and a promise broke: by which of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from flowprobe.core.exploring.model import Learned, Placed, Try

__all__ = ["narrowed", "same_broke"]


def same_broke(learned: Learned, first: Learned) -> bool:
    """Whether one of the promises that broke first broke again."""
    return learned.broke and (not first.breaks or bool({*first.breaks} & {*learned.breaks}))


def narrowed(tried: Try, learned: Learned, ask: Callable[[Try], Learned]) -> tuple[Try, Learned]:
    """The same with as few faults as it takes: first with one that is suspected, then by delta debugging (Zeller and
    Hildebrandt, 2002)."""
    fired = tuple(fault for number, fault in enumerate(tried.faults) if number in learned.fired)
    if len(tried.faults) < 2 or not fired:
        return tried, learned
    for fault in _suspects(fired, learned):
        alone = replace(tried, faults=(fault,))
        if same_broke(found := ask(alone), learned):
            return alone, found
    best, parts = (replace(tried, faults=fired), learned), 2
    while parts <= len(best[0].faults):
        smaller = _smaller(best[0], parts, learned, ask)
        if smaller is not None:
            best, parts = smaller, max(2, min(parts - 1, len(smaller[0].faults)))
        elif parts < len(best[0].faults):
            parts = min(2 * parts, len(best[0].faults))
        else:
            break
    return best


def _suspects(faults: tuple[Placed, ...], learned: Learned) -> tuple[Placed, ...]:
    """Those on the steps that broke; nobody where that tells nothing apart."""
    steps = {broke.step for broke in learned.breaks}
    found = tuple(fault for fault in faults if fault.site.step in steps)
    return found if len(found) <= max(1, len(faults) // 2) else ()


def _smaller(tried: Try, parts: int, first: Learned, ask: Callable[[Try], Learned]) -> tuple[Try, Learned] | None:
    for faults in _subsets(tried.faults, parts):
        smaller = replace(tried, faults=faults)
        if same_broke(found := ask(smaller), first):
            return smaller, found
    return None


def _subsets(faults: tuple[Placed, ...], parts: int) -> Iterator[tuple[Placed, ...]]:
    """Each of so many parts, then all without each of them."""
    size = -(-len(faults) // parts)
    cuts = [(start, start + size) for start in range(0, len(faults), size)]
    yield from (faults[start:end] for start, end in cuts)
    if len(cuts) > 2:
        yield from (faults[:start] + faults[end:] for start, end in cuts)
