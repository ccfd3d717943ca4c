"""What the nodes of a scenario tell of its names, whether or not the rest of it could be read.

Where a part cannot be told (a step without a name, a misspelt key), it is None: nothing is said about names
that may come from there, for the mistake has its message already.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from collections.abc import Mapping as Mapping_
from typing import TypeAlias

from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import Scenario
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence
from flowprobe.files.scalars import Kind, kind_of
from flowprobe.files.step_tables import GIVEN, STEP
from flowprobe.files.tables import SCENARIO

__all__ = ["Link", "Outline", "Scope", "outline"]

_STEP_KEYS = {field.key for field in STEP.fields}
_GIVEN_KEYS = {field.key for field in GIVEN.fields}
_KEYS = {field.key for field in SCENARIO.fields}
_AFTER = ("outputs", "probes", "always", "never")
"""What knows all that the workflow has captured."""
_MANY = 8
"""Fewer names are looked through as quickly as a set of them, which takes four times as much."""
Spot: TypeAlias = int
"""A place as nodes have it: packed."""
Used: TypeAlias = Mapping_[Spot, Scenario]


@plain
class Link(Plain):
    """One step: its name, and the names that it captures. `plain` says that each of its keys is one of ours. `branch`
    is the place of its `parallel` and the number of its branch; `given`: it puts the account into its state; `used` is
    the scenario that it uses."""

    node: Mapping
    name: str | None
    captures: Collection[str] | None
    plain: bool
    branch: tuple[int, int] | None = None
    given: bool = False
    used: Scenario | None = None

    @property
    def item(self) -> str | None:
        """The name of the item of `each`."""
        each = self.node.get("each")
        return each.value[0][0].value if isinstance(each, Mapping) and each.value else None

    @property
    def strange(self) -> bool:
        """Something about it has its message already, and may be what would have told a name."""
        return not self.plain or (self.item is None and self.node.get("each") is not None)

    @property
    def repeats(self) -> bool:
        return self.node.get("repeat") is not None or self.strange


@plain
class Scope(Plain):
    """Where a template stands: in the step with this index, or (-1) before all of them. `own`: where its captures are
    known; `found`: where the id is known that its cleanup looked for."""

    step: int
    own: bool = False
    found: bool = False


@plain
class Outline(Plain):
    """The roles and steps of a scenario; `whole` says that the name of every step is known.

    `index` finds a step's place by its name; `starts` and `scopes` say from where on which scope holds. `fields` are
    those of the account and `inputs` the scenario's, None where they cannot be told. `probes` are the
    scenario's, `known_probes` their names.
    """

    roles: tuple[Scalar, ...] | None
    links: tuple[Link, ...]
    whole: bool
    promises: tuple[tuple[Scalar, Node], ...]
    index: Mapping_[str, int]
    starts: tuple[Spot, ...]
    scopes: tuple[Scope | None, ...]
    fields: frozenset[str] | None = frozenset()
    inputs: frozenset[str] | None = frozenset()
    probes: tuple[tuple[Scalar, Mapping], ...] = ()
    known_probes: frozenset[str] | None = frozenset()

    def scope(self, node: Node) -> Scope | None:
        """Where a node stands; None outside of the steps."""
        at = bisect_right(self.starts, node.begins)
        return self.scopes[at - 1] if at else None


def outline(root: Mapping, used: Used) -> Outline:
    """The names of a scenario. `used` has the scenarios that its steps use."""
    workflow, given = root.get("workflow"), root.get("given")
    links = (*_links(given, used, given=True), *_links(workflow, used))
    named = all(link.name is not None or link.given for link in links)
    items = (*_items(workflow), *_items(given))
    whole = isinstance(workflow, Sequence) and named and all(isinstance(item, Mapping) for item in items)
    plain = all(key.value in _KEYS for key, _ in root.value)
    promises = tuple(_promises(root.get("under")))
    index = {link.name: number for number, link in reversed(list(enumerate(links))) if link.name is not None}
    regions = sorted(_regions(root, links, promises, index), key=lambda region: region[0])
    return Outline(_roles(root), links, whole, promises, index, tuple(spot for spot, _ in regions),
                   tuple(scope for _, scope in regions), _keys(root.get("account"), plain),
                   _inputs(root.get("inputs"), plain), _probes(root.get("probes")),
                   _keys(root.get("probes"), plain))


def _roles(root: Mapping) -> tuple[Scalar, ...] | None:
    personas = root.get("personas")
    return tuple(key for key, _ in personas.value) if isinstance(personas, Mapping) else None


def _keys(node: Node | None, plain: bool) -> frozenset[str] | None:
    """The keys of a part. One that is not there has none, unless another key may be meant for it (not `plain`)."""
    if node is None:
        return frozenset() if plain else None
    return frozenset(key.value for key, _ in node.value) if isinstance(node, Mapping) else None


def _probes(node: Node | None) -> tuple[tuple[Scalar, Mapping], ...]:
    pairs = node.value if isinstance(node, Mapping) else ()
    return tuple((name, probe) for name, probe in pairs if isinstance(probe, Mapping))


def _inputs(node: Node | None, plain: bool) -> frozenset[str] | None:
    if isinstance(node, Sequence):
        return frozenset(item.value for item in node.value if isinstance(item, Scalar))
    return _keys(node, plain)


# --- steps ----------------------------------------------------------------------------------------


def _items(node: Node | None) -> list[Node]:
    return node.value if isinstance(node, Sequence) else [node] if isinstance(node, Mapping) else []


def _links(node: Node | None, used: Used, *, given: bool = False) -> Iterator[Link]:
    for number, item in enumerate(_items(node)):
        if isinstance(item, Mapping):
            yield _link(item, used, given=given)
            for branch, inner in _branches(item):
                yield _link(inner, used, branch=(number, branch))


def _branches(item: Mapping) -> Iterator[tuple[int, Mapping]]:
    """The steps inside of a `parallel`, with the number of their branch."""
    parallel = item.get("parallel")
    for number, branch in enumerate(parallel.value if isinstance(parallel, Sequence) else ()):
        for inner in branch.value if isinstance(branch, Sequence) else [branch]:
            if isinstance(inner, Mapping):
                yield number, inner


def _link(node: Mapping, used: Used, *, branch: tuple[int, int] | None = None, given: bool = False) -> Link:
    name = node.get("step")
    known = _GIVEN_KEYS if given else _STEP_KEYS
    plain = all(key.value in known for key, _ in node.value)
    use = node.get("use")
    scenario = used.get(use.begins) if use is not None else None
    return Link(node, name.value if isinstance(name, Scalar) and kind_of(name) is Kind.TEXT else None,
                _captures(node, scenario, plain), plain, branch, given, scenario)


def _captures(node: Mapping, used: Scenario | None, plain: bool) -> Collection[str] | None:
    """The names that a step gives, None where they cannot be told."""
    captures = node.get("capture")
    if node.get("use") is not None:
        return frozenset(used.outputs) if used is not None else None
    if isinstance(captures, Mapping):
        names = tuple(key.value for key, _ in captures.value)
        return names if len(names) < _MANY else frozenset(names)
    return None if captures is not None or not plain else ()


def _promises(under: Node | None) -> list[tuple[Scalar, Node]]:
    """The step names that `under` speaks of, with what it promises for each."""
    keys = under.value if isinstance(under, Mapping) else []
    return [pair for _, steps in keys if isinstance(steps, Mapping) for pair in steps.value]


# --- scopes ---------------------------------------------------------------------------------------


def _regions(root: Mapping, links: tuple[Link, ...], promises: Iterable[tuple[Scalar, Node]],
             steps: Mapping_[str, int]) -> list[tuple[Spot, Scope | None]]:
    """From which place on which scope holds."""
    found: list[tuple[Spot, Scope | None]] = []
    parallel = 0
    for index, link in enumerate(links):
        parallel = index if link.branch is None else parallel
        found += _region(index, link, after=Scope(parallel) if link.branch is not None else None)
    for part in (root.get("given"), root.get("workflow")):
        if part is not None:
            found.append((part.ends, None))
    constraints = root.get("constraints")
    if constraints is not None:
        found += [(constraints.begins, Scope(-1)), (constraints.ends, None)]
    for known in map(root.get, _AFTER):
        if known is not None:
            found += [(known.begins, Scope(len(links))), (known.ends, None)]
    for name, promise in promises:
        step = steps.get(name.value)
        found += [(promise.begins, None if step is None else Scope(step)), (promise.ends, None)]
    return found


def _region(index: int, link: Link, *, after: Scope | None) -> Iterator[tuple[Spot, Scope | None]]:
    """The scopes inside of one step; `after` is what holds behind it, where a step is inside of another."""
    here = Scope(index, own=link.repeats)
    yield link.node.begins, here
    cleanup, signs_in = link.node.get("cleanup"), link.node.get("signs_in")
    if signs_in is not None:
        yield signs_in.begins, Scope(index, own=True)
        yield signs_in.ends, here
    if cleanup is not None:
        find = cleanup.get("find") if isinstance(cleanup, Mapping) else None
        looks = isinstance(cleanup, Mapping)  # what undoes a thing that has to be found is written before the call
        yield cleanup.begins, Scope(index, own=not looks, found=looks)
        if find is not None:
            yield find.begins, Scope(index)
            yield find.ends, Scope(index, found=True)
        yield cleanup.ends, here
    if after is not None:
        yield link.node.ends, after
