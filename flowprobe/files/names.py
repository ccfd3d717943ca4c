"""The names inside one scenario: what each `${...}`, `as` and `under` means is there, and declared before
its use.

This works on the nodes and on the templates met while reading, not on the model: so a mistake in one step
does not hide one in another, and a part that could not be read makes no second message here. A name that is
wrong in several places is named once, with the other lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from flowprobe.core.expressions import lookups, spans
from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import GUEST, Lookup
from flowprobe.files.context import Context
from flowprobe.files.literals import check_literals
from flowprobe.files.nodes import Mapping, Node, Scalar
from flowprobe.files.outline import Link, Outline, Scope, outline
from flowprobe.files.problems import did_you_mean, listed
from flowprobe.files.scalars import Kind, kind_of

__all__ = ["BUILT_IN", "check_names"]

BUILT_IN = ("trial", "env", "now", "today", "account", "inputs", "found")
_MAX_LINES = 5
_LOOKUP = re.compile(r"\$\{([^}]*)\}")


@plain
class _Wrong(Plain):
    """What is wrong with one look-up: a message and its words. `instead` is asked for once it is needed: looking
    for near misses takes longer than all the rest."""

    id: str
    words: dict[str, Any]
    instead: Callable[[], str] = str


def check_names(root: Node, context: Context) -> None:
    """Note every name of a scenario that means nothing, or nothing yet."""
    if not isinstance(root, Mapping):
        return
    names = context.outline = outline(root, context.used)
    _check_taken(names, context)
    misspelt = _check_declared(names, context)
    _check_roles(names, context, misspelt)
    _check_promises(names, context)
    _check_lookups(names, context, misspelt)
    check_literals(_callers(names), context)


def _callers(names: Outline) -> Iterator[Mapping]:
    """Everything that calls as somebody: steps, and probes."""
    yield from (link.node for link in names.links)
    yield from (probe for _, probe in names.probes)


def _check_taken(names: Outline, context: Context) -> None:
    """Steps, roles and our own names share one space."""
    owners = dict.fromkeys(BUILT_IN, "FlowProbe itself")
    for role in names.roles or ():
        if role.value in owners:
            context.report("name-taken", role, name=role.value, owner=owners[role.value])
        owners[role.value] = "a role"
    lines: dict[str, int] = {}
    for link in names.links:
        each = link.node.get("each")
        if link.item in owners and isinstance(each, Mapping):
            context.report("name-taken", each.value[0][0], name=link.item, owner=owners[link.item])
        node = link.node.get("step")
        if node is None or link.name is None:
            continue
        if link.name in lines:
            context.report("duplicate-step", node, name=link.name, first=lines[link.name])
        elif link.name in owners:
            context.report("name-taken", node, name=link.name, owner=owners[link.name])
        lines.setdefault(link.name, node.start.line + 1)


def _check_declared(names: Outline, context: Context) -> str | None:
    """A role that is misspelt where it is declared: nothing names it, while several places name one that is not
    declared and is near it. The mistake is told once, there; the name that was meant is the answer."""
    roles = names.roles or ()
    acting = [role.value for node in _callers(names) for role in _acting(node)]
    idle = [role for role in roles if role.value not in acting and role.value not in _roots(context)]
    if len(idle) != 1:
        return None
    known = {role.value for role in roles}
    strange = [name for name in acting if name not in {*known, GUEST}]
    strange += [lookup.path[0] for _, lookup, _, scope in _lookups(names, context)
                if (bad := _wrong(lookup, scope, names))
                and (bad.id, bad.words["name"]) == ("unknown-name", lookup.path[0])]
    if len(strange) < 2 or len(set(strange)) != 1:
        return None
    meant = did_you_mean(idle[0].value, strange[:1])
    if meant:
        context.report("unknown-role", idle[0], name=strange[0], instead=meant)
    return strange[0] if meant else None


def _roots(context: Context) -> Iterator[str]:
    """The first name of everything that is looked up, as it comes: whoever looks for one stops there."""
    yield from (lookup.path[0] for template, _ in context.templates for lookup in lookups(template))
    yield from (path.path[0] for path, _ in context.paths)


def _check_roles(names: Outline, context: Context, misspelt: str | None) -> None:
    if names.roles is None:
        return
    known = [*(role.value for role in names.roles), GUEST]
    for node in _callers(names):
        for role in _acting(node):
            if role.value not in (*known, misspelt):
                context.report("unknown-role", role, name=role.value,
                               instead=did_you_mean(role.value, known, otherwise=f"write {listed(known)}"))


def _acting(step: Mapping) -> Iterator[Scalar]:
    """The roles that a step names."""
    role, signs_in = step.get("as"), step.get("signs_in")
    if isinstance(role, Scalar) and kind_of(role) is Kind.TEXT:
        yield role
    if isinstance(signs_in, Mapping):
        yield from (key for key, _ in signs_in.value)


def _check_promises(names: Outline, context: Context) -> None:
    if not names.whole:
        return
    known = [link.name for link in names.links if link.name]
    for step, _ in names.promises:
        if step.value not in known:
            context.report("unknown-step", step, name=step.value,
                           instead=did_you_mean(step.value, known, otherwise=f"write {listed(known)}"))


# --- look-ups -------------------------------------------------------------------------------------


def _check_lookups(names: Outline, context: Context, misspelt: str | None) -> None:
    first: dict[tuple[object, ...], tuple[Scalar, int, _Wrong]] = {}
    others: dict[tuple[object, ...], dict[int, None]] = {}
    for node, lookup, offset, scope in _lookups(names, context):
        wrong = _wrong(lookup, scope, names)
        if wrong is None or lookup.path[0] == misspelt:
            continue
        key: tuple[object, ...] = wrong.id, wrong.words["name"], wrong.words.get("step")
        if key in first:
            others[key][node.start.line + 1] = None
        else:
            first[key], others[key] = (node, offset, wrong), {}
    for place, (node, offset, wrong) in first.items():
        context.report(wrong.id, node, offset=offset, width=len(wrong.words["name"]), also=_also(others[place]),
                       instead=_as_there(wrong.instead(), node), **wrong.words)


def _as_there(instead: str, node: Scalar) -> str:
    """The way out, with look-ups as they are written where it is read: bare where a key is one."""
    return instead if "${" in node.value else _LOOKUP.sub(r"\1", instead)


def _lookups(names: Outline, context: Context) -> Iterator[tuple[Scalar, Lookup, int, Scope]]:
    for template, node in context.templates:
        scope = names.scope(node)
        if scope is not None and not all(_is_known(part) for part in template.parts):
            for lookup, offset in spans(node.value):
                yield node, lookup, offset, scope
    for path, node in context.paths:
        scope = names.scope(node)
        if scope is not None:
            yield node, path, 0, scope


def _is_known(part: object) -> bool:
    """The look-up that stands in most templates, told apart cheaply; text is no look-up at all."""
    return isinstance(part, str) or (isinstance(part, Lookup) and part.path == ("trial", "id"))


def _also(lines: Iterable[int]) -> str:
    more = [str(line) for line in lines]
    if len(more) > _MAX_LINES:
        more[_MAX_LINES:] = ["others"]
    return f" (also on line {listed(more, last='and', quoted=False)})" if more else ""


def _wrong(lookup: Lookup, scope: Scope, names: Outline) -> _Wrong | None:
    """What is wrong with a look-up at its place."""
    root, name = lookup.path[0], str(lookup)
    if root in ("account", "inputs", "found"):
        return _wrong_field(lookup.path, name, scope, names)
    if root in BUILT_IN:
        return _wrong_built_in(lookup.path, name)
    if root == _item(scope, names):
        return None
    index = names.index.get(root)
    if index is not None:
        return _wrong_step(lookup.path, name, index, scope, names)
    if names.roles is None or not names.whole or _is_strange(scope, names):
        return None
    if any(role.value == root for role in names.roles):
        return None if len(lookup.path) > 1 else _incomplete(name, "a role", f"{name}.plan")
    return _Wrong("unknown-name", {"name": root, "where": ""}, lambda: _nearest(lookup.path, names))


def _nearest(path: tuple[str, ...], names: Outline) -> str:
    head = path[0].split("-")[0]
    if len(path) == 1 and head in ("now", "today"):
        return f"put spaces around the minus: {head} - 1d"
    known = [*BUILT_IN[:5], *(role.value for role in names.roles or ()), *names.index]
    return did_you_mean(path[0], known, otherwise=f"write one of {listed(known)}")


def _wrong_built_in(path: tuple[str, ...], name: str) -> _Wrong | None:
    root = path[0]
    if root in ("now", "today"):
        right, example = len(path) == 1, root
    elif root == "trial":
        right, example = path == ("trial", "id"), "trial.id"
    else:
        right, example = len(path) == 2, "env.ACME_COUPON"
    if right:
        return None
    if len(path) == 1:
        return _incomplete(name, "a group of names", example)
    return _Wrong("unknown-name", {"name": name, "where": ""}, lambda: f"write ${{{example}}}")


def _is_strange(scope: Scope, names: Outline) -> bool:
    return scope.step < len(names.links) and names.links[scope.step].strange


def _item(scope: Scope, names: Outline) -> str | None:
    """What one round of the step is for."""
    return names.links[scope.step].item if 0 <= scope.step < len(names.links) else None


def _wrong_field(path: tuple[str, ...], name: str, scope: Scope, names: Outline) -> _Wrong | None:
    """A name of the account, of the scenario's inputs, or what a cleanup found."""
    root = path[0]
    found = frozenset({"id"}) if scope.found else frozenset()
    known = {"account": names.fields, "inputs": names.inputs, "found": found}
    there = known[root]
    if there is None:
        return None
    example = f"{root}.{next(iter(sorted(there)), 'name')}"
    if len(path) == 1:
        return _incomplete(name, "a group of names", example)
    if path[1] in there:
        return None
    ways = {"account": f"add it to `account`, with its default: {{{path[1]}: {{default: …}}}}",
            "inputs": f"add it to `inputs`: [{path[1]}]",
            "found": "only the `call` of a cleanup that has `find` knows it"}
    return _Wrong("unknown-name", {"name": name, "where": ""},
                  lambda: did_you_mean(name, [f"{root}.{field}" for field in there], otherwise=ways[root]))


def _incomplete(name: str, owner: str, example: str) -> _Wrong:
    return _Wrong("incomplete-name", {"name": name, "owner": owner}, lambda: f"write for example ${{{example}}}")


def _wrong_step(path: tuple[str, ...], name: str, index: int, scope: Scope, names: Outline) -> _Wrong | None:
    link = names.links[index]
    if len(path) == 1:
        return _incomplete(name, "a step", f"{name}.{next(iter(sorted(link.captures or ())), 'id')}")
    captures = link.captures
    if captures is not None and path[1] not in captures:
        return _Wrong("unknown-capture", {"step": link.name, "name": path[1]},
                      lambda: _nearest_capture(path, captures))
    if _at_once(link, scope, names):
        return _Wrong("parallel-step", {"step": link.name, "name": name})
    if index > scope.step:
        return _Wrong("later-step", {"step": link.name, "name": name, "first": link.node.start.line + 1})
    if index == scope.step and not scope.own:
        return _Wrong("own-capture", {"name": name})
    return None


def _at_once(link: Link, scope: Scope, names: Outline) -> bool:
    """Whether a step runs in another branch of the same `parallel`."""
    here = names.links[scope.step].branch if scope.step < len(names.links) else None
    return link.branch is not None and here is not None and here[0] == link.branch[0] and here != link.branch


def _nearest_capture(path: tuple[str, ...], captures: Collection[str]) -> str:
    head, dash, rest = path[1].partition("-")
    if dash and head in captures:
        return f"put spaces around the minus: {path[0]}.{head} - {rest}"
    if not captures:
        return f"add capture: {{{path[1]}: $.{path[1]}}} to that step"
    known = sorted(captures)
    near = did_you_mean(path[1], known)
    return near or f"it captures {listed(known, last='and')}"
