"""What the parts of a step say together, where one of them alone says nothing wrong.

Like `names`, this works on the nodes: a step with a misspelt or misshapen part has its message already.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from flowprobe.core.expressions import Malformed, lookups, parse
from flowprobe.core.ours import COMPARED, HELD, TRIAL_ID
from flowprobe.core.scenario import Position, Scenario, Template
from flowprobe.core.steps import names_of
from flowprobe.files.calls import METHODS
from flowprobe.files.context import Context
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence
from flowprobe.files.outline import Link, Outline, outline
from flowprobe.files.problems import did_you_mean

__all__ = ["MOST_STEPS", "check_steps"]

MOST_STEPS = 10_000
"""How many steps a scenario may bring in by `use`."""
_SAFE = ("GET", "HEAD", "OPTIONS")
_KEY = "idempotency-key"


def check_steps(root: Node, context: Context) -> None:
    """Note every `retry` that could do a thing twice, every `poll.for` of a step that does not poll, and whatever else
    does not go together."""
    if not isinstance(root, Mapping):
        return
    names = context.outline or outline(root, context.used)
    _check_size(names, context)
    for link in names.links:
        if link.plain:
            _check_retry(link, context)
            _check_rounds(link, context)
            _check_found(link, context)
            _check_ours(link, names, context)
            _check_actor(link, context)
        if link.used is not None:
            _check_use(link, link.used, names, context)
    for step, promise in names.promises:
        index = names.index.get(step.value)
        if index is not None:
            _check_patience(promise, names.links[index], context)


def _check_size(names: Outline, context: Context) -> None:
    """A few files that use each other twice can be more steps than anybody walks."""
    left = MOST_STEPS
    for link in names.links:
        if link.used is not None:
            left -= sum(1 for _ in islice(names_of(link.used.workflow), left + 1))
            if left < 0:
                use = _key(link.node, "use")
                assert use is not None, "a step that uses a scenario says so"
                context.report("too-many-steps", use, limit=f"{MOST_STEPS:,}")
                return


def _check_retry(link: Link, context: Context) -> None:
    retry = _key(link.node, "retry")
    method = _method(link)
    if retry is None or method not in METHODS or method in _SAFE or not isinstance(link.node.get("retry"), Mapping):
        return
    if all(header.lower() != _KEY for header in _headers(link)):
        context.report("retry-needs-key", retry, method=method, step=link.name or "step")


def _method(link: Link) -> str:
    call = link.node.get("call")
    return call.value.partition(" ")[0] if isinstance(call, Scalar) else ""


def _headers(link: Link) -> Iterator[str]:
    """The names of its headers; where they cannot be told, the one that is asked for."""
    headers = link.node.get("headers")
    if isinstance(headers, Mapping):
        yield from (key.value for key, _ in headers.value)
    elif headers is not None:
        yield _KEY


def _check_rounds(link: Link, context: Context) -> None:
    """What makes a step call more than once, and what cannot be called more than once."""
    each, repeat, poll = (_key(link.node, name) for name in ("each", "repeat", "poll"))
    if each is not None and repeat is not None:
        context.report("each-or-repeat", repeat)
    expect = link.node.get("expect")
    within = expect.get("within") if isinstance(expect, Mapping) else None
    if not isinstance(within, Mapping):
        return
    of, method = within.get("of"), _method(link)
    if method in METHODS and method not in _SAFE and isinstance(of, Scalar):
        context.report("samples-need-read", of, method=method, times=of.value)
    elif poll is not None:
        context.report("samples-or-poll", poll)


def _check_found(link: Link, context: Context) -> None:
    """A cleanup that looks for the thing has to use what it finds."""
    cleanup = link.node.get("cleanup")
    call = cleanup.get("call") if isinstance(cleanup, Mapping) else None
    looks = isinstance(cleanup, Mapping) and cleanup.get("find") is not None
    if looks and isinstance(call, Scalar) and "found." not in call.value:
        context.report("find-needs-found", call)


def _check_ours(link: Link, names: Outline, context: Context) -> None:
    """What a `find` takes away must be this trial's own."""
    cleanup = link.node.get("cleanup")
    find = cleanup.get("find") if isinstance(cleanup, Mapping) else None
    if not isinstance(find, Mapping):
        return
    where, key = find.get("where"), _key(find, "where")
    if key is None or not isinstance(where, Mapping) or not where.value:
        return
    if not any(_is_own(path, link, names) for path in _marks(where)):
        context.report("find-not-ours", key)


def _marks(node: Node, *, held: bool = False) -> Iterator[tuple[str, ...]]:
    """What is looked up where a value is compared: as `core.ours.marks` does it with the values."""
    match node:
        case Scalar():
            yield from (path for path in _looked_up(node.value) if not held or path == TRIAL_ID)
        case Mapping():
            for key, value in node.value:
                if key.value in (HELD, COMPARED) or not key.value.startswith("$") or key.value[1:2] in ".[":
                    yield from _marks(value, held=held or key.value == HELD)
        case Sequence():
            for value in node.value:
                yield from _marks(value, held=held)


def _looked_up(text: str) -> Iterator[tuple[str, ...]]:
    """A text that cannot be read has its message already, and may have meant anything."""
    match parse(text, Position("", 0, 0)):
        case Template() as template:
            yield from (lookup.path for lookup in lookups(template))
        case Malformed():
            yield TRIAL_ID
        case _:
            return


def _is_own(path: tuple[str, ...], link: Link, names: Outline) -> bool:
    """Nobody else's things have it: the trial's id, what the scenario is given, what a step has made that is undone.
    A name that nobody knows has its message already."""
    root = path[0]
    roles = {role.value for role in names.roles or ()}
    if root in {"now", "today", "env", "account", "found", link.item, *roles}:
        return False
    maker = names.links[names.index[root]] if root in names.index else None
    return maker is None or maker.strange or maker.used is not None or maker.node.get("cleanup") is not None


def _check_actor(link: Link, context: Context) -> None:
    """Branches act as their own steps say."""
    role = _key(link.node, "as")
    if role is not None and link.node.get("parallel") is not None:
        context.report("as-beside-parallel", role)


def _check_use(link: Link, used: Scenario, names: Outline, context: Context) -> None:
    """The inputs and the roles of a scenario that is used."""
    given = link.node.get("with")
    if link.strange or (given is not None and not isinstance(given, Mapping)):
        return
    pairs = given.value if isinstance(given, Mapping) else []
    for key, _ in pairs:
        if key.value not in used.inputs:
            context.report("unknown-input", key, file=used.file, name=key.value,
                           instead=did_you_mean(key.value, used.inputs, otherwise=_known(used)))
    keys, use = {key.value for key, _ in pairs}, _key(link.node, "use")
    assert use is not None, "a step that uses a scenario says so"
    for name, wanted in used.inputs.items():
        if wanted.required and name not in keys:
            context.report("missing-input", use, file=used.file, name=name)
    roles = {role.value for role in names.roles or ()}
    for role in list(used.personas)[1:]:
        if names.roles is not None and role not in roles:
            context.report("used-role", use, file=used.file, name=role)


def _known(used: Scenario) -> str:
    return f"it has {', '.join(used.inputs)}" if used.inputs else "remove it: it has no inputs"


def _check_patience(promise: Node, link: Link, context: Context) -> None:
    patience = _key(promise, "poll.for")
    if patience is not None and link.plain and link.node.get("poll") is None:
        context.report("no-poll", patience, step=link.name, first=link.node.start.line + 1)


def _key(node: Node, name: str) -> Scalar | None:
    pairs = node.value if isinstance(node, Mapping) else []
    return next((key for key, _ in pairs if key.value == name), None)
