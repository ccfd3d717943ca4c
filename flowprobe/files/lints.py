"""What is allowed in a scenario and most likely not meant: warnings, each with the way out.

Uses are taken from the look-ups that were met while reading, wherever they stand, and not from a list of places.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowprobe.core.expressions import lookups
from flowprobe.errors import Problem
from flowprobe.files.context import Context
from flowprobe.files.nodes import Mapping, Node, Scalar
from flowprobe.files.outline import Link, Outline, outline
from flowprobe.files.scalars import Kind, kind_of

__all__ = ["lint"]

_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_ROLES = ("as", "signs_in")
"""Keys of a step whose value names roles."""


def lint(root: Node, context: Context, *, writes_need_cleanup: bool = False) -> tuple[Problem, ...]:
    """The warnings about a scenario without mistakes; `root` and `context` are those of its reading.

    `writes_need_cleanup`: it is to run where what it makes would stay for good.
    """
    if not isinstance(root, Mapping):
        return ()
    names, used = context.outline or outline(root, context.used), _used(context)
    found = [*_captures(names, used, context), *_roles(names, used, context)]
    if writes_need_cleanup:
        found += _writes(names, context)
    return tuple(sorted(found, key=lambda problem: (problem.line, problem.column)))


def _used(context: Context) -> frozenset[tuple[str, ...]]:
    """The paths that are looked up, by their first two names, and their first names alone."""
    every = [lookup.path for template, _ in context.templates for lookup in lookups(template)]
    every += [path.path for path, _ in context.paths]
    return frozenset({path[:2] for path in every} | {path[:1] for path in every})


def _captures(names: Outline, used: frozenset[tuple[str, ...]], context: Context) -> Iterator[Problem]:
    for link in names.links:
        captures = link.node.get("capture")
        pairs = captures.value if isinstance(captures, Mapping) else []
        for key, source in pairs:
            if link.name is not None and (link.name, key.value) not in used and not _is_secret(source):
                yield _warning(context, "unused-capture", key, step=link.name, name=key.value)


def _is_secret(source: Node) -> bool:
    """A secret is captured to be kept out of every report: that is a use."""
    said = source.get("secret") if isinstance(source, Mapping) else None
    return isinstance(said, Scalar) and said.value == "true"


def _roles(names: Outline, used: frozenset[tuple[str, ...]], context: Context) -> Iterator[Problem]:
    """The first role acts wherever a step names none."""
    probes = [probe for _, probe in names.probes]
    acting = {name for link in names.links for name in _acting(link)}
    acting |= {name for each in probes for name in _named(each)}
    anybody = any(node.get("as") is None for node in (*(link.node for link in names.links), *probes))
    for number, role in enumerate(names.roles or ()):
        acts = role.value in acting or (number == 0 and anybody)
        if not acts and (role.value,) not in used:
            yield _warning(context, "unused-role", role, name=role.value)


def _acting(link: Link) -> Iterator[str]:
    yield from link.used.personas if link.used is not None else ()
    yield from _named(link.node)


def _named(node: Mapping) -> Iterator[str]:
    for key in _ROLES:
        named = node.get(key)
        if isinstance(named, Scalar):
            yield named.value
        elif isinstance(named, Mapping):
            yield from (role.value for role, _ in named.value)


def _writes(names: Outline, context: Context) -> Iterator[Problem]:
    """Writes that nothing undoes; one to a thing that this journey makes, and cleans up, is undone with it."""
    undone = {link.name for link in names.links if link.node.get("cleanup") is not None}
    steps = {link.name for link in names.links}
    for link in names.links:
        call = link.node.get("call")
        if link.name in undone or not isinstance(call, Scalar) or kind_of(call) is not Kind.TEXT:
            continue
        method, _, path = call.value.partition(" ")
        about = {lookup.path[0] for template, node in context.templates if node is call for lookup in lookups(template)}
        if method in _WRITES and not about & (steps if method == "DELETE" else undone):
            yield _warning(context, "write-without-cleanup", call, method=method,
                           instead=_undoing(link, method, path.strip().partition("?")[0]))


def _undoing(link: Link, method: str, path: str) -> str:
    """The cleanup to write, as far as the call tells what would undo it."""
    if method != "POST":
        return "add cleanup: with the call that undoes it"
    name = next(iter(sorted(link.captures or ())), "")
    found = f"add cleanup: DELETE {path}/${{{link.name}.{name or 'id'}}}"
    return found if name else f"{found} and capture: {{id: $.id}}"


def _warning(context: Context, id: str, node: Scalar, **words: object) -> Problem:
    position = context.position(node)
    return context.source.problem_at(id, position, width=context.width(node), **words)
