"""Hypothesis at the wheel: it makes up whole account states with faults placed on calls, is told how much harm each
did, and looks for more. What it finds is learned by whoever makes the tries, and shrunk elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeAlias

from hypothesis import given, target
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import DrawFn, SearchStrategy

from flowprobe.core.account import AccountField
from flowprobe.core.exploring.kept import Key
from flowprobe.core.exploring.model import Learned, Placed, Try, Trying
from flowprobe.core.exploring.values import boundaries
from flowprobe.errors import FlowProbeError, ToolFailed
from flowprobe.explore.loading import blamed
from flowprobe.explore.quiet import hushed, only_asking
from flowprobe.explore.strategies import Given, strategy_of, zone_of

__all__ = ["Memo", "Space", "drive"]

Memo: TypeAlias = MutableMapping[Key, Learned]
"""What was learned of tries, by their keys."""

_MOST_FAULTS = 3
_WORST = 1e300


@dataclass(frozen=True, slots=True)
class Space:
    """Where to look. `placed` are all faults that may be placed, the simplest first; `allowed` says whether a state
    may be; `starts` are states that are odd as a whole, from which fields are changed. `python` are the strategies
    that code gives."""

    fields: Mapping[str, AccountField] = field(default_factory=dict)
    placed: Sequence[Placed] = ()
    allowed: Callable[[Mapping[str, Any]], bool] = lambda _: True
    starts: Sequence[Mapping[str, Any]] = ()
    python: Given = field(default_factory=dict)


def drive(space: Space, trying: Trying, *, seed: int, examples: int, memo: Memo | None = None) -> None:
    """Have up to so many tries made; what `memo` knows is not tried again, and what is learned is put there. The same
    tries for the same seed, as long as the same is learned of them. Whatever `trying` raises comes out as it is, at
    once: Enough, and an interrupt. Raises ToolFailed where a strategy in Python fails."""
    known: Memo = {} if memo is None else memo

    @seeded(seed)
    @only_asking(examples)
    @given(_tries(space))
    def example(each: Try) -> None:
        learned = known.get(each.key)
        if learned is None:
            learned = known[each.key] = _tried(trying, each)
        if math.isfinite(learned.harm):
            target(min(learned.harm, _WORST), label="harm")

    try:
        with hushed():
            example()
    except _Left as left:
        _raise(left.error)
    except Unsatisfiable:
        return  # the constraints leave no state that was found
    except FlowProbeError:
        raise
    except Exception as error:  # a strategy of somebody else's: what a try raises has left above
        said = f"{type(error).__name__}: {error}".partition("\n")[0]
        file, line = blamed(error, {name.rpartition(":")[0] for name in space.python})
        place = f"{file}:{line}: " if file else ""
        raise ToolFailed(f"no account state could be drawn ({place}{said}): see the account's strategies in Python") \
            from error


class _Left(BaseException):
    """A try has raised something. Hypothesis would catch it, think that the product did it, and try again; it lets
    through what is no Exception."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _tried(trying: Trying, each: Try) -> Learned:
    try:
        return trying(each)
    except BaseException as error:
        raise _Left(error) from None


def _raise(error: BaseException) -> NoReturn:
    raise error from None


# --- what is drawn: in each place the simplest first ----------------------------------------------


def _tries(space: Space) -> SearchStrategy[Try]:
    faults = st.lists(st.sampled_from(space.placed), max_size=_MOST_FAULTS, unique_by=repr) if space.placed \
        else st.just([])
    return st.builds(_try, _states(space), faults)


def _try(state: Mapping[str, Any], faults: list[Placed]) -> Try:
    return Try(state, tuple(faults), "random")


def _states(space: Space) -> SearchStrategy[dict[str, Any]]:
    ordinary = {name: each.default for name, each in space.fields.items()}
    starts = st.sampled_from([ordinary, *({**ordinary, **start} for start in space.starts)])
    others = {name: found for name, each in space.fields.items() if not (found := _others(each, space)).is_empty}

    @st.composite
    def states(draw: DrawFn) -> dict[str, Any]:
        state = dict(draw(starts))
        for name, values in others.items():
            if draw(_CHANGED):
                state[name] = draw(values)
        return state

    return states().filter(space.allowed)


_CHANGED = st.sampled_from((False, False, True))
"""Most fields are as they were: one value that the product refuses would hide all others."""


def _others(each: AccountField, space: Space) -> SearchStrategy[Any]:
    """A boundary, or anything that the field may be; nothing where that is not said."""
    if each.strategy is None:
        return st.nothing()
    anything = strategy_of(each.strategy, space.python)
    known = boundaries(each.strategy, each.default, zone=zone_of)
    return st.sampled_from(known) | anything if known else anything
