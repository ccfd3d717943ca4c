"""What the search as a whole knows of its finds, and no single one of them does: settled when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flowprobe.core.exploring.causes import Causes
from flowprobe.core.exploring.ceilings import Waits, says_nothing, waits_of, with_what_is_sure
from flowprobe.core.exploring.exploration import Flaky, Found
from flowprobe.core.exploring.model import Try
from flowprobe.core.exploring.notebook import Alone, Entry

__all__ = ["settled", "sure_of"]


def settled(causes: Causes, entries: Sequence[Entry]) -> tuple[tuple[Found, ...], tuple[Flaky, ...]]:
    """The finds, and what is flaky, by all tries that were made."""
    waits = waits_of(entry.learned for entry in entries)
    return (tuple(each for each in causes.found if not _says_nothing(each, waits)),
            tuple(each for each in causes.flaky if not _says_nothing(each, waits)))


def sure_of(alone: Sequence[Alone], entries: Sequence[Entry]) -> list[Alone]:
    """What came of each fault, without what turned out to say nothing."""
    waits = waits_of(entry.learned for entry in entries)
    return [replace(each, learned=with_what_is_sure(each.learned, Try({}, (*each.within, each.fault)), waits))
            for each in alone]


def _says_nothing(each: Found | Flaky, waits: Waits) -> bool:
    tried = each.case if isinstance(each, Found) else each.tried
    return bool(each.breaks) and all(says_nothing(broke, tried, waits) for broke in each.breaks)
