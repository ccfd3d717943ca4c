"""Finds that are one defect, told as one: the same promise, odd fields and calls, by another kind of fault.

That a call fails, is lost or comes too late are one to a product that does not handle its failing; an answer that it
misreads and one that it gets twice are others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from flowprobe.core.exploring.catalogue import Family, family
from flowprobe.core.exploring.exploration import Found
from flowprobe.core.exploring.model import Break, Try, state_key

__all__ = ["gathered"]

_FAILS: tuple[Family, ...] = ("lost", "error", "busy", "slow")
_Defect: TypeAlias = tuple[Break | None, frozenset[str], frozenset[tuple[str, str, str, str]]]


def gathered(found: Iterable[Found], default: Mapping[str, Any]) -> tuple[Found, ...]:
    """One find for each defect, in the order in which they were seen: what was confirmed stands before what was not,
    what is smaller before what is larger. The cases of the others are among its `also`."""
    defects: dict[_Defect, list[Found]] = {}
    for each in found:
        defects.setdefault(_defect(each, default), []).append(each)
    told = [_one(few, default) for few in defects.values()]
    return tuple(each for each in told if not any(_within(each, other, default) for other in told if other is not each))


def _defect(found: Found, default: Mapping[str, Any]) -> _Defect:
    calls = frozenset((placed.site.edge, placed.site.call, placed.site.step, _nature(family(placed.kind)))
                      for placed in found.case.faults)
    return next(iter(found.breaks), None), _odd(found.case, default), calls


def _nature(kind: Family) -> str:
    return "fails" if kind in _FAILS else kind


def _odd(tried: Try, default: Mapping[str, Any]) -> frozenset[str]:
    """The fields that are not as usual."""
    return frozenset(name for name, value in tried.state.items()
                     if name not in default or state_key({"": value}) != state_key({"": default[name]}))


def _one(few: list[Found], default: Mapping[str, Any]) -> Found:
    first, *others = sorted(few, key=lambda each: (-(each.confirmed / each.of if each.of else 0),
                                                   len(_odd(each.case, default)), len(each.case.faults)))
    also = (*first.also, *(tried for each in others for tried in (each.case, *each.also)))
    return replace(first, also=also, at=min(each.at for each in few), seen=sum(each.seen for each in few))


def _within(each: Found, other: Found, default: Mapping[str, Any]) -> bool:
    """Whether one that nobody made small is explained by one that was: the same promise, and more than it takes."""
    if each.of or not other.of:
        return False
    mine, others = _defect(each, default), _defect(other, default)
    same = other.breaks[:1] == each.breaks[:1] or bool(set(other.breaks) & set(each.breaks))
    return same and others[1] <= mine[1] and others[2] <= mine[2]
