"""What the parts of a fault say together, and what its `match` says of the scenario: on the nodes, so that a mistake
in one part does not hide one in another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flowprobe.core.faults.fault import Fault, FaultPlan
from flowprobe.core.faults.kinds import describe
from flowprobe.core.faults.outrun import outrun
from flowprobe.core.faults.turns import never
from flowprobe.core.scenario import Scenario
from flowprobe.core.shapes import MATCHERS, fits, shown
from flowprobe.files.context import Context
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence
from flowprobe.files.outline import Link, Outline
from flowprobe.files.problems import did_you_mean, listed
from flowprobe.files.scalars import Kind, kind_of

__all__ = ["check_plans", "check_profile"]

_COUNTING = ("first", "every", "after", "between")
_FRAMING = ("connection", "content-length", "keep-alive", "proxy-connection", "trailer", "transfer-encoding")
_HERE = [name for name in MATCHERS if name != "$schema"]


def check_plans(root: Node, context: Context, scenario: Any) -> None:
    """Note what is wrong with the faults of a scenario; what could not be read has its message already."""
    plans = _pairs(_child(root, "faults"))
    known = {fault.position: fault for plan in scenario.faults for fault in plan.faults} if isinstance(
        scenario, Scenario) else {}
    for _, edges in plans:
        sound = []
        for node in _faults(edges):
            fault = known.get(context.position(node))
            before = len(context.problems)
            _check(node, fault, context)
            _check_steps(node, context)
            _check_account(node, fault, scenario, context)
            if fault is not None and len(context.problems) == before:
                sound.append((fault, node))
        _check_outrun(sound, context)


def check_profile(root: Node, context: Context, plan: Any) -> None:
    """The same for a fault profile, which serves many scenarios: their names are not known here."""
    known = {fault.position: fault for fault in plan.faults} if isinstance(plan, FaultPlan) else {}
    sound = []
    for node in _faults(_child(root, "faults")):
        fault = known.get(context.position(node))
        before = len(context.problems)
        _check(node, fault, context)
        if fault is not None and len(context.problems) == before:
            sound.append((fault, node))
    _check_outrun(sound, context)


def _child(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Mapping) else None


def _pairs(node: Node | None) -> tuple[tuple[Scalar, Node], ...]:
    return tuple(node.value) if isinstance(node, Mapping) else ()


def _faults(edges: Node | None) -> Iterator[Mapping]:
    for _, faults in _pairs(edges):
        for node in faults.value if isinstance(faults, Sequence) else [faults]:
            if isinstance(node, Mapping):
                yield node


def _items(node: Node | None) -> list[Scalar]:
    """A text, or those of a list."""
    found = node.value if isinstance(node, Sequence) else [node]
    return [item for item in found if isinstance(item, Scalar) and kind_of(item) is Kind.TEXT]


def _check(node: Mapping, fault: Fault | None, context: Context) -> None:
    match, when = _child(node, "match"), _child(node, "when")
    before = len(context.problems)
    _check_headers(_child(_child(node, "status"), "headers"), context)
    _check_path(_child(match, "path"), context)
    _check_matchers(match, context)
    _check_counting(match, when, context)
    if fault is None:
        return
    _check_times(when, fault, context)
    if len(context.problems) == before and (reason := never(fault)):
        context.report("never-falls", node, reason=reason)


def _check_outrun(sound: list[tuple[Fault, Mapping]], context: Context) -> None:
    """A fault of which another one of its plan leaves no call; of one that leaves none to several the first is told."""
    if len(sound) < 2:
        return
    nodes = {fault.position: node for fault, node in sound}
    found = {first.id: (fault, first) for fault, first in reversed([*outrun(fault for fault, _ in sound)])}
    for fault, first in found.values():
        context.report("outrun", nodes[fault.position], first=describe(first.kind), number=first.position.line)


# --- what it answers ------------------------------------------------------------------------------


def _check_headers(headers: Node | None, context: Context) -> None:
    """What says where an answer ends must fit what is sent: one that does not is a harm of another kind."""
    for key, _ in _pairs(headers):
        if key.value.strip().lower() in _FRAMING:
            context.report("framing-header", key, key=key.value)


# --- match ----------------------------------------------------------------------------------------


def _check_path(path: Node | None, context: Context) -> None:
    """The query is no part of the path that is compared: one that stands there would fit calls with any other."""
    for text in _items(path):
        before, mark, query = text.value.partition("?")
        if mark:
            name = query.partition("&")[0].partition("=")[0] or "name"
            context.report("query-in-path", text, offset=len(before), instead=f"write `query: {{{name}: …}}` beside it")


def _check_matchers(match: Node | None, context: Context) -> None:
    """A text on the wire has no members; and no schema is held against a request."""
    for key in ("query", "headers", "form"):
        for _, shape in _pairs(_child(match, key)):
            _check_text(shape, context)
    _check_text(_child(match, "text"), context)
    for schema in _schemas(match):
        context.report("matcher-not-here", schema, key="$schema", known=listed(_HERE))


def _check_text(shape: Node | None, context: Context) -> None:
    for key, _ in _pairs(shape)[:1]:
        if not key.value.startswith("$") or key.value[1:2] in (".", "["):
            context.report("unknown-matcher", key, key=key.value, instead=f"write a text, or one of {listed(_HERE)}")


def _schemas(node: Node | None) -> Iterator[Scalar]:
    """The keys that ask for a JSON Schema; what `$equals` holds is literal."""
    match node:
        case Mapping():
            for key, child in node.value:
                if key.value == "$schema":
                    yield key
                elif key.value != "$equals":
                    yield from _schemas(child)
        case Sequence():
            for item in node.value:
                yield from _schemas(item)
        case _:
            pass


def _check_counting(match: Node | None, when: Node | None, context: Context) -> None:
    if _child(match, "call") is None:
        return
    for key, _ in _pairs(when):
        if key.value in _COUNTING:
            context.report("call-and-count", key, key=key.value)


def _check_steps(node: Mapping, context: Context) -> None:
    """A step of another scenario is for a profile; one of `given` is over before the faults are on."""
    names = context.outline
    if names is None or not names.whole or any(map(_may_hide_steps, names.links)):
        return
    known = _steps(names)
    for step in _items(_child(_child(node, "match"), "step")):
        if step.value not in known:
            context.report("unknown-step", step, name=step.value,
                           instead=did_you_mean(step.value, known, otherwise=f"write {listed(known)}"))


def _may_hide_steps(link: Link) -> bool:
    """What could not be read of it, and has its message already, may be where more steps are."""
    parallel = link.node.get("parallel")
    told = link.node.get("call") is not None or link.used is not None or isinstance(parallel, Sequence)
    return link.strange or not told


def _steps(names: Outline) -> list[str]:
    """Every step of the workflow that makes calls, by its whole name, and those that stand for all inside of them."""
    found = []
    for link in names.links:
        if not link.given and link.name is not None and link.node.get("parallel") is None:
            inner = [f"{link.name}/{name}" for name, _ in link.used.steps()] if link.used is not None else []
            found += [link.name, *inner]
    return found


def _check_account(node: Mapping, fault: Fault | None, scenario: Any, context: Context) -> None:
    names = context.outline
    if names is None or names.fields is None:
        return
    for key, _ in _pairs(_child(_child(node, "match"), "account")):
        if key.value not in names.fields:
            otherwise = f"write {listed(names.fields)}" if names.fields else "it has none: write `account`"
            context.report("unknown-field", key, name=key.value,
                           instead=did_you_mean(key.value, names.fields, otherwise=otherwise))
        elif fault is not None and isinstance(scenario, Scenario):
            _check_state(key, fault, scenario, context)


def _check_state(key: Scalar, fault: Fault, scenario: Scenario, context: Context) -> None:
    """A field that nothing varies is always as it is on an ordinary night."""
    field = scenario.account[key.value]
    varies = field.strategy is not None or any(key.value in (odd.values or ()) for odd in scenario.oddities or ())
    if not varies and not fits(fault.match.account[key.value], field.default):
        context.report("never-falls", key, reason=f"the account's `{key.value}` is always {shown(field.default)}")


# --- when -----------------------------------------------------------------------------------------


def _check_times(when: Node | None, fault: Fault, context: Context) -> None:
    _check_between(_child(when, "between"), fault, context)
    _check_windows(_child(when, "window"), fault, context)
    for pattern, keys in (("flap", ("up", "down")), ("burst", ("every", "for"))):
        _check_pattern(_child(when, pattern), keys, context)
    burst = fault.when.burst
    every = _child(_child(when, "burst"), "every")
    if burst is not None and every is not None and burst.lasts >= burst.every and _same_unit(when, "burst"):
        context.report("always-on", every)


def _check_between(node: Node | None, fault: Fault, context: Context) -> None:
    if node is None:
        return
    between = fault.when.between
    if len(between) != 2:
        context.report("not-a-pair", node, seen=len(between))
    elif between[0] > between[1]:
        context.report("reversed", node, what="`between`", low=between[0], high=between[1])


def _check_windows(node: Node | None, fault: Fault, context: Context) -> None:
    nodes = node.value if isinstance(node, Sequence) else [node] if node is not None else []
    for child, opening in zip(nodes, fault.when.window, strict=True):
        if opening.until is not None and opening.until <= opening.since:
            context.report("reversed", child, what="`window`", low=f"{opening.since:g} s", high=f"{opening.until:g} s")


def _check_pattern(node: Node | None, keys: tuple[str, str], context: Context) -> None:
    first, second = (_child(node, key) for key in keys)
    if isinstance(first, Scalar) and isinstance(second, Scalar) and first.value.isdigit() != second.value.isdigit():
        context.report("mixed-units", second, one=keys[0], other=keys[1])


def _same_unit(when: Node | None, pattern: str) -> bool:
    lengths = [child for _, child in _pairs(_child(when, pattern)) if isinstance(child, Scalar)]
    return len({child.value.isdigit() for child in lengths}) == 1
