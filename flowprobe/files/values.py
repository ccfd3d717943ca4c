"""JSON values out of nodes: with `${...}` in their strings, and as the shapes that replies are held
against.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from flowprobe.core.fields import Json
from flowprobe.core.jsonpath import is_definite
from flowprobe.core.shapes import MATCHERS, TYPES
from flowprobe.files.context import BAD, Context
from flowprobe.files.nodes import Node, Scalar, Sequence
from flowprobe.files.problems import did_you_mean, listed
from flowprobe.files.scalars import Kind, kind_of, number, respelled, seen

__all__ = ["count", "is_matcher", "json_path", "literal", "reader", "regex", "schema_of", "shape", "templated"]

Reader: TypeAlias = Callable[[Node, Context], Any]
_STARTS = frozenset("-0123456789tfn~")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_FILTER = re.compile(r"\[\?.*\]")
_BRACKETS = re.compile(r"\[[^\[\]]+\]")
_SEGMENTS = re.compile(r"\$(?:\.{1,2}(?:\*|[\w@-]+)|(?:\.\.)?\[\])*")


# --- values ---------------------------------------------------------------------------------------


def reader(shaped: Json, what: str) -> Reader:
    """The reader of a JSON value, which messages call `what`."""
    read = shape if shaped.matchers else verbatim if shaped.verbatim else templated if shaped.templated else literal
    checks = [*([_check_spelling] if shaped.looked_up else []), *([_closed(what)] if shaped.closed else [])]
    return _checked(read, checks) if checks else read


def _checked(read: Reader, checks: list[Reader]) -> Reader:
    def checked(node: Node, context: Context) -> Any:
        before = len(context.problems)
        for check in checks:
            check(node, context)
        return read(node, context) if len(context.problems) == before else BAD
    return checked


def _check_spelling(node: Node, context: Context) -> None:
    """A number that may become text is spelled as it would be sent."""
    for scalar in _scalars(node):
        if kind_of(scalar) is Kind.NUMBER and (sent := respelled(scalar)) not in (None, scalar.value):
            context.report("number-spelling", scalar, seen=scalar.value, sent=sent)


def _closed(what: str) -> Reader:
    def check(node: Node, context: Context) -> None:
        if (place := _template_in(node)) is not None:
            context.report("template-not-here", place, offset=place.value.index("${"), what=what)
    return check


def _scalars(node: Node) -> Iterator[Scalar]:
    match node:
        case Scalar():
            yield node
        case Sequence():
            for item in node.value:
                yield from _scalars(item)
        case _:
            for _, item in node.value:
                yield from _scalars(item)


def verbatim(node: Node, context: Context) -> Any:
    """A single value that is text on the wire: a number as it is spelled in the file."""
    if isinstance(node, Scalar) and kind_of(node) is Kind.NUMBER:
        return node.value
    return templated(node, context)


def templated(node: Node, context: Context) -> Any:
    """Any value; its strings may hold `${...}`. The hot path: what is surely text is known by one
    character.
    """
    if isinstance(node, Scalar):
        text = node.value
        if not node.plain or (text and text[0] not in _STARTS):
            return context.text(node, text) if "${" in text else text
        return _scalar(node, context, templates=True)
    if isinstance(node, Sequence):
        return [templated(item, context) for item in node.value]
    return {_key(key, context): templated(item, context) for key, item in node.value}


def literal(node: Node, context: Context) -> Any:
    """Any value, as it stands."""
    if isinstance(node, Scalar):
        return _scalar(node, context, templates=False)
    if isinstance(node, Sequence):
        return [literal(item, context) for item in node.value]
    return {key.value: literal(item, context) for key, item in node.value}


def _scalar(node: Scalar, context: Context, *, templates: bool) -> Any:
    match kind_of(node):
        case Kind.TEXT:
            return context.text(node, node.value) if templates else node.value
        case Kind.NULL:
            return None
        case Kind.BOOLEAN:
            return node.value == "true"
        case Kind.NUMBER:
            found = number(node)
            return context.report("number-too-large", node) if found is None else found


def _key(key: Scalar, context: Context) -> str:
    if "${" in key.value:
        context.report("template-not-here", key, what="a key")
    return key.value


# --- shapes ---------------------------------------------------------------------------------------


def is_matcher(key: str) -> bool:
    """`$lt` is one; `$.a`, `$[0]` and `$` are paths."""
    return key.startswith("$") and key[1:2] not in ".["


def shape(node: Node, context: Context) -> Any:
    """What a reply is held against: literals, `$` matchers, `$.paths`; strings may hold `${...}`."""
    if isinstance(node, Scalar):
        return templated(node, context)
    if isinstance(node, Sequence):
        return [shape(item, context) for item in node.value]
    matchers = [key for key, _ in node.value if key.value.startswith("$") and is_matcher(key.value)]
    if matchers:
        return _matchers(node.value, matchers, context)
    return {_member(key, context): shape(item, context) for key, item in node.value}


def _member(key: Scalar, context: Context) -> str:
    if key.value.startswith("$"):
        json_path(key, context, "this key")
    return _key(key, context)


def _matchers(pairs: tuple[tuple[Scalar, Node], ...], matchers: list[Scalar], context: Context) -> Any:
    """A mapping with at least one matcher. Of several mistakes in its keys only the first is named."""
    strange = next((key for key in matchers if key.value not in MATCHERS), None)
    if strange is not None and strange.value.startswith("${"):
        context.report("template-not-here", strange, what="a key")
    elif strange is not None:
        otherwise = f"write one of {listed(MATCHERS)}; for a literal key use $equals"
        context.report("unknown-matcher", strange, key=strange.value,
                       instead=did_you_mean(strange.value, MATCHERS, otherwise=otherwise))
    elif len(matchers) != len(pairs):
        context.report("mixed-matchers", matchers[0], key=matchers[0].value)
    return {key.value: _OPERANDS[key.value](item, context) for key, item in pairs if key.value in MATCHERS}


def _bad_operand(node: Node, context: Context, what: str, wanted: str, instead: str = "") -> Any:
    return context.report("bad-operand", node, what=what, wanted=wanted, seen=seen(node), instead=instead)


def _is_template(node: Node) -> bool:
    return isinstance(node, Scalar) and kind_of(node) is Kind.TEXT and "${" in node.value


def _type(node: Node, context: Context) -> Any:
    if isinstance(node, Scalar) and node.value in TYPES:
        return node.value
    word = node.value if isinstance(node, Scalar) else ""
    return _bad_operand(node, context, "`$type`", "a type of JSON",
                        did_you_mean(word, TYPES, otherwise=f"write one of {listed(TYPES, quoted=False)}"))


def _in(node: Node, context: Context) -> Any:
    if isinstance(node, Sequence) and node.value:
        return templated(node, context)
    return _bad_operand(node, context, "`$in`", "a list of values", "write for example [active, pending]")


def _matches(node: Node, context: Context) -> Any:
    if not isinstance(node, Scalar) or kind_of(node) is not Kind.TEXT:
        return _bad_operand(node, context, "`$matches`", "a regular expression", "write for example '^inv_'")
    return regex(node, context, "`$matches`")


def _bound(key: str) -> Reader:
    def read(node: Node, context: Context) -> Any:
        if isinstance(node, Scalar):
            kind = kind_of(node)
            if kind is Kind.NUMBER or _is_template(node) or (kind is Kind.TEXT and _DATE.match(node.value)):
                return templated(node, context)
        return _bad_operand(node, context, f"`{key}`", "a number or a date", "write for example 100")
    return read


def _absent(node: Node, context: Context) -> Any:
    if isinstance(node, Scalar) and kind_of(node) is Kind.BOOLEAN:
        return node.value == "true"
    return _bad_operand(node, context, "`$absent`", "true or false", "write true or false")


def _length(node: Node, context: Context) -> Any:
    return _count(node, context, "`$length`")


def count(node: Node, context: Context) -> Any:
    """How often: a whole number, or a mapping of one matcher."""
    return _count(node, context, "the number of calls")


def _count(node: Node, context: Context, what: str) -> Any:
    if isinstance(node, Scalar):
        if _is_template(node) or (kind_of(node) is Kind.NUMBER and node.value.isdigit()):
            return templated(node, context)
    elif not isinstance(node, Sequence) and len(node.value) == 1 and is_matcher(node.value[0][0].value):
        return shape(node, context)
    return _bad_operand(node, context, what, "a whole number or one matcher",
                        "write for example 1, or {$gt: 0}")


def _schema(node: Node, context: Context) -> Any:
    """A JSON Schema: one that stands here, or the path of its file."""
    if isinstance(node, Sequence) or (isinstance(node, Scalar) and kind_of(node) not in (Kind.TEXT, Kind.BOOLEAN)):
        return _bad_operand(node, context, "`$schema`", "a JSON Schema or the path of its file",
                            "write for example schemas/invite.json")
    return schema_of(node, context)


def schema_of(node: Node, context: Context) -> Any:
    """The matcher of a JSON Schema that stands here, or in the file that is named."""
    from flowprobe.files.matcher_schemas import schema_matcher

    place = _template_in(node)
    if place is not None:
        return context.report("template-not-here", place, what="a schema")
    return schema_matcher(node, literal(node, context), context)


def _template_in(node: Node) -> Scalar | None:
    if isinstance(node, Scalar):
        return node if "${" in node.value else None
    inner = node.value if isinstance(node, Sequence) else [part for pair in node.value for part in pair]
    return next((found for part in inner if (found := _template_in(part)) is not None), None)


_OPERANDS: dict[str, Reader] = {
    "$type": _type, "$in": _in, "$matches": _matches, "$lt": _bound("$lt"), "$gt": _bound("$gt"),
    "$contains": shape, "$length": _length, "$each": shape, "$absent": _absent, "$equals": templated,
    "$schema": _schema,
}


# --- texts with a syntax of their own -------------------------------------------------------------


def json_path(node: Scalar, context: Context, what: str) -> Any:
    """A JSONPath that starts with `$` and closes what it opens; jsonpath-ng has the last word when it is
    used.
    """
    text = node.value
    if is_definite(text):
        return text
    reason = _implausible(text)
    if reason is None:
        return text
    return context.report("bad-path", node, what=what, reason=reason,
                          instead="write for example $.items[0].id")


def _implausible(text: str) -> str | None:
    if not text.startswith("$"):
        return "it starts with `$`"
    if "${" in text:
        return "a look-up cannot stand in it"
    bare = _QUOTED.sub("", text)
    if bare.count("[") != bare.count("]") or bare.count("(") != bare.count(")"):
        return "a bracket is not closed"
    outside = _BRACKETS.sub("[]", _FILTER.sub("[]", bare))
    return None if _SEGMENTS.fullmatch(outside) else "after `$` come .name, [number], .* or ..name"


def regex(node: Scalar, context: Context, what: str) -> Any:
    """A regular expression that compiles."""
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(node.value)
    except (re.error, OverflowError, RecursionError) as error:
        return context.report("bad-regex", node, what=what, reason=str(error))
    return node.value
