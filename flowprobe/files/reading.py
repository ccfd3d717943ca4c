"""The interpreter of the field tables: node + shape -> value, or problems.

A shape is compiled once to a closure and then read as often as its key stands in a file. A reader returns
what it read, or BAD after it has said why; a record with a BAD part is BAD, so that one mistake makes one
message.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, TypeAlias, assert_never

from flowprobe.core import fields as f
from flowprobe.core.expressions import UNITS, in_seconds, parse_number
from flowprobe.core.faults.rates import UNITS as RATES
from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import Template
from flowprobe.files import values
from flowprobe.files.calls import call_line
from flowprobe.files.context import BAD, Context
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence
from flowprobe.files.problems import did_you_mean, listed, with_article
from flowprobe.files.records import compile_record
from flowprobe.files.scalars import Kind, kind_of, number, seen
from flowprobe.files.specials import SPECIALS

__all__ = ["Reader", "compile_shape", "described"]

Reader: TypeAlias = Callable[[Node, Context], Any]

_SIZES = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_QUANTITY = re.compile(r"((?:0|[1-9][0-9]*)(?:\.[0-9]+)?)\s?([A-Za-z]+(?:/s)?)")


@plain
class What(Plain):
    """What messages call a value, and an example of one."""

    name: str
    example: str = ""


def compile_shape(shape: f.Shape, name: str, example: str = "") -> Reader:
    """The reader of a shape; `name` is what messages call the value, in backticks where it is a key."""
    what = What(name, example)
    match shape:
        case f.Text():
            return _text(shape, what)
        case f.Name():
            return _name(what)
        case f.Integer() | f.Number():
            return _number(shape, what)
        case f.Boolean():
            return _boolean(what)
        case f.Duration():
            return _duration(shape, what)
        case f.Size():
            return _size(shape, what)
        case f.Rate():
            return _rate(what)
        case f.Choice():
            return _choice(shape, what)
        case f.CallLine():
            return lambda node, context: call_line(node, context, name, absolute=shape.absolute, brought=shape.brought)
        case f.Json():
            return values.reader(shape, name)
        case f.ListOf():
            return _list(shape, what)
        case f.MapOf():
            return _map(shape, what)
        case f.OneOf():
            return _one_of(shape, what)
        case f.As():
            return _as(shape, what)
        case f.Special():
            read = SPECIALS[shape.name].read
            return lambda node, context: read(node, context, name)
        case f.Record():
            return compile_record(shape, name, compile_shape)
        case f.Later():
            return _later(shape, what)
        case _:
            assert_never(shape)


def described(shape: f.Shape) -> str:
    """What a shape takes, in words."""
    match shape:
        case f.Text():
            return shape.described
        case f.Name():
            return "a name"
        case f.Integer():
            return _range("a whole number", shape.minimum, shape.maximum)
        case f.Number():
            return _range("a number", shape.minimum, shape.maximum)
        case f.Boolean():
            return "true or false"
        case f.Duration():
            return "a duration, or a whole number of calls" if shape.counted else "a duration with its unit"
        case f.Size():
            return "a size with its unit"
        case f.Rate():
            return "a rate with its unit"
        case f.Choice():
            return f"one of {listed(shape.words)}" if len(shape.words) > 1 else f"`{shape.words[0]}`"
        case f.CallLine():
            return "`METHOD /path`"
        case f.Json():
            return "a single value"
        case f.ListOf():
            return f"{described(shape.item)}, or a list" if shape.or_one else "a list"
        case f.MapOf():
            return "a mapping"
        case f.OneOf():
            parts = [part for part in (shape.scalar, shape.sequence, shape.mapping) if part is not None]
            return ", or ".join(described(part) for part in parts)
        case f.As():
            return described(shape.shape)
        case f.Special():
            return SPECIALS[shape.name].described
        case f.Record() | f.Later():
            return "a mapping"
        case _:
            assert_never(shape)


def _range(noun: str, minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f"{noun} from {minimum} to {maximum}"
    return f"{noun} from {minimum} on" if minimum is not None else noun


# --- scalars --------------------------------------------------------------------------------------


def _text(shape: f.Text, what: What) -> Reader:
    accepted = {Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN} if shape.verbatim else {Kind.TEXT}
    pattern = re.compile(shape.pattern) if shape.pattern else None
    quotable = {Kind.NUMBER, Kind.BOOLEAN}

    def read(node: Node, context: Context) -> Any:
        if not isinstance(node, Scalar) or (kind := kind_of(node)) not in accepted:
            quote = isinstance(node, Scalar) and kind in quotable
            return context.wrong_type(node, what.name, shape.described,
                                      f'"{node.value}", in quotes' if quote else what.example)
        text = node.value
        if not (shape.literal or text.isprintable()):
            text = text.strip("\r\n")
            if not shape.lines and not text.replace("\t", " ").isprintable() and _breaks(text):
                return context.report("line-break", node, what=what.name)
        if not text and not shape.blank:
            return context.report("empty", node, what=what.name, instead=_for_example(what))
        if pattern is not None and not pattern.fullmatch(text):
            return context.report("bad-text", node, what=what.name, wanted=shape.described, seen=seen(node),
                                  instead=_for_example(what))
        if "${" in text and not shape.literal:
            if not shape.templated:
                return context.report("template-not-here", node, offset=text.index("${"), what=what.name)
            return context.text(node, text)
        return text
    return read


def _breaks(text: str) -> bool:
    return any(ord(character) < 32 and character != "\t" for character in text) or "\x7f" in text


def _for_example(what: What) -> str:
    return f"write for example {what.example}" if what.example else ""


def _is_name(text: str) -> bool:
    """Letters, digits, `-` and `_`, starting with a letter; without a regular expression, for it is often
    asked.
    """
    return text.isascii() and text[:1].isalpha() and text.replace("-", "a").replace("_", "a").isalnum()


def _name(what: What) -> Reader:
    def read(node: Node, context: Context) -> Any:
        text = context.plain_text(node, what.name, "a name", what.example)
        if text is BAD or _is_name(text):
            return text
        return context.report("bad-name", node, what=what.name, seen=seen(node))
    return read


def _number(shape: f.Integer | f.Number, what: What) -> Reader:
    whole = isinstance(shape, f.Integer)
    wanted = described(shape)

    def read(node: Node, context: Context) -> Any:
        if not isinstance(node, Scalar) or kind_of(node) is not Kind.NUMBER:
            return context.wrong_type(node, what.name, wanted, what.example)
        value = number(node)
        if value is None:
            return context.report("number-too-large", node)
        if whole and not isinstance(value, int):
            return context.wrong_type(node, what.name, wanted, what.example)
        if shape.minimum is not None and value < shape.minimum:
            return context.report("out-of-range", node, what=what.name, wanted=wanted, seen=node.value,
                                  instead=f"write {shape.minimum} or more")
        if shape.maximum is not None and value > shape.maximum:
            return context.report("out-of-range", node, what=what.name, wanted=wanted, seen=node.value,
                                  instead=f"write {shape.maximum} or less")
        return value
    return read


def _boolean(what: What) -> Reader:
    def read(node: Node, context: Context) -> Any:
        if isinstance(node, Scalar) and kind_of(node) is Kind.BOOLEAN:
            return node.value == "true"
        return context.wrong_type(node, what.name, "true or false", what.example)
    return read


def _duration(shape: f.Duration, what: What) -> Reader:
    calls = _number(f.Integer(minimum=1), what) if shape.counted else None

    def read(node: Node, context: Context) -> Any:
        if not isinstance(node, Scalar):
            return context.wrong_type(node, what.name, "a duration with its unit", what.example)
        if shape.templated and "${" in node.value:
            return _templated_duration(node, context, what)
        if calls is not None and kind_of(node) is Kind.NUMBER:
            return calls(node, context)
        seconds = _quantity(node, context, what, UNITS, "a duration with its unit")
        if shape.positive and seconds == 0:
            return context.report("out-of-range", node, what=what.name, wanted="longer than nothing", seen=node.value,
                                  instead=_for_example(what))
        return seconds
    return read


def _templated_duration(node: Scalar, context: Context, what: What) -> Any:
    found = context.text(node, node.value)
    if found is BAD or (isinstance(found, Template) and len(found.parts) == 1):
        return found
    return context.report("not-one-template", node, what=what.name)


def _size(shape: f.Size, what: What) -> Reader:
    found = _QUANTITY.fullmatch(shape.maximum) if shape.maximum else None
    most = int(found[1]) * _SIZES[found[2]] if found else None

    def read(node: Node, context: Context) -> Any:
        size = _quantity(node, context, what, _SIZES, "a size with its unit")
        if most is not None and size is not BAD and size > most:
            return context.report("out-of-range", node, what=what.name, wanted=f"{shape.maximum} or less",
                                  seen=_scalar_text(node), instead=f"write {shape.maximum} or less")
        return size
    return read


def _scalar_text(node: Node) -> str:
    return node.value if isinstance(node, Scalar) else ""


def _rate(what: What) -> Reader:
    def read(node: Node, context: Context) -> Any:
        rate = _quantity(node, context, what, RATES, "a rate with its unit")
        if rate == 0:
            return context.report("out-of-range", node, what=what.name, wanted="more than nothing",
                                  seen=getattr(node, "value", ""), instead=_for_example(what))
        return rate
    return read


def _quantity(node: Node, context: Context, what: What, units: dict[str, Any], wanted: str) -> Any:
    """A number with one of `units`: seconds and rates as a float, bytes as an int."""
    if not isinstance(node, Scalar) or kind_of(node) in (Kind.NULL, Kind.BOOLEAN):
        return context.wrong_type(node, what.name, wanted, what.example)
    if kind_of(node) is Kind.NUMBER:
        unit = next(iter(units))
        instead = f"write {node.value}s or {node.value}ms" if units is UNITS else f"write {node.value}K{unit}"
        return context.report("needs-unit", node, what=what.name, seen=node.value, instead=instead)
    match = _QUANTITY.fullmatch(node.value)
    if match is None or match[2] not in units:
        example = f"{what.example or '800ms'}; the units are {listed(units, last='and', quoted=False)}"
        return context.wrong_type(node, what.name, wanted, example)
    value = parse_number(match[1])
    if value is None:
        return context.report("number-too-large", node)
    if units is UNITS:
        return float(in_seconds(value, match[2]))
    return value * units[match[2]] if units is RATES else int(value * units[match[2]])


def _choice(shape: f.Choice, what: What) -> Reader:
    def read(node: Node, context: Context) -> Any:
        text = context.plain_text(node, what.name, described(shape), what.example)
        if text is BAD or text in shape.words:
            return text
        instead = did_you_mean(text, shape.words, otherwise=f"write {listed(shape.words, quoted=False)}")
        return context.report("unknown-word", node, what=what.name, seen=seen(node), instead=instead)
    return read


# --- collections ----------------------------------------------------------------------------------


def _list(shape: f.ListOf, what: What) -> Reader:
    item = compile_shape(shape.item, _inner(shape.item, f"an item of {what.name}"))
    only = compile_shape(shape.item, what.name, what.example) if shape.or_one else None
    wanted = described(shape)
    takes_mapping = isinstance(shape.item, f.Record | f.MapOf | f.OneOf | f.As | f.Json)

    def read(node: Node, context: Context) -> Any:
        if not isinstance(node, Sequence):
            if only is not None and not _is_null(node) and (takes_mapping or not isinstance(node, Mapping)):
                one = only(node, context)
                return BAD if one is BAD else (one,)
            return context.wrong_type(node, what.name, wanted, what.example)
        if len(node.value) < shape.minimum:
            few = "too-few" if node.value else "empty"
            return context.report(few, node, what=what.name, minimum=shape.minimum, seen=len(node.value),
                                  instead=_for_example(what))
        found = [item(child, context) for child in node.value]
        return BAD if any(value is BAD for value in found) else tuple(found)
    return read


def _inner(shape: f.Shape, otherwise: str) -> str:
    """What messages call one of many: a record by its own noun."""
    if isinstance(shape, f.ListOf) and shape.or_one:
        shape = shape.item
    return with_article(shape.noun) if isinstance(shape, f.Record) else otherwise


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and kind_of(node) is Kind.NULL


def _map(shape: f.MapOf, what: What) -> Reader:
    key_shape = replace(shape.key, verbatim=True) if isinstance(shape.key, f.Text) else shape.key
    one = with_article(shape.noun)
    read_key = compile_shape(key_shape, f"the name of {one}" if isinstance(shape.key, f.Name) else one)
    read_value = compile_shape(shape.value, _inner(shape.value, one))

    def read(node: Node, context: Context) -> Any:
        if not isinstance(node, Mapping):
            return context.wrong_type(node, what.name, "a mapping", what.example)
        if len(node.value) < shape.minimum:
            return context.report("empty", node, what=what.name, instead=_for_example(what))
        found = [(key, read_key(key, context), read_value(child, context)) for key, child in node.value]
        if any(name is BAD or value is BAD for _, name, value in found):
            return BAD
        if shape.entries:
            return tuple(f.Entry(name, context.position(key), value) for key, name, value in found)
        return {name: value for _, name, value in found}
    return read


def _one_of(shape: f.OneOf, what: What) -> Reader:
    by_kind = {
        kind: compile_shape(part, what.name, what.example)
        for kind, part in ((Scalar, shape.scalar), (Sequence, shape.sequence), (Mapping, shape.mapping))
        if part is not None
    }
    wanted = described(shape)

    def read(node: Node, context: Context) -> Any:
        reader = by_kind.get(type(node))
        if reader is None or _is_null(node):
            return context.wrong_type(node, what.name, wanted, what.example)
        return reader(node, context)
    return read


def _as(shape: f.As, what: What) -> Reader:
    read_part = compile_shape(shape.shape, what.name, what.example)

    def read(node: Node, context: Context) -> Any:
        value = read_part(node, context)
        return BAD if value is BAD else shape.make(value)
    return read


def _later(shape: f.Later, what: What) -> Reader:
    """The reader of a record within itself, which is made where a file has it."""
    made = cache(lambda: compile_record(shape.record(), what.name, compile_shape))
    return lambda node, context: made()(node, context)
