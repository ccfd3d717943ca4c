"""How much is left unseen, from how often each outcome was seen: no proof, and it says how far to trust it."""

from __future__ import annotations

from flowprobe.core.exploring.exploration import Unseen

__all__ = ["unseen"]

_FEW, _MANY = 30, 150


def unseen(seen: int, once: int, twice: int, tries: int) -> Unseen | None:
    """`seen` outcomes in so many tries, of which `once` and `twice` were seen so often. None where nothing was tried.

    The chance that the next try shows something new is that of Good and Turing (1953), once / tries; how many outcomes
    there are at least is that of Chao (1984), bias-corrected. Both take tries for a sample. A search that turns to what
    is new is no such sample: it sees more of the rare things than a sample would.
    """
    if not tries:
        return None
    return Unseen(seen, once, tries, once / tries, once * (once - 1) / (2 * (twice + 1)), _words(once, tries))


def _words(once: int, tries: int) -> str:
    if tries < _FEW:
        return f"a guess: {tries} tries are too few to tell"
    if once > tries / 2:
        return "a guess: most tries still show something new"
    return "rough" if tries < _MANY else "fair"
