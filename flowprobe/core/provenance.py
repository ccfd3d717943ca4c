"""Which parts of a step's call came from a secret: they never follow a redirect to another origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flowprobe.core.expressions import lookups
from flowprobe.core.scenario import Scenario, Step, Template, Value
from flowprobe.core.wire import BODY

__all__ = ["sensitive"]


def sensitive(step: Step, scenario: Scenario) -> frozenset[str]:
    """The names (lower case) of the headers whose value looks up a secret, and `BODY` where the body does.

    A secret is a capture that says so, and every variable of the surroundings: what is not written into a file is
    rarely meant for everybody.
    """
    secret = _secrets(scenario)
    names = {name.lower() for name, value in step.headers.items() if _holds(value, secret)}
    return frozenset(names | {BODY} if _holds(step.json, secret) else names)


def _secrets(scenario: Scenario) -> frozenset[tuple[str, str]]:
    return frozenset((step.name, item.name) for step in scenario.workflow for item in step.captures if item.secret)


def _holds(value: Value, secret: frozenset[tuple[str, str]]) -> bool:
    return any(lookup.path[0] == "env" or lookup.path[:2] in secret
               for template in _templates(value) for lookup in lookups(template))


def _templates(value: Value) -> Iterator[Template]:
    match value:
        case Template():
            yield value
        case Mapping():
            for item in value.values():
                yield from _templates(item)
        case list() | tuple():
            for item in value:
                yield from _templates(item)
