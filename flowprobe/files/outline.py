"""What the nodes of a scenario tell of its names, whether or not the rest of it could be read.

Where a part cannot be told (a step without a name, a misspelt key), it is None: nothing is said about names
that may come from there, for the mistake has its message already.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass
from typing import Any, TypeAlias

from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence
from flowprobe.files.scalars import Kind, kind_of
from flowprobe.files.tables import STEP

__all__ = ["Link", "Outline", "Scope", "outline"]

_STEP_KEYS = {field.key for field in STEP.fields}
Spot: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Link:
    """One step: its name, and the names that it captures. `plain` says that each of its keys is one of ours."""

    node: Mapping
    name: str | None
    captures: frozenset[str] | None
    plain: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a template stands: in the step with this index, or (`cleanup`) in what undoes it."""

    step: int
    cleanup: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """The roles and steps of a scenario; `whole` says that the name of every step is known.

    `index` finds a step's place by its name; `starts` and `scopes` say from where on which scope holds.
    """

    roles: tuple[Scalar, ...] | None
    links: tuple[Link, ...]
    whole: bool
    promises: tuple[tuple[Scalar, Node], ...]
    index: Mapping_[str, int]
    starts: tuple[Spot, ...]
    scopes: tuple[Scope | None, ...]

    def scope(self, node: Node) -> Scope | None:
        """Where a node stands; None outside of the steps."""
        at = bisect_right(self.starts, _spot(node.start))
        return self.scopes[at - 1] if at else None


def outline(root: Mapping) -> Outline:
    """The names of a scenario."""
    workflow = root.get("workflow")
    items = workflow.value if isinstance(workflow, Sequence) else []
    links = tuple(_link(item) for item in items if isinstance(item, Mapping))
    whole = bool(links) and len(links) == len(items) and all(link.name is not None for link in links)
    personas, promises = root.get("personas"), tuple(_promises(root.get("under")))
    roles = tuple(key for key, _ in personas.value) if isinstance(personas, Mapping) else None
    index = {link.name: number for number, link in reversed(list(enumerate(links))) if link.name is not None}
    regions = sorted(_regions(workflow, links, promises, index), key=lambda region: region[0])
    return Outline(roles, links, whole, promises, index, tuple(spot for spot, _ in regions),
                   tuple(scope for _, scope in regions))


def _link(node: Mapping) -> Link:
    name, captures = node.get("step"), node.get("capture")
    known: frozenset[str] | None = frozenset()
    plain = all(key.value in _STEP_KEYS for key, _ in node.value)
    if isinstance(captures, Mapping):
        known = frozenset(key.value for key, _ in captures.value)
    elif captures is not None or not plain:
        known = None
    return Link(node, name.value if isinstance(name, Scalar) and kind_of(name) is Kind.TEXT else None, known, plain)


def _promises(under: Node | None) -> list[tuple[Scalar, Node]]:
    """The step names that `under` speaks of, with what it promises for each."""
    keys = under.value if isinstance(under, Mapping) else []
    return [pair for _, steps in keys if isinstance(steps, Mapping) for pair in steps.value]


def _regions(workflow: Node | None, links: tuple[Link, ...], promises: tuple[tuple[Scalar, Node], ...],
             steps: Mapping_[str, int]) -> list[tuple[Spot, Scope | None]]:
    """From which place on which scope holds."""
    found: list[tuple[Spot, Scope | None]] = []
    for index, link in enumerate(links):
        found.append((_spot(link.node.start), Scope(index)))
        cleanup = link.node.get("cleanup")
        if cleanup is not None:
            found += [(_spot(cleanup.start), Scope(index, cleanup=True)), (_spot(cleanup.end), Scope(index))]
    if workflow is not None:
        found.append((_spot(workflow.end), None))
    for name, promise in promises:
        step = steps.get(name.value)
        found += [(_spot(promise.start), None if step is None else Scope(step)), (_spot(promise.end), None)]
    return found


def _spot(mark: Any) -> Spot:
    return mark.line, mark.column
