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

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "Document", "Mapping", "Node", "Scalar", "Sequence",
           "compose",
           "read_bytes", "read_text"]

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 100_000


class Scalar:
    """Text as it stands in the file; `plain` means without quotes. `start` and `end` count from 0."""

    __slots__ = ("end", "plain", "start", "value")

    def __init__(self, value: str, plain: bool, start: Any, end: Any) -> None:
        self.value = value
        self.plain = plain
        self.start = start
        self.end = end


class Sequence:
    """A list of nodes."""

    __slots__ = ("end", "start", "value")

    def __init__(self, start: Any) -> None:
        self.value: list[Node] = []
        self.start = start
        self.end = start


class Mapping:
    """Pairs of a key and its node, in the order of the file; keys are unique text."""

    __slots__ = ("_index", "end", "start", "value")

    def __init__(self, start: Any) -> None:
        self.value: list[tuple[Scalar, Node]] = []
        self.start = start
        self.end = start
        self._index: dict[str, Node] | None = None

    @overload
    def get(self, key: str) -> Node | None: ...
    @overload
    def get(self, key: str, default: Node) -> Node: ...
    def get(self, key: str, default: Node | None = None) -> Node | None:
        """The node of a key. Asked when the file has been read: what is added later is not found."""
        if self._index is None:
            self._index = {name.value: node for name, node in reversed(self.value)}
        return self._index.get(key, default)


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
        while True:
            event = next_event()
            kind = event.__class__
            if kind is ScalarEvent:
                if event.tag is not None or event.anchor is not None:
                    self._refuse(event)
                items.append(Scalar(event.value, not event.style, event.start_mark, event.end_mark))
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                if event.tag is not None or event.anchor is not None:
                    self._refuse(event)
                node: Any = (Mapping if kind is MappingStartEvent else Sequence)(event.start_mark)
                items.append(node)
                open_.append((items, node))
                items = [] if kind is MappingStartEvent else node.value
                if len(open_) > MAX_DEPTH:
                    raise InvalidInput((self._problem("too-deep", event.start_mark, limit=MAX_DEPTH),))
            elif kind is MappingEndEvent:
                pairs = items
                items, node = open_.pop()
                node.value = self._pairs(pairs)
                node.end = event.end_mark
                continue
            elif kind is SequenceEndEvent:
                items, node = open_.pop()
                node.end = event.end_mark
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

    def _pairs(self, items: list[Any]) -> list[tuple[Scalar, Node]]:
        """The pairs of a mapping. Keys that cannot be are noted and left out."""
        keys = items[::2]
        try:
            names = {key.value for key in keys}
        except TypeError:  # a list or a mapping as a key
            names = set()
        if len(names) == len(keys) and "" not in names and "<<" not in names:
            return list(zip(keys, items[1::2], strict=True))
        first: dict[str, Scalar] = {}
        return [(key, node) for key, node in zip(keys, items[1::2], strict=True) if self._fit(key, first)]

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
