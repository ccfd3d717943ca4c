"""Documents that are not ours: OpenAPI and JSON Schema, in JSON or YAML, with the files that they refer to.

They are read as their own formats say (YAML 1.2, core schema), not as FlowProbe's files are: anchors and merge keys
are theirs to use, and nothing in them is a look-up. Keys are text, so a status may stand there as a number. Files
outside of the document's folder, and other hosts, are never read.
"""

from __future__ import annotations

import json
import marshal
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

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

from flowprobe.errors import InvalidInput
from flowprobe.files.nodes import read_bytes
from flowprobe.files.problems import Source
from flowprobe.files.syntax import explain

__all__ = ["MAX_DOCUMENT", "MAX_SCHEMA", "foreign_references", "local_name", "read_documents", "referred_documents"]

MAX_DOCUMENT = 64 * 1000 * 1000
MAX_SCHEMA = 8 * 1000 * 1000
_MOST_VALUES = 20_000_000
_MOST_FILES = 500
_DEEPEST = 200
_LOOKED_AT = 100_000
_FOREIGN = re.compile(rb"""\$ref["']?\s*:\s*["']?[^\s#"']""")
_VERBATIM = ("enum", "const", "default", "example", "examples")
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,5})?")
_STARTS = frozenset("-+.0123456789~ntfNTF")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}


def read_documents(path: Path, *, limit: int = MAX_DOCUMENT) -> dict[str, Any]:
    """A document and every file below its folder that it refers to, by their path from there; the document itself
    comes first. Raises InvalidInput where one of them cannot be read."""
    content = _Content(path, limit)
    return {path.name: content.data, **_referred(path.parent, path.name, content.references(), limit)}


def referred_documents(folder: Path, data: Any, *, limit: int = MAX_SCHEMA) -> dict[str, Any]:
    """The files below a folder that a value refers to. Raises InvalidInput."""
    return _referred(folder, "", foreign_references(data), limit)


def _referred(folder: Path, origin: str, references: Iterator[str], limit: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = [(origin, reference) for reference in references]
    while waiting and len(found) < _MOST_FILES:
        name = local_name(*waiting.pop())
        if name is None or name in found or name == origin or not _inside(folder, name):
            continue
        content = _Content(folder / name, limit)
        found[name] = content.data
        waiting += [(name, reference) for reference in content.references()]
    return found


def local_name(origin: str, reference: str) -> str | None:
    """The file that a reference of the file `origin` leads to, from the folder of both; None where it leads out."""
    parts = urlsplit(reference.partition("#")[0])
    if parts.scheme or parts.netloc or parts.path.startswith("/") or not parts.path:
        return None
    steps: list[str] = []
    for step in [*origin.split("/")[:-1], *unquote(parts.path).split("/")]:
        if step == "..":
            if not steps:
                return None
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps) or None


def _inside(folder: Path, name: str) -> bool:
    """Whether a file is below the folder, also where links lead to it."""
    return (folder / name).resolve().is_relative_to(folder.resolve())


def foreign_references(data: Any) -> Iterator[str]:
    """Every `$ref` of a value that leads to another file or host."""
    waiting = [data]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            reference = value.get("$ref")
            if isinstance(reference, str) and not reference.startswith("#"):
                yield reference
            waiting += [inner for key, inner in value.items() if key not in _VERBATIM]
        elif isinstance(value, list):
            waiting += value


class _Content:
    """One file, read."""

    def __init__(self, path: Path, limit: int) -> None:
        self._bytes = _read(path, limit)
        self.data = _parsed(Source(str(path)), self._bytes, is_json=path.suffix == ".json")

    def references(self) -> Iterator[str]:
        return foreign_references(self.data) if _FOREIGN.search(self._bytes) else iter(())


def _read(path: Path, limit: int) -> bytes:
    source, content = Source(str(path)), read_bytes(path, limit)
    if len(content) > limit:
        raise InvalidInput((source.problem("document-too-large", limit=f"{limit // 1_000_000} MB"),))
    return content


def _parsed(source: Source, content: bytes, *, is_json: bool) -> Any:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput((source.problem("not-utf8"),)) from error
    if is_json or text.lstrip()[:1] in ("{", "["):
        try:
            return _not_too_deep(json.loads(text), text)
        except (ValueError, RecursionError) as error:
            if is_json:
                raise InvalidInput((_bad_json(Source(source.file, text), error),)) from error
    return _parsed_yaml(Source(source.file, text))


def _not_too_deep(value: Any, text: str) -> Any:
    """How deep the parser goes depends on the Python; `marshal` goes 2,000 levels deep, and says so quickly. A large
    document is not deep by its nature, and is not looked at again. Raises RecursionError."""
    if len(text) < _LOOKED_AT:
        try:
            marshal.dumps(value)
        except ValueError:
            raise RecursionError from None
    return value


def _bad_json(source: Source, error: Exception) -> Any:
    if isinstance(error, json.JSONDecodeError):
        return source.problem("json-syntax", error.lineno, error.colno, reason=error.msg)
    if isinstance(error, RecursionError):
        return source.problem("too-deep", limit=_DEEPEST)
    return source.problem("json-syntax", reason=str(error))


def _parsed_yaml(source: Source) -> Any:
    try:
        return _Builder(source).document()
    except yaml.YAMLError as error:
        raise InvalidInput((explain(error, source),)) from error


class _Builder:
    """YAML events -> plain data, faster than PyYAML's own way through nodes and constructors."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._next = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(source.text).get_event
        self._anchors: dict[str, tuple[Any, int]] = {}

    def document(self) -> Any:
        self._next()  # the start of the stream
        if isinstance(self._next(), StreamEndEvent):
            raise InvalidInput((self._source.problem("empty-document"),))
        value = self._value()
        following = self._next()
        if isinstance(following, DocumentStartEvent):
            raise InvalidInput((self._problem("several-documents", following),))
        return value

    def _value(self) -> Any:
        """A loop with a stack of its own, for it is the hot path. A mapping is a flat list until it ends."""
        next_event, anchors = self._next, self._anchors
        top: list[Any] = []
        open_: list[tuple[list[Any], bool, Any, int]] = []
        items, count = top, 0
        while True:
            event = next_event()
            kind = event.__class__
            if kind is ScalarEvent:
                text = event.value
                plain = not event.style and event.tag is None
                keyed = open_ and open_[-1][1] and len(items) % 2 == 0
                value = text if keyed or not plain or (text and text[0] not in _STARTS) else _plain(text)
                count += 1
                items.append(value)
                if event.anchor is not None:
                    anchors[event.anchor] = value, 1
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                open_.append((items, kind is MappingStartEvent, event, count))
                items = []
                if len(open_) > _DEEPEST:
                    raise InvalidInput((self._problem("too-deep", event, limit=_DEEPEST),))
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                outer, is_mapping, start, before = open_.pop()
                value = self._mapping(items, start) if is_mapping else items
                if start.anchor is not None:
                    anchors[start.anchor] = value, count - before + 1
                items = outer
                items.append(value)
                count += 1
            elif kind is AliasEvent:
                if event.anchor not in anchors:
                    raise InvalidInput((self._problem("unknown-anchor", event, name=event.anchor),))
                value, size = anchors[event.anchor]
                count += size
                items.append(value)
            else:
                return top[0]
            if count > _MOST_VALUES:
                raise InvalidInput((self._problem("too-many-values", event, limit=_MOST_VALUES),))

    def _mapping(self, items: list[Any], start: Any) -> dict[str, Any]:
        try:
            found = dict(zip(items[::2], items[1::2], strict=True))
        except TypeError as error:  # a list or a mapping as a key
            raise InvalidInput((self._problem("key-not-text", start, seen="a list or a mapping"),)) from error
        if "<<" in found:
            merged = found.pop("<<")
            for base in reversed(merged if isinstance(merged, list) else [merged]):
                found = {**base, **found} if isinstance(base, dict) else found
        return found

    def _problem(self, id: str, event: Any, **words: Any) -> Any:
        mark = event.start_mark
        return self._source.problem(id, mark.line + 1, mark.column + 1, **words)


def _plain(text: str) -> Any:
    """The value of an unquoted scalar, in YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
