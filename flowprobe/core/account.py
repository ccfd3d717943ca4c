"""The state that a journey starts from: named fields, each with the value of an ordinary night and, for exploring, a
strategy that says what else it may be; what the fields must be together; and states that are odd."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from flowprobe.core.plain import Plain, plain
from flowprobe.core.shapes import equal, shown
from flowprobe.core.values import Position, Value

__all__ = ["AccountField", "ChosenOddity", "Constraint", "Oddity", "Strategy", "misfit"]


@plain
class Strategy(Plain):
    """What a field may be: `kind` is the key in the file, `options` what stands under it. Those in brackets are there
    only where the file says them; `S` is a Strategy.

    - `integers` (`min`, `max`: int), `floats` (`min`, `max`), `decimals` (`min`, `max`, `places`): values of
      `decimals` are text
    - `booleans`, `emails`: none
    - `text` (`min`, `max`: its length in characters)
    - `dates` (`min`, `max`: `2028-02-29`), `times` (`min`, `max`: `2028-02-29T12:00`, `zones`: a tuple of names)
    - `sampled_from` `values`: a tuple
    - `lists` `of`: S, (`min`, `max`: its length, `unique`: bool); values are lists
    - `objects` `fields`: name -> S; values are dicts with just these
    - `optional` `of`: S; or null
    - `from_schema` `schema`: a SchemaMatcher, whose `whole()` is one JSON Schema in which nothing leads out
    - `python` `file`: a path from the current folder on, `name`: the name in that file of a strategy of Hypothesis, or
      of a function without arguments that gives one
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@plain
class AccountField(Plain):
    """`default` is used wherever nothing is explored. A field without a strategy is always that."""

    default: Value
    position: Position
    strategy: Strategy | None = None


@plain
class Constraint(Plain):
    """What must hold between the fields: each name (`account.used`) of `then` fits its shape, wherever every one of
    `when` does. Shapes are as in the `when` of a step."""

    then: Mapping[str, Value]
    position: Position
    when: Mapping[str, Value] = field(default_factory=dict)


@plain
class ChosenOddity(Plain):
    """An oddity as the scenario lists it: by its name in the catalogue, or (`values` not None) one of its own, with the
    fields that it sets."""

    name: str
    position: Position
    values: Mapping[str, Any] | None = None


@plain
class Oddity(Plain):
    """An odd account: its whole state."""

    name: str
    state: Mapping[str, Any]


# --- whether a value is one that a field may have -------------------------------------------------


def misfit(value: Any, strategy: Strategy) -> str:
    """What a value would have to be that it is not, in words; '' where the strategy can give it."""
    special = _NESTED.get(strategy.kind)
    if special is not None:
        return special(value, strategy)
    fits, words = _KINDS[strategy.kind]
    if not fits(value):
        return words
    size = len(value) if strategy.kind == "text" else float(value) if strategy.kind == "decimals" else value
    return _outside(size, words, strategy)


def _outside(size: Any, words: str, strategy: Strategy) -> str:
    low, high = strategy.options.get("min"), strategy.options.get("max")
    if strategy.kind == "times":
        within = (low is None or _local(size) >= _local(low)) and (high is None or _local(size) <= _local(high))
    else:
        within = (low is None or size >= low) and (high is None or size <= high)
    if within:
        return ""
    return f"{words} from {low} to {high}" if None not in (low, high) else f"{words} within its bounds"


def _local(instant: str) -> datetime:
    """What its clock shows, which is what the bounds say: however many digits it is written with."""
    return datetime.fromisoformat(instant).replace(tzinfo=None)


def _sampled(value: Any, strategy: Strategy) -> str:
    values = strategy.options["values"]
    if any(equal(item, value) for item in values):
        return ""
    return f"one of {', '.join(shown(item) for item in values)}"


def _listed(value: Any, strategy: Strategy) -> str:
    if not isinstance(value, list | tuple):
        return "a list"
    if outside := _outside(len(value), "a list with a length", strategy):
        return outside
    if strategy.options.get("unique") and any(equal(a, b) for at, a in enumerate(value) for b in value[:at]):
        return "a list in which no two are the same"
    return next((f"a list of which each is {words}" for item in value
                 if (words := misfit(item, strategy.options["of"]))), "")


def _object(value: Any, strategy: Strategy) -> str:
    fields = strategy.options["fields"]
    if not isinstance(value, Mapping) or set(value) != set(fields):
        return f"an object with {', '.join(fields)}"
    return next((f"an object whose `{name}` is {words}" for name, inner in fields.items()
                 if (words := misfit(value[name], inner))), "")


def _optional(value: Any, strategy: Strategy) -> str:
    words = "" if value is None else misfit(value, strategy.options["of"])
    return f"null, or {words}" if words else ""


def _by_schema(value: Any, strategy: Strategy) -> str:
    found = next(strategy.options["schema"].mismatches(value, "$"), None)
    if found is None:
        return ""
    return found.expected if found.path == "$" else f"a value whose {found.path} is {found.expected}"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_amount(value: Any) -> bool:
    try:
        return isinstance(value, str) and float(value) == float(value)
    except ValueError:
        return False


def _is_time(value: Any, spelled: re.Pattern[str]) -> bool:
    """A day, or an instant with or without its offset, that the calendar has."""
    try:
        return isinstance(value, str) and bool(spelled.fullmatch(value) and datetime.fromisoformat(value))
    except ValueError:
        return False


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(_DAY.pattern + r"T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_NESTED: Mapping[str, Callable[[Any, Strategy], str]] = {
    "sampled_from": _sampled,
    "lists": _listed,
    "objects": _object,
    "optional": _optional,
    "from_schema": _by_schema,
    "python": lambda *_: "",  # only running it would tell
}
_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "integers": (lambda value: _is_number(value) and value == int(value), "a whole number"),
    "floats": (_is_number, "a number"),
    "decimals": (_is_amount, "an amount in quotes, such as \"9.99\""),
    "booleans": (lambda value: isinstance(value, bool), "true or false"),
    "text": (lambda value: isinstance(value, str), "a text"),
    "emails": (lambda value: isinstance(value, str) and "@" in value, "an address"),
    "dates": (lambda value: _is_time(value, _DAY), "a day, such as 2028-02-29"),
    "times": (lambda value: _is_time(value, _INSTANT), "a time, such as 2028-02-29T12:00"),
}
