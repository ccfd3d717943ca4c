"""What makes a `find` find the things of its own trial alone: a part of `where` that is compared with a value that
nobody else's things have. A matcher such as `$absent` or `$in` narrows nothing down to us; a value does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowprobe.core.expressions import lookups
from flowprobe.core.resolve import Absent, Names, resolve
from flowprobe.core.values import Lookup, Position, Template, Value

__all__ = ["COMPARED", "HELD", "TRIAL_ID", "is_marked", "marks"]

TRIAL_ID = ("trial", "id")
COMPARED = "$equals"
"""The matcher that is as narrow as a value."""
HELD = "$contains"
"""The matcher that is narrow enough where the trial's id is what has to be there."""


def is_marked(where: Value, names: Names) -> bool:
    """Whether something in it is told apart by what it looks up: an empty text would fit the things of others."""
    return any(lookup.path == TRIAL_ID or _tells(lookup, names) for lookup in marks(where))


def marks(where: Value, *, held: bool = False) -> Iterator[Lookup]:
    """What is looked up where a value is compared; of what has only to be contained (`held`), the trial's id."""
    match where:
        case Template():
            yield from (lookup for lookup in lookups(where) if not held or lookup.path == TRIAL_ID)
        case Mapping():
            for key, value in where.items():
                if key == HELD or not _is_matcher(key):
                    yield from marks(value, held=held or key == HELD)
                elif key == COMPARED:
                    yield from marks(value, held=held)
        case list() | tuple():
            for value in where:
                yield from marks(value, held=held)
        case _:
            return


def _is_matcher(key: str) -> bool:
    return key.startswith("$") and key[1:2] not in ".["


def _tells(lookup: Lookup, names: Names) -> bool:
    try:
        found: Any = resolve(_only(lookup), names)
    except Absent:
        return False
    return (isinstance(found, str) and bool(found.strip())) or (isinstance(found, int) and not isinstance(found, bool))


def _only(lookup: Lookup) -> Template:
    return Template((lookup,), Position("", 0, 0))
