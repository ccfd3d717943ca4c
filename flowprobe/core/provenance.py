"""Which parts of a step's call came from a secret: they never follow a redirect to another origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, assert_never

from flowprobe.core.expressions import lookups
from flowprobe.core.scenario import Scenario
from flowprobe.core.steps import Item, Parallel, Step, Use
from flowprobe.core.values import Template
from flowprobe.core.wire import BODY

__all__ = ["sensitive", "templates"]


def sensitive(step: Step, scenario: Scenario) -> frozenset[str]:
    """The names (lower case) of the headers whose value looks up a secret, and `BODY` where the body does.

    A secret is a capture that says so, and every variable of the surroundings: what is not written into a file is
    rarely meant for everybody. What a scenario was given by another may be one.
    """
    secret = frozenset(_secrets((*scenario.given, *scenario.workflow)))
    if step.each is not None and _holds(step.each.over, secret):
        secret |= {(step.each.name,)}
    names = {name.lower() for name, value in step.headers.items() if _holds(value, secret)}
    return frozenset(names | {BODY} if _holds(step.body, secret) else names)


def _secrets(items: Sequence[Item]) -> Iterator[tuple[str, ...]]:
    """The names under which secrets are known, those inside of used scenarios by their own."""
    for item in items:
        match item:
            case Step():
                yield from ((item.name, capture.name) for capture in item.captures if capture.secret)
            case Use():
                inner = frozenset(_secrets(item.workflow))
                yield from inner
                yield from ((item.name, name) for name, value in item.outputs.items() if _holds(value, inner))
            case Parallel():
                for branch in item.branches:
                    yield from _secrets(branch)
            case _:
                assert_never(item)


def _holds(value: Any, secret: frozenset[tuple[str, ...]]) -> bool:
    return any(lookup.path[0] in ("env", "inputs") or lookup.path[:2] in secret or lookup.path[:1] in secret
               for template in templates(value) for lookup in lookups(template))


def templates(value: Any) -> Iterator[Template]:
    """Every template in a part of the model, wherever it stands."""
    match value:
        case Template():
            yield value
        case Mapping():
            for item in value.values():
                yield from templates(item)
        case list() | tuple():
            for item in value:
                yield from templates(item)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from templates(getattr(value, field.name))
