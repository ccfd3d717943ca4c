"""YAML text -> a tree of nodes with positions, within limits; nothing is interpreted yet.

We read PyYAML's events (those of libyaml, where it was built with it) and compose the tree ourselves: that
is as fast as its own composer, sees every anchor and tag, cannot overflow the stack, and keeps what the
composer loses: whether a scalar was quoted. Types are ours (`flowprobe.files.values`), not YAML 1.1's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias, overload

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.problems import Source
from flowprobe.files.syntax import explain

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Mapping", "Mark", "Node", "Scalar", "Sequence",
           "compose",
           "read_bytes", "read_text"]

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 100_000


_BITS = 21
_LOW = (1 << _BITS) - 1
"""A line, a column and an index are at most as large as a text is long."""
_MOST_SHARED = 500
"""So many different texts are kept once for all the nodes that have them: most keys, and many a value."""


class Mark:
    """A place in a text; everything counts from 0."""

    __slots__ = ("column", "index", "line")

    def __init__(self, line: int, column: int, index: int) -> None:
        self.line = line
        self.column = column
        self.index = index


def _packed(mark: Any) -> int:
    """A place as one number: libyaml's own marks, two for each node, are half of all that a tree takes."""
    packed: int = mark.index << 2 * _BITS | mark.line << _BITS | mark.column
    return packed


def _mark(packed: int) -> Mark:
    return Mark(packed >> _BITS & _LOW, packed & _LOW, packed >> 2 * _BITS)


class _Placed:
    """What stands somewhere: `begins` and `ends` are packed places, in the order of the text."""

    __slots__ = ("begins",)

    begins: int
    ends: int

    @property
    def start(self) -> Mark:
        return _mark(self.begins)

    @property
    def end(self) -> Mark:
        return _mark(self.ends)

    @property
    def spot(self) -> tuple[int, int]:
        """The line and the column in which it starts."""
        return self.begins >> _BITS & _LOW, self.begins & _LOW


class Scalar(_Placed):
    """Text as it stands in the file; `plain` means without quotes."""

    __slots__ = ("_ends", "plain", "value")

    def __init__(self, value: str, plain: bool, begins: int = 0, ends: int = 0) -> None:
        self.value = value
        self.plain = plain
        self.begins = begins
        self._ends = ends

    @property
    def ends(self) -> int:  # type: ignore[override]
        """Kept only where it cannot be told: nearly every scalar ends in its line, and has no escapes."""
        long = len(self.value) + (0 if self.plain else 2)
        return self._ends or self.begins + (long << 2 * _BITS) + long


class Sequence(_Placed):
    """A list of nodes."""

    __slots__ = ("ends", "value")

    def __init__(self, begins: int = 0) -> None:
        self.value: list[Node] = []
        self.begins = begins
        self.ends = begins


class Mapping(_Placed):
    """Pairs of a key and its node, in the order of the file; keys are unique text."""

    __slots__ = ("ends", "value")

    def __init__(self, begins: int = 0) -> None:
        self.value: tuple[tuple[Scalar, Node], ...] = ()
        self.begins = begins
        self.ends = begins

    @overload
    def get(self, key: str) -> Node | None: ...
    @overload
    def get(self, key: str, default: Node) -> Node: ...
    def get(self, key: str, default: Node | None = None) -> Node | None:
        """The node of a key. Looked for one by one: an index for each mapping would be a tenth of the whole tree."""
        for name, node in self.value:
            if name.value == key:
                return node
        return default


Node: TypeAlias = Scalar | Sequence | Mapping


class Document:
    """A file's root node with the problems that did not keep us from reading it."""

    def __init__(self, source: Source, root: Node, problems: list[Problem]) -> None:
        self.source = source
        self.root = root
        self.problems = problems


def read_text(path: Path) -> str:
    """The text of a file, within the limits. Raises InvalidInput."""
    return _decoded(Source(str(path)), read_bytes(path, MAX_BYTES))


def read_bytes(path: Path, limit: int) -> bytes:
    """The bytes of a file, and one more than `limit` where there are more. Raises InvalidInput."""
    source = Source(str(path))
    try:
        if path.is_dir():
            raise InvalidInput((source.problem("not-a-file"),))
        if not path.is_file():
            raise InvalidInput((source.problem("file-not-found"),))
        with path.open("rb") as file:
            return file.read(limit + 1)
    except ValueError as error:  # a NUL in the name
        raise InvalidInput((source.problem("file-not-found"),)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise InvalidInput((source.problem("unreadable-file", reason=reason),)) from error


def _decoded(source: Source, content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise InvalidInput((source.problem("file-too-large", limit="1 MiB"),))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[:error.start].decode("utf-8-sig", errors="replace")
        lines = Source(source.file, before).lines
        shown = Source(source.file, content.decode("utf-8-sig", errors="replace"))
        raise InvalidInput((shown.problem("not-utf8", len(lines), len(lines[-1]) + 1),)) from error


def compose(source: Source) -> Document:
    """The tree of a text. Raises InvalidInput where there is none."""
    if len(source.text) > MAX_BYTES:
        raise InvalidInput((source.problem("file-too-large", limit="1 MiB"),))
    try:
        return _Composer(source).document()
    except yaml.YAMLError as error:
        raise InvalidInput((explain(error, source),)) from error
    except UnicodeEncodeError as error:  # half a surrogate pair, in text that never was bytes
        raise InvalidInput((source.problem("not-utf8"),)) from error


def _events(text: str) -> Any:
    """What gives the next event: libyaml's parser, or PyYAML's own where it was built without."""
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text).get_event


class _Composer:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.next_event = _events(source.text)

    def document(self) -> Document:
        self.next_event()  # the start of the stream
        if isinstance(self.next_event(), StreamEndEvent):
            raise InvalidInput((self.source.problem("empty-file"),))
        root = self._node()
        following = self.next_event()
        if isinstance(following, DocumentStartEvent):
            raise InvalidInput((self._problem("several-documents", following.start_mark, width=3),))
        return Document(self.source, root, self.problems)

    def _node(self) -> Node:
        """The root, up to the end of its document. A loop with a stack of its own, for it is the hot path."""
        next_event = self.next_event
        top: list[Any] = []
        items, open_, count = top, [], 0
        shared: dict[str, str] = {}
        while True:
            event = next_event()
            kind = event.__class__
            if kind is ScalarEvent:
                if event.tag is not None or event.anchor is not None:
                    self._refuse(event)
                text, plain, start, end = event.value, not event.style, event.start_mark, event.end_mark
                known = shared.get(text)
                if known is not None:
                    text = known
                elif len(shared) < _MOST_SHARED:
                    shared[text] = text
                line, index = start.line, start.index
                whole = end.index - index == len(text) + (0 if plain else 2) and end.line == line
                begins = index << 2 * _BITS | line << _BITS | start.column  # not by a call: it is the hot path
                items.append(Scalar(text, plain, begins, 0 if whole else _packed(end)))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if event.tag is not None or event.anchor is not None:
                    self._refuse(event)
                node: Any = (Mapping if kind is MappingStartEvent else Sequence)(_packed(event.start_mark))
                items.append(node)
                open_.append((items, node))
                items = [] if kind is MappingStartEvent else node.value
                if len(open_) > MAX_DEPTH:
                    raise InvalidInput((self._problem("too-deep", event.start_mark, limit=MAX_DEPTH),))
            elif kind is MappingEndEvent:
                pairs = items
                items, node = open_.pop()
                node.value = self._pairs(pairs)
                if pairs and pairs[0].begins == node.begins:
                    node.begins = pairs[0].begins  # of two equal numbers one is enough
                node.ends = _packed(event.end_mark)
                continue
            elif kind is SequenceEndEvent:
                items, node = open_.pop()
                node.ends = _packed(event.end_mark)
                continue
            elif kind is AliasEvent:
                self._refuse(event)
            else:
                return top[0]  # type: ignore[no-any-return]
            count += 1
            if count > MAX_NODES:
                raise InvalidInput((self._problem("too-many-values", event.start_mark, limit=MAX_NODES),))

    def _refuse(self, event: Any) -> None:
        """An anchor or an alias ends the reading (what it stands for is not there); a tag is only noted."""
        mark = event.start_mark
        if event.anchor is not None:
            raise InvalidInput((*self.problems, self._problem("anchor", mark, width=len(event.anchor) + 1)))
        if event.tag != "!":
            self.problems.append(self._problem("tag", mark,
                                               tag=event.tag.replace("tag:yaml.org,2002:", "!!")))

    def _pairs(self, items: list[Any]) -> tuple[tuple[Scalar, Node], ...]:
        """The pairs of a mapping. Keys that cannot be are noted and left out."""
        keys = items[::2]
        names = {key.value for key in keys if key.__class__ is Scalar}  # a list or a mapping cannot be a key
        if len(names) == len(keys) and "" not in names and "<<" not in names:
            return tuple(zip(keys, items[1::2], strict=True))
        first: dict[str, Scalar] = {}
        return tuple((key, node) for key, node in zip(keys, items[1::2], strict=True) if self._fit(key, first))

    def _fit(self, key: Node, first: dict[str, Scalar]) -> bool:
        """Whether a key can stand, after those in `first`."""
        if not isinstance(key, Scalar) or (key.plain and key.value == ""):
            self.problems.append(self._bad_key(key))
        elif key.plain and key.value == "<<":
            self.problems.append(self._problem("merge-key", key.start, width=2))
        elif key.value in first:
            self.problems.append(self._problem("duplicate-key", key.start, width=len(key.value),
                                               key=key.value,
                                               first=first[key.value].start.line + 1))
        else:
            first[key.value] = key
            return True
        return False

    def _bad_key(self, key: Node) -> Problem:
        braces = isinstance(key,
                            Mapping) and self.source.line(key.start.line + 1)[key.start.column:][:1] == "{"
        instead = 'for a look-up write "${invite.id}", in quotes' if braces else "write a word before the `:`"
        seen = {Scalar: "nothing", Sequence: "a list", Mapping: "a mapping"}[type(key)]
        return self._problem("key-not-text", key.start, seen=seen, instead=instead)

    def _problem(self, id: str, mark: Any, *, width: int = 1, **words: object) -> Problem:
        return self.source.problem(id, mark.line + 1, mark.column + 1, width=width, **words)
