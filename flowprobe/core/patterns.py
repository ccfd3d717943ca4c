"""Regular expressions on what a product says: no pattern and no text may hold a journey up.

The standard library's matcher cannot be interrupted, and a pattern with a repeat inside a repeat takes for ever on a
text that nearly fits. So it is asked only where it is surely quick; all else goes to `regex`, which knows a time limit.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Protocol, cast

__all__ = ["LIMIT_S", "Found", "TooSlow", "search"]

LIMIT_S = 1.0
_SHORT = 1_000
_REPEATS = 2
_REPEATED_GROUP = re.compile(r"\)[*+{?]")
_UNBOUNDED = re.compile(r"[*+]|\{\d*,\}")


class TooSlow(Exception):
    """The matcher was given up after `LIMIT_S` seconds."""

    def __str__(self) -> str:
        return f"a text on which the pattern takes longer than {LIMIT_S:.0f} s"


class Found(Protocol):
    """A match of either library."""

    def group(self, number: int = 0, /) -> str | None: ...
    def groups(self) -> tuple[str | None, ...]: ...


def search(pattern: str, text: str) -> Found | None:
    """The first place that fits, in the syntax of the standard library. Raises TooSlow."""
    if len(text) <= _SHORT and _is_quick(pattern):
        return cast("Found | None", re.search(pattern, text))
    return _limited(pattern, text)


@lru_cache(maxsize=1024)
def _is_quick(pattern: str) -> bool:
    """No repeat of a group, and few repeats at all: on a short text that cannot take long."""
    return _REPEATED_GROUP.search(pattern) is None and len(_UNBOUNDED.findall(pattern)) <= _REPEATS


def _limited(pattern: str, text: str) -> Found | None:
    import regex

    try:
        return cast("Found | None", regex.search(pattern, text, flags=regex.VERSION0, timeout=LIMIT_S))
    except TimeoutError:
        raise TooSlow from None
