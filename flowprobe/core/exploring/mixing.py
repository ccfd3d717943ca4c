"""Accounts that are odd all over, made up as the search goes on: of each field a value of which most is still to be
seen, so that one try asks about all of them.

An odd value may keep the product from making a call at all: then nothing is learned there of the others. One that was
only ever seen where calls were missing is suspected, and mixed in now and then only, until a state clears it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flowprobe.core.decide import draw
from flowprobe.core.exploring.model import state_key
from flowprobe.core.exploring.pairs import Allowed, Fields

__all__ = ["Left", "Mixing"]

Left: TypeAlias = Callable[[Mapping[str, Any], str, Any], float]
"""How much a field's value can show that is new, in a state."""

_SUSPECTED = 1 / 3
"""How often a suspected value is mixed in."""
_DRAFTS = 4


class Mixing:
    """`fields` are the values of each, its default first. The same for the same seed, and the same that came of it."""

    def __init__(self, fields: Fields, allowed: Allowed, seed: int) -> None:
        self._fields, self._allowed, self._seed = fields, allowed, seed
        self._best: dict[str, float] = {}
        self._made = 0

    def state(self, left: Left) -> Mapping[str, Any] | None:
        """The next state; None where a few drafts show nothing new."""
        for _ in range(_DRAFTS):
            self._made += 1
            drafted = self._drafted(left)
            if any(left({}, name, value) for name, value in drafted.items()):
                return drafted
        return None

    def came(self, state: Mapping[str, Any], share: float) -> None:
        """This share of the usual calls was made in a state, from 0 to 1."""
        for name, value in state.items():
            key = state_key({name: value})
            self._best[key] = max(share, self._best.get(key, 0.0))

    def _drafted(self, left: Left) -> dict[str, Any]:
        state = {name: values[0] for name, values in self._fields.items()}
        for name in sorted(self._fields, key=lambda name: draw(self._seed, self._made, "field", name)):
            mixed = {**state, name: self._value(state, name, left)}
            if self._allowed(mixed):
                state = mixed
        return state

    def _value(self, state: Mapping[str, Any], name: str, left: Left) -> Any:
        """Of several that show as much, the likeliest to break; of an unknown one it is not known whether it keeps
        calls from being made, so that the usual value has its turn as well."""
        usual, *odd = self._fields[name]
        wanted = [value for value in odd if left(state, name, value)]
        for value in sorted(wanted, key=lambda value: -left(state, name, value)):
            best = self._best.get(state_key({name: value}))
            chance = len(odd) / (len(odd) + 1) if best is None else 1.0 if best >= 1 else _SUSPECTED
            if draw(self._seed, self._made, "mixed", name, repr(value)) < chance:
                return value
        return usual
