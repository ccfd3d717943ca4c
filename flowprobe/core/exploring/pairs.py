"""Few states in which any two values of any two fields meet: what breaks because of the account's state mostly breaks
because of two fields together, and all pairs need far fewer states than all combinations.

States are made one after the other, each with as many pairs as can be had that no earlier one has (as AETG does). What
may not be together is known by asking alone: a state that is filled in only as far as the question looks is found, or
is known not to exist, without looking at what does not matter to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, islice, product
from typing import Any, TypeAlias

from flowprobe.core.decide import draw

__all__ = ["Allowed", "Fields", "covered", "pairs_of", "pairwise"]

Fields: TypeAlias = Mapping[str, Sequence[Any]]
"""The values of each field; the first is its default. None is there twice."""
Allowed: TypeAlias = Callable[[Mapping[str, Any]], bool]
"""Whether a state may be. It has to look at the fields by their names, and depend on nothing else."""

_Choice: TypeAlias = dict[str, int]
"""Which of a field's values it has."""
_Pair: TypeAlias = tuple[tuple[str, int], ...]

_DRAFTS = 8
"""So many states are drafted for each that is taken: more would be few states fewer."""
_MOST_LOOKS = 5_000
"""A pair for which no state is found in so many looks counts as one that may not be."""


def pairwise(fields: Fields, allowed: Allowed = lambda _: True, *, seed: int = 0) -> Iterator[dict[str, Any]]:
    """States in which every two values meet that may; the first is the ordinary one, where that may be. The same for
    the same seed. Fields have one value at least."""
    missing = dict.fromkeys(_pairs(fields))
    drafts = partial(_drafts, fields, allowed, seed)
    ordinary = next(_states(fields, allowed, {}, missing, list(fields)), None)
    if ordinary is None:
        return
    yield from _taken(fields, ordinary, missing)
    number = 0
    while missing:
        wanted = next(iter(missing))
        best = max(drafts(wanted, missing, number), key=lambda choice: _gain(choice, missing), default=None)
        number += 1
        if best is None:
            del missing[wanted]  # no state has it
        else:
            yield from _taken(fields, best, missing)


def pairs_of(state: Mapping[str, Any]) -> frozenset[tuple[tuple[str, str], ...]]:
    """Every two fields with their values, as JSON; of a state with one field that alone."""
    shown = [(name, _shown(state[name])) for name in sorted(state)]
    return frozenset(combinations(shown, min(2, len(shown))))


def covered(states: Iterable[Mapping[str, Any]], fields: Fields, allowed: Allowed = lambda _: True) -> tuple[int, int]:
    """How many pairs of the fields' values are in these states, and in how many they can be at most."""
    seen = {pair for state in states for pair in pairs_of({name: state[name] for name in fields if name in state})}
    wanted = [(pair, tuple(sorted((name, _shown(fields[name][at])) for name, at in pair))) for pair in _pairs(fields)]
    unseen = [pair for pair, shown in wanted if shown not in seen]
    never = sum(next(_states(fields, allowed, dict(pair), {}, list(fields)), None) is None for pair in unseen)
    return len(wanted) - len(unseen), len(wanted) - never


def _pairs(fields: Fields) -> Iterator[_Pair]:
    for names in combinations(fields, min(2, len(fields))):
        for places in product(*(range(len(fields[name])) for name in names)):
            yield tuple(zip(names, places, strict=True))


def _taken(fields: Fields, choice: _Choice, missing: dict[_Pair, None]) -> Iterator[dict[str, Any]]:
    for pair in _met(choice, fields):
        missing.pop(pair, None)
    yield {name: values[choice[name]] for name, values in fields.items()}


def _met(choice: _Choice, fields: Iterable[str]) -> Iterator[_Pair]:
    """The pairs in a choice, in the order of the fields."""
    items = [(name, choice[name]) for name in fields if name in choice]
    return combinations(items, min(2, len(items)))


def _gain(choice: _Choice, missing: Mapping[_Pair, None]) -> int:
    return sum(pair in missing or pair[::-1] in missing for pair in _met(choice, choice))


def _drafts(
    fields: Fields, allowed: Allowed, seed: int, wanted: _Pair, missing: Mapping[_Pair, None], number: int
) -> Iterator[_Choice]:
    """States with the wanted pair, each with the other fields filled in in another order."""
    for draft in range(_DRAFTS if len(fields) > 2 else 1):
        order = sorted(fields, key=lambda name: draw(seed, number, draft, name))
        found = next(_states(fields, allowed, dict(wanted), missing, order), None)
        if found is None:
            return
        yield found


# --- filling a state in ---------------------------------------------------------------------------


class _Asked(BaseException):
    """The question looks at a field that has no value yet. No Exception, for whoever asks may catch those."""

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass
class _Partly(Mapping[str, Any]):
    """A state of which some fields are not known yet."""

    fields: Fields
    choice: _Choice = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        if name not in self.fields:
            raise KeyError(name)
        if name not in self.choice:
            raise _Asked(name)
        return self.fields[name][self.choice[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


def _states(
    fields: Fields, allowed: Allowed, choice: _Choice, missing: Mapping[_Pair, None], order: Sequence[str]
) -> Iterator[_Choice]:
    """Allowed states that hold to a choice; first those that promise the most of the missing pairs."""
    looks = islice(_may_be(fields, allowed, choice, missing), _MOST_LOOKS)
    for found in looks:
        if found is not None:
            yield _filled(fields, found, missing, order)


def _may_be(
    fields: Fields, allowed: Allowed, choice: _Choice, missing: Mapping[_Pair, None]
) -> Iterator[_Choice | None]:
    """Choices that are allowed whatever the fields are that they leave open; None for each look in vain."""
    try:
        yield choice if allowed(_Partly(fields, choice)) else None
    except _Asked as asked:
        for at in _best_first(fields, asked.name, choice, missing):
            yield from _may_be(fields, allowed, {**choice, asked.name: at}, missing)


def _filled(fields: Fields, choice: _Choice, missing: Mapping[_Pair, None], order: Sequence[str]) -> _Choice:
    full = dict(choice)
    for name in order:
        if name not in full:
            full[name] = _best_first(fields, name, full, missing)[0]
    return full


def _best_first(fields: Fields, name: str, choice: _Choice, missing: Mapping[_Pair, None]) -> list[int]:
    """A field's values: first those with the most missing pairs, and among these the default."""
    def gain(at: int) -> int:
        mine = (name, at)
        return sum((mine, other) in missing or (other, mine) in missing for other in choice.items())

    return sorted(range(len(fields[name])), key=gain, reverse=True)


def _shown(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
