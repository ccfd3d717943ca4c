"""The smallest value that still does what a larger one did: items left out, texts cut, numbers brought near to what is
ordinary. What it does is asked of `breaks`, which may take a second each time: as seldom as can be.

Exact where every part is either needed or not, whatever the others are, and where a number does it from some point on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import combinations
from math import isqrt
from typing import Any, TypeAlias, TypeVar

__all__ = ["fewest", "least", "nearer", "needed", "singly_needed"]

T = TypeVar("T")
Breaks: TypeAlias = Callable[[Any], bool]

_FEW = 3
_FINE = 16
"""A distance is found to one part in 2 to the power of this: up to 65,536 exactly."""
_FAR = 12
_PLACES = 3


def fewest(items: Sequence[T], breaks: Callable[[list[T]], bool]) -> list[T]:
    """A few: their smallest subset that breaks. Many: halves of them."""
    if len(items) > _FEW:
        return needed(items, breaks)
    subsets = (list(kept) for size in range(len(items)) for kept in combinations(items, size))
    return next(filter(breaks, subsets), list(items))


def needed(items: Sequence[T], breaks: Callable[[list[T]], bool]) -> list[T]:
    """Those without which it does not break. All of them left out is tried first, then halves, and halves of those that
    hold one that is needed: about k × log2(n) questions for k needed of n."""
    kept = list(range(len(items)))

    def sift(part: list[int], *, holds_one: bool) -> bool:
        """Drop what is not needed of a part; whether something of it stays. `holds_one`: that is known before."""
        nonlocal kept
        if not holds_one:
            fewer = [index for index in kept if index not in part]
            if breaks([items[index] for index in fewer]):
                kept = fewer
                return False
        if len(part) > 1:
            half = len(part) // 2
            stays = sift(part[:half], holds_one=False)
            sift(part[half:], holds_one=not stays)
        return True

    if kept:
        sift(list(kept), holds_one=False)
    return [items[index] for index in kept]


def singly_needed(items: Sequence[T], breaks: Callable[[list[T]], bool]) -> list[T]:
    """The same where most are thought to be needed: each is left out alone."""
    kept = list(items)
    for index in reversed(range(len(kept))):
        fewer = kept[:index] + kept[index + 1:]
        if breaks(fewer):
            kept = fewer
    return kept


def least(most: int, breaks: Callable[[int], bool]) -> int:
    """The least number from 1 to `most` that breaks, of which `most` does and 0 does not. What is next to `most` is
    asked first: a value that was found is often the very one that matters."""
    if most <= 1 or not breaks(most - 1):
        return most
    low, high = 0, most - 1
    while high - low > max(1, low >> _FINE):
        middle = isqrt(max(low, 1) * high) if high >> _FAR > low else (low + high) // 2
        if breaks(middle):
            high = middle
        else:
            low = middle
    return high


def nearer(value: Any, default: Any, breaks: Breaks, *, again: bool = False) -> Any:
    """What is nearest to `default` of what breaks as `value` does, which is known to, and `default` not to.

    Of mappings the keys that differ are put back, then each that is left is brought nearer; numbers, amounts (texts of
    digits) and days go towards the default, lists and texts get shorter. `again`: that was done once, and most stays.
    """
    match value:
        case Mapping() if isinstance(default, Mapping):
            return _nearer_mapping(value, default, breaks, again=again)
        case bool() | None:
            return value
        case int() | float() if isinstance(default, int | float) and not isinstance(default, bool):
            return _nearer_number(value, default, breaks)
        case str():
            return _nearer_text(value, default, breaks, again=again)
        case list() | tuple():
            kept = (singly_needed if again else needed)(value, lambda items: breaks(type(value)(items)))
            return type(value)(kept)
        case _:
            return value


def _nearer_mapping(value: Mapping[str, Any], default: Mapping[str, Any], breaks: Breaks, *,
                    again: bool) -> Mapping[str, Any]:
    """Keys keep the order of the default, and then that of the value."""
    differing = [key for key in {**default, **value} if key not in value or key not in default
                 or not _same(value[key], default[key])]

    def with_(kept: list[str]) -> dict[str, Any]:
        found = dict(default)
        for key in kept:
            if key in value:
                found[key] = value[key]
            else:
                del found[key]
        return found

    kept = (singly_needed if again else needed)(differing, lambda keys: breaks(with_(keys)))
    found = with_(kept)
    for key in kept:
        if key in value:
            found[key] = nearer(found[key], default.get(key), _beside(found, key, breaks), again=again)
    return found


def _beside(others: Mapping[str, Any], key: str, breaks: Breaks) -> Breaks:
    """What one key may be, the others being as they are."""
    return lambda part: breaks({**others, key: part})


def _same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: 1 is not true."""
    return type(one) is type(other) and one == other


# --- numbers --------------------------------------------------------------------------------------


def _nearer_number(value: float, default: float, breaks: Breaks) -> float:
    if isinstance(value, int) and isinstance(default, int):
        away = 1 if value > default else -1
        return default + away * least(abs(value - default), lambda steps: breaks(default + away * steps))
    if value != value or value in (float("inf"), float("-inf")):
        return value
    return float(_nearer_amount(Decimal(repr(value)), Decimal(repr(default)), lambda amount: breaks(float(amount))))


def _nearer_amount(value: Decimal, default: Decimal, breaks: Callable[[Decimal], bool]) -> Decimal:
    """To so many places as the amounts have, of which a few are looked at; without them where that breaks too."""
    for places in (0, min(_PLACES, max(_digits(value), _digits(default)))):
        unit = Decimal(1).scaleb(-places)
        steps = int(abs(value - default) / unit)
        away = unit if value > default else -unit
        if steps and (default + away * steps == value or breaks(default + away * steps)):
            value = default + away * least(steps, _so_far(default, away, breaks))
    return value


def _so_far(default: Decimal, away: Decimal, breaks: Callable[[Decimal], bool]) -> Callable[[int], bool]:
    return lambda steps: breaks(default + away * steps)


def _digits(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


# --- texts ----------------------------------------------------------------------------------------


def _nearer_text(value: str, default: Any, breaks: Breaks, *, again: bool) -> str:
    if isinstance(default, str):
        if (one := _day(value)) is not None and (other := _day(default)) is not None:
            return _nearer_day(one, other, breaks)
        if (amount := _amount(value)) is not None and (ordinary := _amount(default)) is not None:
            places = max(_digits(amount), _digits(ordinary))
            return _written(_nearer_amount(amount, ordinary, lambda found: breaks(_written(found, places))), places)
    cut = "".join((singly_needed if again and len(value) < 10 else needed)(value, lambda kept: breaks("".join(kept))))
    plain = "a" * len(cut)
    return plain if cut != plain and breaks(plain) else cut


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _nearer_day(value: date, default: date, breaks: Breaks) -> str:
    days = _nearer_number(value.toordinal(), default.toordinal(),
                          lambda number: breaks(date.fromordinal(number).isoformat()))
    return date.fromordinal(int(days)).isoformat()


def _amount(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() and _written(found, _digits(found)) == text else None


def _written(amount: Decimal, places: int) -> str:
    return f"{amount:.{places}f}"
