"""Whether the ordinary value of each field of the account is one that it may have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowprobe.core.account import AccountField, Strategy, misfit
from flowprobe.core.shapes import shown
from flowprobe.files.context import Context

__all__ = ["check_account"]


def check_account(fields: Mapping[str, AccountField], context: Context) -> None:
    """Note every default that does not fit its field, and every least that is more than its most."""
    for field in fields.values():
        strategy, place = field.strategy, field.position
        if strategy is None:
            continue
        turned = next(_turned(strategy), None)
        if turned is not None:
            low, high = (str(turned.options[key]) for key in ("min", "max"))
            context.problems.append(context.source.problem_at("bad-bounds", place, low=low, high=high))
        elif wanted := misfit(field.default, strategy):
            seen = shown(field.default)
            context.problems.append(context.source.problem_at("bad-default", place, seen=seen, wanted=wanted))


def _turned(strategy: Strategy) -> Iterator[Strategy]:
    """Those in it whose least is more than their most."""
    low, high = strategy.options.get("min"), strategy.options.get("max")
    if low is not None and high is not None and low > high:
        yield strategy
    for inner in (strategy.options.get("of"), *strategy.options.get("fields", {}).values()):
        if isinstance(inner, Strategy):
            yield from _turned(inner)
