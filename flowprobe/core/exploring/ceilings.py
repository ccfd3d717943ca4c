"""`no-timeout` says that a caller was still there when a hang ended, at its ceiling: with a shorter ceiling any product
is, so it is never made shorter; and where the product goes away a little later, it says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from flowprobe.core.exploring.model import Break, Learned, Placed, Site, Try
from flowprobe.core.exploring.simpler import delay_of
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.oracles import NO_TIMEOUT

__all__ = ["Waits", "is_about_ceiling", "says_nothing", "waits_of", "with_what_is_sure"]

_CLEARLY = 1.1
"""A product that was held for less than so many times what it waits may only just not have gone away."""

Waits: TypeAlias = Mapping[tuple[str, str, str], float]
"""How long the product was seen to wait at most before it gave a call up, in seconds."""


def is_about_ceiling(broke: Break | None) -> bool:
    """Whether the length of the hang is what this is about."""
    return broke is not None and broke.kind == "never" and broke.where == NO_TIMEOUT


def waits_of(seen: Iterable[Learned]) -> Waits:
    """What these tries have shown; calls that were never given up are not in it."""
    waits: dict[tuple[str, str, str], float] = {}
    for learned in seen:
        for reached in learned.reached:
            if reached.gave_up_s is not None:
                call = _call(reached.site)
                waits[call] = max(waits.get(call, 0.0), reached.gave_up_s)
    return waits


def says_nothing(broke: Break, tried: Try, waits: Waits) -> bool:
    """Whether each call that was held is known to be given up after about as long as it was held, or later."""
    held = [placed for placed in tried.faults
            if _holds(placed) and (not broke.step or placed.site.step in ("", broke.step))]
    return is_about_ceiling(broke) and bool(held) and all(
        (delay_of(placed.kind) or 0.0) <= _CLEARLY * waits.get(_call(placed.site), 0.0) for placed in held)


def with_what_is_sure(learned: Learned, tried: Try, waits: Waits) -> Learned:
    """What came of a try, without what says nothing; where that was all, it held."""
    sure = tuple(broke for broke in learned.breaks if not says_nothing(broke, tried, waits))
    if not learned.broke or len(sure) == len(learned.breaks):
        return learned
    return replace(learned, judged="fail" if sure else "pass", breaks=sure)


def _holds(placed: Placed) -> bool:
    kind = placed.kind
    return isinstance(kind, Hang) or (isinstance(kind, LostReply) and kind.ends == "hang")


def _call(site: Site) -> tuple[str, str, str]:
    return site.edge, site.call, site.step
