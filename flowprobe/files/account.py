"""Whether the ordinary value of each field of the account is one that it may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flowprobe.core.account import AccountField, Strategy
from flowprobe.core.shapes import shown
from flowprobe.files.context import Context

__all__ = ["check_account"]


def check_account(fields: Mapping[str, AccountField], context: Context) -> None:
    """Note every default that does not fit its field, and every least that is more than its most."""
    for field in fields.values():
        strategy, place = field.strategy, field.position
        if strategy is None:
            continue
        low, high = strategy.options.get("min"), strategy.options.get("max")
        if low is not None and high is not None and low > high:
            context.problems.append(context.source.problem_at("bad-bounds", place, low=str(low), high=str(high)))
        elif wanted := _misfit(field.default, strategy):
            seen = shown(field.default)
            context.problems.append(context.source.problem_at("bad-default", place, seen=seen, wanted=wanted))


def _misfit(value: Any, strategy: Strategy) -> str:
    """What a field has to be that its default is not, or ''."""
    if strategy.kind == "sampled_from":
        values = strategy.options["values"]
        return "" if value in values else f"one of {', '.join(shown(item) for item in values)}"
    fits, words = _KINDS[strategy.kind]
    if not fits(value):
        return words
    size = len(value) if strategy.kind == "text" else value
    if strategy.kind == "decimals":
        size = float(value)
    low, high = strategy.options.get("min"), strategy.options.get("max")
    if (low is not None and size < low) or (high is not None and size > high):
        return f"{words} from {low} to {high}" if None not in (low, high) else f"{words} within its bounds"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_amount(value: Any) -> bool:
    try:
        return isinstance(value, str) and float(value) == float(value)
    except ValueError:
        return False


_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "integers": (lambda value: _is_number(value) and value == int(value), "a whole number"),
    "floats": (_is_number, "a number"),
    "decimals": (_is_amount, "an amount in quotes, such as \"9.99\""),
    "booleans": (lambda value: isinstance(value, bool), "true or false"),
    "text": (lambda value: isinstance(value, str), "a text"),
    "emails": (lambda value: isinstance(value, str) and "@" in value, "an address"),
    "dates": (lambda value: isinstance(value, str), "a day, such as 2028-02-29"),
    "times": (lambda value: isinstance(value, str), "a time, such as 2028-02-29T12:00"),
}
