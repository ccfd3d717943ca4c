"""What the search tab asks where the index does not deliver: two weaknesses live here."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from typing import Final

from flowprobe.demo.state import Status, Terms
from flowprobe.demo.weaknesses import FALLBACK_CRASHES_SUSPENDED, FALLBACK_READS_SINGLY

__all__ = ["Database"]

_PAGE: Final = 1_000
_READ_S: Final = 0.001
_MOST_HITS: Final[Mapping[Status, int]] = {"active": 100, "trial": 50, "suspended": 25}


class Database:
    """The documents of an account: read in pages, each of which takes a millisecond."""

    def __init__(self, weaknesses: Collection[str]) -> None:
        self._reads_singly = FALLBACK_READS_SINGLY in weaknesses
        self._most_hits: Mapping[Status, int] = dict(_MOST_HITS)
        if FALLBACK_CRASHES_SUSPENDED in weaknesses:
            self._most_hits = {status: most for status, most in _MOST_HITS.items() if status != "suspended"}

    def most_hits(self, terms: Terms) -> int:
        """How many hits an account is shown; the index is asked by the vendor's own limit."""
        return self._most_hits[terms.status]

    async def read(self, terms: Terms) -> None:
        """Go through all that the account has; what fits into one page is in memory already."""
        if terms.documents <= _PAGE:
            return
        for _ in range(terms.documents if self._reads_singly else -(-terms.documents // _PAGE)):
            await asyncio.sleep(_READ_S)
