"""What a reply looks like, and what changed in it from night to night: a field that appeared or vanished, another type,
a word that was never there.

A value is compared where its parent is there: an empty list says nothing of what its items would have, and one that has
its first items is learned as long as a reply is. Keys that are data (ids, addresses) are one: `$.by_id.*`. A text is
one of few words where it is made of letters and takes no more than eight forms over all the nights in which it is
learned; every other text is only a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flowprobe.core.nights.model import Change, Drift, Shape

__all__ = ["LEARNED", "drifts", "merged", "shape_of"]

LEARNED = 7
"""Nights in which a step's reply is only learned. What is there in some of them may come and go."""
_WORDS = 8
_SETTLED = 2
"""A text is one of few words where each of them was seen in so many nights while it was learned."""
_WORD = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
_KEY = re.compile(r"[A-Za-z_$@][A-Za-z_-]*[0-9]{0,2}")
_KEYS = 60
_DEEP = 12
_WIDE = 200
_PATHS = 2_000
"""Of one reply: what is beyond is not looked at, and a reply that is larger is compared in what was seen of it."""


def shape_of(scenario: str, step: str, reply: Any, *, words: bool = True) -> Shape:
    """The shape of one reply, a JSON value. Without `words` none of its texts is kept: where customers are."""
    found: dict[str, set[str]] = {}
    for path, seen in _seen("$", reply, 0):
        if path not in found and len(found) >= _PATHS:
            break
        kept = found.setdefault(path, set())
        if words or not seen.startswith('"'):
            kept.add(seen)
    return _shape(scenario, step, found)


def merged(shapes: Iterable[Shape]) -> tuple[Shape, ...]:
    """One for each step: all that was seen of it in a night."""
    found: dict[tuple[str, str], dict[str, set[str]]] = {}
    for each in shapes:
        paths = found.setdefault((each.scenario, each.step), {})
        for path, seen in each.paths.items():
            paths.setdefault(path, set()).update(seen)
    return tuple(_shape(*of, paths) for of, paths in found.items())


def _shape(scenario: str, step: str, found: Mapping[str, set[str]]) -> Shape:
    return Shape(scenario, step, {path: tuple(sorted(_few(found[path]))) for path in sorted(found)})


def _few(seen: set[str]) -> set[str]:
    """Without its words where they are more than a few: it is a text like any other."""
    spoken = _spoken(seen)
    return seen - spoken if len(spoken) > _WORDS else seen


def _spoken(seen: Iterable[str]) -> set[str]:
    return {each for each in seen if each.startswith('"')}


def _seen(path: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """(path, type), and (path, word) of a text that may be one of few."""
    match value:
        case dict():
            yield path, "object"
            if depth < _DEEP:
                for key, name in _named(value):
                    yield from _seen(f"{path}.{name}", value[key], depth + 1)
        case list():
            yield path, "array"
            if depth < _DEEP:
                for item in value[:_WIDE]:
                    yield from _seen(f"{path}[*]", item, depth + 1)
        case str():
            yield path, "string"
            if _WORD.fullmatch(value):
                yield path, f'"{value}"'
        case None:
            yield path, "null"
        case bool():
            yield path, "boolean"
        case _:
            yield path, "number"


def _named(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Its keys, each with the name that stands for it in a path."""
    data = len(value) > _KEYS
    for key in value:
        yield key, "*" if data or not _KEY.fullmatch(key) else key


# --- from night to night --------------------------------------------------------------------------


@dataclass(slots=True)
class _Known:
    """What is known of a path: in how many nights its parent was there, and in how many it was, and each thing that was
    seen of it with the number of nights. `gone`: it vanished."""

    parents: int = 0
    nights: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    gone: bool = False

    @property
    def words(self) -> bool:
        """It is one of few words, and each of them is known for sure."""
        spoken = _spoken(self.seen)
        return bool(spoken) and all(self.seen[each] >= _SETTLED for each in spoken)

    def add(self, seen: Iterable[str]) -> None:
        self.nights += 1
        self.gone = False
        for each in seen:
            self.seen[each] = self.seen.get(each, 0) + 1


def drifts(shapes: Sequence[tuple[str, Shape]], *, rebased: Mapping[str, str] | None = None) -> tuple[Drift, ...]:
    """What changed in the nights that are given, oldest first, each with the night in which it was first seen.
    `rebased` has for the text `scenario step` the night from which it is learned anew."""
    of: dict[tuple[str, str], list[tuple[str, Shape]]] = {}
    for night, each in shapes:
        if night >= (rebased or {}).get(f"{each.scenario} {each.step}", ""):
            of.setdefault((each.scenario, each.step), []).append((night, each))
    found = (drift for nights in of.values() for drift in _of_step(nights))
    return tuple(sorted(found, key=lambda each: each.since))


def _of_step(nights: Sequence[tuple[str, Shape]]) -> Iterator[Drift]:
    known: dict[str, _Known] = {}
    for night, shape in nights:
        yield from _changed(known, shape, night)
        _learn(known, shape)


def _learn(known: dict[str, _Known], shape: Shape) -> None:
    for path, seen in shape.paths.items():  # a parent stands before what is in it
        if path not in known:
            parent = known.get(_parent(path))
            known[path] = _Known(parents=parent.nights - 1 if parent is not None else 0)
        known[path].add(seen)
    for path, each in known.items():
        if _parent(path) in shape.paths or path == "$":
            each.parents += 1


def _learned(known: Mapping[str, _Known], path: str) -> bool:
    """Its parent was there often enough to know what is in it."""
    of = known.get(_parent(path) or path)
    return of is not None and of.nights >= LEARNED


def _is_many(path: str) -> bool:
    """It stands for any number of values, none included."""
    return path.endswith(("[*]", ".*"))


def _parent(path: str) -> str:
    return path[:-3] if path.endswith("[*]") else path.rpartition(".")[0]


def _changed(known: Mapping[str, _Known], shape: Shape, night: str) -> Iterator[Drift]:
    """Nothing is said of what is inside of something that is said to have appeared, vanished or changed."""
    told: set[str] = set()
    for path in sorted({*known, *shape.paths}, key=lambda each: (each.count(".") + each.count("["), each)):
        if _parent(path) in told or (_is_many(path) and (path not in known or path not in shape.paths)):
            told.add(path)
        elif _learned(known, path) and (drift := _of_path(known.get(path), path, shape, night)) is not None:
            told.add(path)
            yield drift


def _of_path(known: _Known | None, path: str, shape: Shape, night: str) -> Drift | None:
    seen = shape.paths.get(path)

    def drift(change: Change, before: Iterable[str], now: Iterable[str]) -> Drift:
        return Drift(shape.scenario, shape.step, path, change, tuple(sorted(before)), tuple(sorted(now)), night)

    if seen is None:
        if known is None or known.gone or known.nights < known.parents or _parent(path) not in shape.paths:
            return None
        known.gone = True
        return drift(Change.VANISHED, _types(known.seen), ())
    if known is None or known.gone:
        return drift(Change.APPEARED, (), _types(seen))
    if known.nights < LEARNED:
        return None
    if _types(seen) - _types(known.seen):
        return drift(Change.TYPE, _types(known.seen), _types(seen))
    spoken = _spoken(known.seen)
    if known.words and (other := _spoken(seen) - spoken) and len(other) + len(spoken) <= _WORDS:
        return drift(Change.WORD, spoken, spoken | other)
    return None


def _types(seen: Iterable[str]) -> set[str]:
    return {each for each in seen if not each.startswith('"')}
