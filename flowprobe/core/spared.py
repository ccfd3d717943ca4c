"""Calls that no fault fell on though some were for their edge, in words: what was not ours for sure was left alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flowprobe.core.events import ExchangeEnded
from flowprobe.core.plain import Plain, plain

__all__ = ["Spared", "reason_of", "spared_in", "told"]

_BECAUSE = {
    "unattributed": "nothing on it says whose it is",
    "ambiguous": "it bears the marks of two trials, or only some items of a batch are ours",
    "background": "no step of ours was in flight, nor shortly before",
}


@plain
class Spared(Plain):
    """Calls of one edge that were left alone for the same reason: `why` is the `spared` of their exchanges."""

    edge: str
    why: str
    evidence: str

    @property
    def because(self) -> str:
        """Why nothing was injected, as one says it of one call."""
        below, _, minimum = self.why.partition(" ")
        if below == "below":
            return f"attribution {self.evidence} is below the environment's minimum {minimum}"
        return _BECAUSE.get(self.why, self.why)


def reason_of(spared: str) -> str:
    """What a fault passes a spared call by for, as `core.passed` names it."""
    return "below-minimum" if spared.startswith("below ") else spared


def spared_in(exchanges: Iterable[ExchangeEnded]) -> dict[Spared, int]:
    """How many calls were left alone, by reason, in the order in which they came."""
    counts: dict[Spared, int] = {}
    for exchange in exchanges:
        if exchange.spared:
            key = Spared(exchange.edge, exchange.spared, exchange.evidence)
            counts[key] = counts.get(key, 0) + 1
    return counts


def told(spared: Mapping[Spared, int]) -> Iterator[str]:
    """A sentence for each."""
    for each, calls in spared.items():
        many = f"{calls} calls" if calls > 1 else "1 call"
        yield f"not injected into {many} to {each.edge!r}: {each.because}"
