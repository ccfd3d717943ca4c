"""Parsing `${...}`: a look-up of declared names with `+ - *` on numbers and times, and nothing else.

    template   = { text | "$${" | "${" sum "}" }
    sum        = product { ("+" | "-") product }
    product    = operand { "*" operand }
    operand    = number | duration | name { "." name }

`parse` never raises: what is wrong comes back as a `Malformed` with its offset in the text, so that whoever
reads the file can point at it. There are no functions, no brackets and no indexes: a capture does that work.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import lru_cache

from flowprobe.core.plain import Plain, plain
from flowprobe.core.values import Arithmetic, Constant, Expression, Lookup, Position, Template

__all__ = ["UNITS", "Malformed", "in_seconds", "lookups", "parse", "parse_number", "spans"]

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
"""The units of a duration, in seconds."""

_MAX_OPERATORS = 50
_MAX_DIGITS = 300
_MAX_LENGTH = 1000
_OPENING = re.compile(r"\$\$\{|\$\{")
_TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_](?:[\w-]*\w)?(?:\.[A-Za-z_](?:[\w-]*\w)?)*)"
    r"|(?P<number>(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?P<unit>[A-Za-z_]\w*)?"
    r"|(?P<operator>[-+*]))", re.ASCII)


@plain
class Malformed(Plain):
    """What is wrong with a `${...}`, at `offset` of the text; `instead` is the way out."""

    offset: int
    found: str
    instead: str = ""


class _Stop(Exception):
    """Ends a parse; `malformed` is what `parse` returns."""

    def __init__(self, offset: int, found: str, instead: str = "") -> None:
        self.malformed = Malformed(offset, found, instead)

    def moved(self, by: int) -> _Stop:
        return _Stop(self.malformed.offset + by, self.malformed.found, self.malformed.instead)


@plain
class _Token(Plain):
    kind: str
    text: str
    unit: str
    offset: int


def parse(text: str, position: Position) -> Template | str | Malformed:
    """The template that `text` is; plain text comes back as `str`, with `$${` read as `${`."""
    if "${" not in text:
        return text
    try:
        parts = tuple(_parts(text))
    except _Stop as stop:
        return stop.malformed
    if all(isinstance(part, str) for part in parts):
        return "".join(str(part) for part in parts)
    return Template(parts, position)


def parse_number(text: str) -> int | float | None:
    """The number that decimal digits say, or None where it is too large to be one."""
    if len(text) > _MAX_DIGITS:
        return None
    try:
        return int(text)
    except ValueError:
        number = float(text)
    return number if math.isfinite(number) else None


def lookups(template: Template) -> Iterator[Lookup]:
    """Every look-up of a template, from left to right."""
    for part in template.parts:
        if not isinstance(part, str):
            yield from _lookups(part)


def spans(text: str) -> Iterator[tuple[Lookup, int]]:
    """Every look-up of a text that `parse` accepts, with its offset in it."""
    for _, start, end in _expressions(text):
        for token in _tokens(text[start:end]):
            if token.kind == "name":
                yield Lookup(tuple(token.text.split("."))), start + token.offset


def _lookups(expression: Expression) -> Iterator[Lookup]:
    match expression:
        case Lookup():
            yield expression
        case Arithmetic(left=left, right=right):
            yield from _lookups(left)
            yield from _lookups(right)
        case Constant():
            pass


def _parts(text: str) -> Iterator[str | Expression]:
    """The parts of a text: neighbouring literal ones are one, empty ones are none."""
    literal, at = "", 0
    for kind, start, end in _expressions(text):
        literal += text[at:start - len(kind)]
        at = end
        if kind == "$${":
            literal += "${"
            continue
        if literal:
            yield literal
        literal, at = "", end + 1
        try:
            yield _expression(text[start:end])
        except _Stop as stop:
            raise stop.moved(start) from None
    if literal or at < len(text):
        yield literal + text[at:]


def _expressions(text: str) -> Iterator[tuple[str, int, int]]:
    """Each opening with the bounds of what stands inside; an escape has nothing inside."""
    at = 0
    while (opening := _OPENING.search(text, at)) is not None:
        start = end = at = opening.end()
        if opening[0] == "${":
            end = text.find("}", start)
            if end < 0:
                raise _Stop(opening.start(), "this `${` is never closed",
                            "write } at its end, or $${ for a literal ${")
            at = end + 1
        yield opening[0], start, end


@lru_cache(maxsize=1024)
def _expression(inside: str) -> Expression:
    """What stands between the braces. The same few look-ups fill a file, so they are read once."""
    return _Parser(inside).expression()


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise _Stop(*_unreadable(text, at))
        kind = found.lastgroup if found.lastgroup != "unit" else "number"
        assert kind is not None
        yield _Token(kind, found[kind], found["unit"] or "", found.start(kind))
        at = found.end()


def _unreadable(text: str, at: int) -> tuple[int, str, str]:
    """What to say of the first character that no `${...}` may hold."""
    while text[at].isspace():
        at += 1
    character = text[at]
    if character in "([":
        return at, f"`{character}` does not belong in a look-up: it has no functions and no indexes", \
            "capture the value by its path instead, for example {first: $.items[0].id}"
    if character in "\"'":
        return at, "a look-up takes names and numbers, not text", "write the text outside of ${...}"
    if character == ".":
        return at, "a dot stands between two names", "write for example ${invite.id}"
    if character in "{$":
        return at, "a look-up cannot hold another one", "write the names without ${ } inside"
    return at, f"{character!r} does not belong in a look-up", "write names and numbers with + - * between"


class _Parser:
    """One expression: the tokens and how far they are read."""

    def __init__(self, text: str) -> None:
        if len(text) > _MAX_LENGTH:
            raise _Stop(0, f"this look-up is longer than {_MAX_LENGTH} characters", "split it")
        self.tokens = list(_tokens(text))
        self.at = 0
        self.end = len(text)
        if not self.tokens:
            raise _Stop(0, "there is nothing inside ${ }",
                        "write the name of a value, for example ${trial.id}")
        if len(self.tokens) > 2 * _MAX_OPERATORS:
            raise _Stop(0, f"there are more than {_MAX_OPERATORS} operators in one look-up", "split it")

    def expression(self) -> Expression:
        found = self._sum()
        if (token := self._peek()) is not None:
            raise _Stop(token.offset, f"`{token.text}` stands where + - * or the end is expected",
                        "put an operator between two values")
        return found

    def _sum(self) -> Expression:
        left = self._product()
        while (operator := self._operator("+-")) is not None:
            left = Arithmetic(operator, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._operand()
        while self._operator("*") is not None:
            left = Arithmetic("*", left, self._operand())
        return left

    def _operand(self) -> Expression:
        token = self._peek()
        sign = ""
        if token is not None and token.text == "-":
            sign, self.at = "-", self.at + 1
            token = self._peek()
        if token is None:
            raise _Stop(self.end, "a value is missing at the end", "write a name or a number")
        if token.kind == "operator" or (sign and token.kind == "name"):
            raise _Stop(token.offset, f"`{token.text}` stands where a value is expected",
                        "write 0 - name to negate" if sign else "write a name or a number")
        self.at += 1
        if token.kind == "name":
            return Lookup(tuple(token.text.split(".")))
        return _constant(token, sign)

    def _operator(self, accepted: str) -> str | None:
        token = self._peek()
        if token is None or token.kind != "operator" or token.text not in accepted:
            return None
        self.at += 1
        return token.text

    def _peek(self) -> _Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None


def _constant(token: _Token, sign: str) -> Constant:
    number = parse_number(sign + token.text)
    if number is None:
        raise _Stop(token.offset, "this number is too large", "write a smaller one")
    if not token.unit:
        return Constant(number)
    if token.unit not in UNITS:
        raise _Stop(token.offset, f"`{token.unit}` is not a unit of time", f"write one of {', '.join(UNITS)}")
    seconds = in_seconds(number, token.unit)
    if not math.isfinite(seconds):
        raise _Stop(token.offset, "this duration is too long", "write a shorter one")
    return Constant(seconds, seconds=True)


def in_seconds(number: float, unit: str) -> int | float:
    """A duration in seconds: whole ones as an int, milliseconds divided (and so exact as written)."""
    seconds = number / 1000 if unit == "ms" else number * UNITS[unit]
    return int(seconds) if math.isfinite(seconds) and seconds == int(seconds) else seconds
