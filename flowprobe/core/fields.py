"""The declarative table behind every file we read: one source for the model, the messages and the JSON
Schema.

A `Record` lists the `Field`s of one mapping and the frozen class that they make; a shape says what a value
may be. The tables are plain data. Two interpreters exist: `flowprobe.files.reading` (YAML nodes with
positions -> frozen values, or problems) and `flowprobe.files.schema` (-> JSON Schema for editors).

`doc` is one sentence that editors show; `example` is YAML source as a user would write it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypeAlias

from flowprobe.core.plain import Frozen, plain

if TYPE_CHECKING:
    from flowprobe.core.scenario import Position

__all__ = [
    "JSON_PATH", "TRUE", "As", "Boolean", "CallLine", "Choice", "Duration", "Entry", "Field", "Integer", "Json",
    "Later", "ListOf", "MapOf",
    "Name", "Number",
    "OneOf", "Rate", "Record", "Shape", "Size", "Special", "Text", "Wrong",
]

@plain
class Text(Frozen):
    """A string on one line that is not empty.

    `templated`: may hold `${...}` and is then read as a `Template`. `pattern`: a full match, described for
    people by `described`. `verbatim`: an unquoted number, true or false is taken as the text that stands
    there, for places that are text on the wire anyway. `blank`: may be empty; `lines`: may have several
    lines. `literal`: is taken as it stands, whatever is in it.
    """

    templated: bool = False
    pattern: str | None = None
    described: str = "text"
    verbatim: bool = False
    blank: bool = False
    lines: bool = False
    literal: bool = False


@plain
class Name(Frozen):
    """An identifier: letters, digits, `-` and `_`, starting with a letter."""


@plain
class Integer(Frozen):
    minimum: int | None = None
    maximum: int | None = None


@plain
class Number(Frozen):
    minimum: float | None = None
    maximum: float | None = None


@plain
class Boolean(Frozen):
    pass


@plain
class Duration(Frozen):
    """`800ms`, `2s`, `1.5m`, `2h`, `7d`; read as seconds (float). A bare number is a problem. `positive`: zero is
    one too. `counted`: a bare whole number is so many calls, read as int.
    """

    templated: bool = False
    positive: bool = False
    counted: bool = False


@plain
class Size(Frozen):
    """`64KB`, `1MB`, `10MiB`, `512B` (KB = 1000); read as bytes (int). A bare number is a problem, and so is more than
    `maximum`, which is written as a file would."""

    maximum: str | None = None


@plain
class Rate(Frozen):
    """`50KB/s`, `1MiB/s`, `400kbit/s`; read as bytes in a second (float). A rate of nothing and a bare number are
    problems."""


@plain
class Choice(Frozen):
    """One of a closed list of words."""

    words: tuple[str, ...]


@plain
class CallLine(Frozen):
    """`METHOD /path` or `METHOD target:/path`, read as a `CallTemplate`. `absolute`: also `METHOD
    http://…`. `brought`: also a URL that one look-up brings.
    """

    absolute: bool = False
    brought: bool = False


@plain
class Json(Frozen):
    """Any value. `templated`: strings may hold `${...}`. `matchers`: a shape that a reply is held against, in
    which mappings may be `$` matchers or hold `$.paths`. `verbatim`: a single value for a place that is text on the
    wire anyway, where an unquoted number is the text that stands there. `looked_up`: what is read may become text
    somewhere else, so that a number must be spelled as it would be sent. `closed`: a look-up in it is a problem.
    """

    templated: bool = True
    matchers: bool = False
    verbatim: bool = False
    looked_up: bool = False
    closed: bool = False


@plain
class ListOf(Frozen):
    """A list of `item`, read as a tuple; `or_one` also takes a single item."""

    item: Shape
    or_one: bool = False
    minimum: int = 0


@plain
class MapOf(Frozen):
    """A mapping with free keys, read as a dict in file order. `key` is the shape of the keys and `noun`
    what messages call one; with `entries` it is read as a tuple of `Entry`, for makers that need the place
    of a key.
    """

    value: Shape
    key: Name | Text | Special = Name()
    minimum: int = 0
    noun: str = "name"
    entries: bool = False


@plain
class Entry(Frozen):
    """One key of a `MapOf` with `entries`, where it stands, and its value."""

    key: str
    position: Position
    value: Any


@plain
class OneOf(Frozen):
    """The first shape whose kind of node fits: told apart by kind (scalar, list, mapping), never by
    trying.
    """

    scalar: Shape | None = None
    sequence: Shape | None = None
    mapping: Shape | None = None


@plain
class As(Frozen):
    """What `shape` reads, handed to `make`: a short form (`latency: 500ms`) of a value that has parts. `parts` is the
    way back, for who writes files: what `make` was handed, of what it made. Without it: the first part of a class, the
    word of a closed list that makes this, or the value itself."""

    shape: Shape
    make: Callable[[Any], Any]
    parts: Callable[[Any], Any] | None = None


@plain
class Special(Frozen):
    """A shape with a reader of its own, registered under `name` in `flowprobe.files.specials`; `schema` is its
    JSON Schema."""

    name: str
    schema: Mapping[str, Any]


@plain
class Field(Frozen):
    """One key of a record. `attribute` is the argument of `make` (the key itself by default); `beside`
    names the key without which this one makes no sense.
    """

    key: str
    shape: Shape
    doc: str
    required: bool = False
    example: str = ""
    attribute: str | None = None
    beside: str | None = None

    @property
    def target(self) -> str:
        return self.attribute or self.key.replace("-", "_")


@plain
class Wrong(Frozen):
    """What is wrong with the values of a record as a whole: the message `id`, filled with `words`, at `key`."""

    key: str
    id: str
    words: Mapping[str, Any]


@plain
class Record(Frozen):
    """A mapping with known keys.

    `make` is called with the attributes that are present, and with `position` where `positioned` and
    `positions` (key -> Position) where `placed`. `noun` is what messages call it ("step", "fault"). Exactly
    one of the keys in `exactly_one` must stand, one or more of those in `some_of`, at most one of those in
    `at_most_one`, and any key at all where it is `filled`. A key of `narrows` (key -> others) does not count where one
    of the others stands, which it makes narrower. `rest` is the shape of every other key, handed over as `rest`;
    without it an unknown key is a problem. `verify` is given what was read, by key, and says what does not go together.
    `parts` is the way back, for who writes files: the attributes that `make` was called with, of what it made, or None
    where it makes no such thing. A class needs none.
    """

    noun: str
    make: Callable[..., Any]
    fields: tuple[Field, ...]
    doc: str = ""
    positioned: bool = False
    placed: bool = False
    exactly_one: tuple[str, ...] = ()
    at_most_one: tuple[str, ...] = ()
    narrows: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    filled: bool = False
    rest: Shape | None = None
    some_of: tuple[str, ...] = ()
    verify: Callable[[Mapping[str, Any]], Wrong | None] | None = None
    parts: Callable[[Any], Mapping[str, Any] | None] | None = None


@plain
class Later(Frozen):
    """A record that has itself among its parts: `record` gives it once it is made."""

    record: Callable[[], Record]


Shape: TypeAlias = (
    Text | Name | Integer | Number | Boolean | Duration | Size | Rate | Choice | CallLine | Json | ListOf | MapOf
    | OneOf | As | Special | Record | Later
)

TRUE = Special("true", {"const": True})
JSON_PATH = Special("json-path", {"type": "string", "pattern": r"^\$"})
