"""What the search as a whole knows of its finds, and no single one of them does: settled when it has ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from flowprobe.core.exploring.bench import broken
from flowprobe.core.exploring.causes import Causes
from flowprobe.core.exploring.ceilings import Waits, says_nothing, waits_of, with_what_is_sure
from flowprobe.core.exploring.exploration import Flaky, Found
from flowprobe.core.exploring.model import Learned, Try
from flowprobe.core.exploring.notebook import Alone, Entry

__all__ = ["settled", "shaky", "sure_of"]

_Seen: TypeAlias = Mapping[object, Sequence[Learned]]


def settled(causes: Causes, entries: Sequence[Entry]) -> tuple[tuple[Found, ...], tuple[Flaky, ...]]:
    """The finds, and what is flaky, with how often by all tries that were made of it, the first one among them. What
    was certain once, and then held when something else was made small to it, is flaky."""
    waits, seen = waits_of(entry.learned for entry in entries), _by_key(entries)
    found = [each for each in causes.found if not _says_nothing(each, waits)]
    flaky = [_counted(each, seen) for each in causes.flaky if not _says_nothing(each, waits)]
    again = [_counted(Flaky(each.case, each.breaks, each.confirmed, each.of, each.first), seen) for each in found]
    held = [one for one in again if one.broke < one.of]
    certain = tuple(each for each, one in zip(found, again, strict=True) if one not in held)
    return certain, _each_once((*held, *flaky))


def _each_once(flaky: Sequence[Flaky]) -> tuple[Flaky, ...]:
    """The same experiment and promise is told once, however many tries were made small to it."""
    return tuple({(each.tried.key, each.breaks[:1]): each for each in flaky}.values())


def sure_of(alone: Sequence[Alone], entries: Sequence[Entry]) -> list[Alone]:
    """What came of each fault, without what turned out to say nothing."""
    waits = waits_of(entry.learned for entry in entries)
    return [replace(each, learned=with_what_is_sure(each.learned, Try({}, (*each.within, each.fault)), waits))
            for each in alone]


def shaky(ordinary: Try, looks: Sequence[Learned]) -> tuple[Flaky, ...]:
    """The journey without any fault, where it broke in some of these looks and passed in others."""
    judged = [each for each in looks if each.judged != "inconclusive"]
    broke = [each for each in judged if each.broke]
    return (Flaky(ordinary, broke[0].breaks, len(broke), len(judged)),) if 0 < len(broke) < len(judged) else ()


def _by_key(entries: Sequence[Entry]) -> _Seen:
    """What came of each experiment, where something can be said."""
    seen: dict[object, list[Learned]] = {}
    for entry in entries:
        if entry.learned.judged != "inconclusive":
            seen.setdefault(entry.tried.key, []).append(entry.learned)
    return seen


def _counted(flaky: Flaky, seen: _Seen) -> Flaky:
    made = seen.get(flaky.tried.key, ())
    wanted = next(iter(flaky.breaks), None)
    return replace(flaky, broke=sum(broken(learned, wanted) for learned in made), of=len(made)) if made else flaky


def _says_nothing(each: Found | Flaky, waits: Waits) -> bool:
    tried = each.case if isinstance(each, Found) else each.tried
    return bool(each.breaks) and all(says_nothing(broke, tried, waits) for broke in each.breaks)
