"""What of an account has a syntax of its own: constraints, oddities, and strategies that stand in other files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flowprobe.core.account import ChosenOddity, Constraint
from flowprobe.core.expressions import spans
from flowprobe.core.fields import Json
from flowprobe.core.values import Lookup
from flowprobe.files.attachments import Unusable, located
from flowprobe.files.context import BAD, Context
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence
from flowprobe.files.problems import did_you_mean
from flowprobe.files.scalars import Kind, kind_of, seen
from flowprobe.files.values import reader, schema_of, shape

__all__ = ["code", "constraint", "json_schema", "oddity"]

_FIELD = re.compile(r"account(\.[A-Za-z_][\w-]*)+", re.ASCII)
_BARE = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_CODE = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w*)", re.ASCII)
_PARTS = ("when", "then")
_EXAMPLE = '{account.used: {$lt: "${account.seats}"}}'
_VALUE = reader(Json(templated=False, looked_up=True, closed=True), "a field of an oddity")


# --- constraints ----------------------------------------------------------------------------------


def constraint(node: Node, context: Context, _: str) -> Any:
    """Shapes of fields, or `when` some fit, `then` others do, as a `Constraint`."""
    what, place = "a constraint", context.position(node)
    if not isinstance(node, Mapping) or not any(key.value in _PARTS for key, _ in node.value):
        then = _conditions(node, context, what)
        return BAD if then is BAD else Constraint(then, place)
    if not _has_both(node, context):
        return BAD
    parts = {key.value: _conditions(child, context, f"`{key.value}`") for key, child in node.value}
    return BAD if BAD in parts.values() else Constraint(parts["then"], place, parts["when"])


def _has_both(node: Mapping, context: Context) -> bool:
    """Whether it is a `when` and a `then`, and nothing else."""
    before, absent = len(context.problems), [part for part in _PARTS if node.get(part) is None]
    for key, _ in node.value:
        if key.value not in _PARTS:
            meant = did_you_mean(key.value, absent, otherwise="write `when` and `then`, each with all of its fields")
            absent = [] if meant.startswith("did") else absent
            context.report("unknown-key", key, key=key.value, noun="a constraint", instead=meant)
    for part in absent:
        context.report("missing-key", node, noun="a constraint", key=part,
                       instead=f"write for example `{part}: {{account.plan: free}}`")
    return len(context.problems) == before


def _conditions(node: Node, context: Context, what: str) -> Any:
    """Names of the account's fields, each with its shape."""
    if not isinstance(node, Mapping):
        return context.wrong_type(node, what, "a mapping", _EXAMPLE)
    if not node.value:
        return context.report("empty", node, what=what, instead=f"write for example {_EXAMPLE}")
    before = len(context.problems)
    found = {_field(key, context): _shape(child, context) for key, child in node.value}
    return BAD if len(context.problems) > before else found


def _field(key: Scalar, context: Context) -> str:
    """The name of a field, noted for whoever knows the fields."""
    if _FIELD.fullmatch(key.value):
        context.paths.append((Lookup(tuple(key.value.split("."))), key))
    else:
        instead = f"write account.{key.value}" if _BARE.fullmatch(key.value) else ""
        context.report("not-of-account", key, name=key.value, instead=instead)
    return key.value


def _shape(node: Node, context: Context) -> Any:
    """A shape that looks up nothing but fields of the account."""
    before = len(context.templates)
    found = shape(node, context)
    kept = []
    for template, scalar in context.templates[before:]:
        strange = [(lookup, offset) for lookup, offset in spans(scalar.value) if lookup.path[0] != "account"]
        for lookup, offset in strange:
            context.report("not-of-account", scalar, offset=offset, width=len(str(lookup)), name=str(lookup))
        if not strange:
            kept.append((template, scalar))
    context.templates[before:] = kept
    return found


# --- oddities -------------------------------------------------------------------------------------


def oddity(node: Node, context: Context, what: str) -> Any:
    """The name of an oddity, or names with the fields that each of them sets, as a tuple of `ChosenOddity`."""
    if isinstance(node, Mapping) and node.value:
        found = tuple(_own(node, context))
        return BAD if BAD in found else found
    name = context.plain_text(node, what, "the name of an oddity, or one with its fields", "zero-seats")
    if name is BAD:
        return BAD
    if not _NAME.fullmatch(name):
        return context.report("bad-name", node, what=what, seen=seen(node))
    return (ChosenOddity(name, context.position(node)),)


def _own(node: Mapping, context: Context) -> Iterator[Any]:
    for key, child in node.value:
        what = f"the oddity `{key.value}`"
        if not _NAME.fullmatch(key.value):
            yield context.report("bad-name", key, what="the name of an oddity", seen=seen(key))
        elif not isinstance(child, Mapping):
            yield context.wrong_type(child, what, "a mapping", "{seats: 0}")
        elif not child.value:
            yield context.report("empty", child, what=what, instead="write for example {seats: 0}")
        else:
            values = {name.value: _VALUE(value, context) for name, value in child.value}
            yield BAD if BAD in values.values() else ChosenOddity(key.value, context.position(key), values)


# --- strategies that stand in other files ---------------------------------------------------------


def code(node: Node, context: Context, what: str) -> Any:
    """`FILE.py:NAME` as the options of a strategy. The file is looked for and not run."""
    text = context.plain_text(node, what, "`FILE.py:NAME`", "strategies.py:companies")
    if text is BAD:
        return BAD
    found = _CODE.fullmatch(text)
    if found is None:
        return context.report("bad-text", node, what=what, wanted="`FILE.py:NAME`", seen=seen(node),
                              instead="write for example strategies.py:companies")
    try:
        located(found["file"], Path(context.file))
    except Unusable as unusable:
        return context.report(unusable.id, node, width=None, **unusable.words)
    return {"file": str(Path(context.file).parent / found["file"]), "name": found["name"]}


def json_schema(node: Node, context: Context, what: str) -> Any:
    """A JSON Schema where it stands, or the path of its file, as a matcher that is compiled."""
    if isinstance(node, Sequence) or (isinstance(node, Scalar) and kind_of(node) is not Kind.TEXT):
        return context.wrong_type(node, what, "a JSON Schema, or the path of its file", "schemas/company.json")
    return schema_of(node, context)
