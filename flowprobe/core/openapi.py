"""An OpenAPI document as it stands: its parts with their places, references followed when somebody asks, and the
operation that a call means. Nothing is read ahead, so a large document costs what is used of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

__all__ = ["METHODS", "BrokenReference", "Documents", "Operation", "Part"]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_MOST_HOPS = 50
_MOST_KEPT = 100
_BASE = "file:///"
_NOTHING: Any = object()
_VARIABLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class BrokenReference(Exception):
    """A `$ref` that leads nowhere, or away from the document's folder."""

    place: str
    reference: str

    def __str__(self) -> str:
        return f"the reference {self.reference!r} at {self.place} leads nowhere"


@dataclass(frozen=True)
class Documents:
    """The files of a document by their path below its folder; `root` is the one that was named."""

    root: str
    files: Mapping[str, Any]

    def at(self, file: str, pointer: Sequence[str]) -> Part | None:
        """The part at a place, without following what stands there."""
        found = self.files.get(file, _NOTHING)
        for step in pointer:
            found = _member(found, step)
        return None if found is _NOTHING else Part(self, file, tuple(pointer), found)

    def target(self, file: str, reference: str) -> Part | None:
        """What a `$ref` of a file leads to."""
        url, _, fragment = reference.partition("#")
        if url:
            absolute = urljoin(_BASE + quote(file), url)
            file = unquote(absolute.removeprefix(_BASE)) if absolute.startswith(_BASE) else ""
        if fragment and not fragment.startswith("/"):
            return self._anchor(file, fragment)
        return self.at(file, [_unescaped(step) for step in fragment.split("/")[1:]])

    def _anchor(self, file: str, name: str) -> Part | None:
        """A schema that is called by its `$anchor`, looked for where schemas are kept."""
        root = self.at(file, ())
        kept = [self.at(file, pointer) for pointer in (("components", "schemas"), ("$defs",), ("definitions",))]
        found = ([root] if root else []) + [part for keep in kept if keep for _, part in keep.items()]
        return next((part for part in found if isinstance(part.data, Mapping) and name in (
            part.data.get("$anchor"), part.data.get("$dynamicAnchor"))), None)


@dataclass(frozen=True, slots=True)
class Part:
    """A value of a document, and where it stands."""

    documents: Documents = field(repr=False, compare=False)
    file: str
    pointer: tuple[str, ...]
    data: Any = field(compare=False)

    def __str__(self) -> str:
        """`openapi.yaml#/paths/~1v1~1invites/post`."""
        return f"{self.file}#" + "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in self.pointer)

    def member(self, key: str) -> Part | None:
        """The part under a key (of a list: under its number)."""
        found = _member(self.data, key)
        return None if found is _NOTHING else Part(self.documents, self.file, (*self.pointer, key), found)

    def get(self, key: str) -> Part | None:
        """The same, with a reference followed. Raises BrokenReference."""
        found = self.member(key)
        return found.followed() if found is not None else None

    def items(self) -> Iterator[tuple[str, Part]]:
        keys: Sequence[str] = ()
        if isinstance(self.data, Mapping):
            keys = [key for key in self.data if isinstance(key, str)]
        elif isinstance(self.data, list):
            keys = [str(number) for number in range(len(self.data))]
        for key in keys:
            if (found := self.member(key)) is not None:
                yield key, found

    @property
    def reference(self) -> str | None:
        found = self.data.get("$ref") if isinstance(self.data, Mapping) else None
        return found if isinstance(found, str) else None

    def followed(self) -> Part:
        """The part itself, or what its `$ref` leads to in the end. Raises BrokenReference."""
        part = self
        for _ in range(_MOST_HOPS):
            if part.reference is None:
                return part
            part = part.target()
        raise BrokenReference(str(self), self.reference or "")

    def target(self) -> Part:
        """What its `$ref` leads to, one hop. Raises BrokenReference."""
        found = self.documents.target(self.file, self.reference or "")
        if found is None:
            raise BrokenReference(str(self), self.reference or "")
        return found


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. `arguments` are what the call's path has in the places of the template."""

    method: str
    template: str
    part: Part
    item: Part
    arguments: Mapping[str, str] = field(default_factory=dict)
    found: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)
    """What was looked up in it before, whatever the arguments."""

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.template}"

    def once(self, key: Any, look: Callable[[], Any]) -> Any:
        """What `look` gives, the first time; replies of every media type may come, so not without end."""
        if key not in self.found:
            if len(self.found) >= _MOST_KEPT:
                self.found.clear()
            self.found[key] = look()
        return self.found[key]


@dataclass
class _Branch:
    """The paths that share a beginning: literal segments first, then patterns."""

    literal: dict[str, _Branch] = field(default_factory=dict)
    patterns: dict[str, tuple[re.Pattern[str], tuple[str, ...], _Branch]] = field(default_factory=dict)
    template: str | None = None


class Paths:
    """The paths of a document, by their segments: what a call means is found in steps, not by trying them all."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._root = documents.at(documents.root, ())
        self._known: dict[tuple[str, str], Operation | None] = {}

    @cached_property
    def _tree(self) -> _Branch:
        tree = _Branch()
        for template, _ in self._paths():
            branch = tree
            for segment in template.strip("/").split("/"):
                branch = _grown(branch, segment)
            branch.template = branch.template or template
        return tree

    @cached_property
    def _bases(self) -> tuple[re.Pattern[str], ...]:
        """The paths of all servers, of the document and of its parts, the longest first."""
        servers = [self._root] + [part for _, part in self._paths()]
        found = {base for part in servers if part is not None for base in _server_paths(part)}
        return tuple(re.compile(_base_pattern(base)) for base in sorted(found, key=len, reverse=True) if base)

    def _paths(self) -> Iterator[tuple[str, Part]]:
        paths = self._root.member("paths") if self._root else None
        yield from ((key, part) for key, part in (paths.items() if paths else ()) if key.startswith("/"))

    def templates(self, url: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """The templates that the path of a URL fits, concrete ones first, with their arguments."""
        path = urlsplit(url).path
        for base in self._bases:
            if found := base.match(path):
                yield from _matches(self._tree, _segments(path[found.end():]))
        yield from _matches(self._tree, _segments(path))

    def operation(self, method: str, url: str) -> Operation | None:
        """The operation that a call means. HEAD is answered by GET where it is not described."""
        wanted = (method.lower(), "get") if method == "HEAD" else (method.lower(),)
        for template, arguments in self.templates(url):
            for name in wanted:
                if found := self._of(template, name, arguments):
                    return found
        return None

    def methods(self, url: str) -> tuple[str, ...]:
        """The methods that are described for the path of a URL."""
        return tuple(name.upper() for template, _ in self.templates(url) for name in METHODS
                     if self._of(template, name, {}))

    def _of(self, template: str, method: str, arguments: Mapping[str, str]) -> Operation | None:
        key = template, method
        if key not in self._known:
            self._known[key] = self._looked_up(template, method)
        known = self._known[key]
        if known is None or not arguments:
            return known
        return Operation(method, template, known.part, known.item, arguments, known.found)

    def _looked_up(self, template: str, method: str) -> Operation | None:
        paths = self._root.member("paths") if self._root else None
        item = paths.get(template) if paths else None
        found = item.member(method) if item else None
        if item is None or found is None or not isinstance(found.data, Mapping):
            return None
        return Operation(method, template, found, item)

    @cached_property
    def _by_id(self) -> Mapping[str, tuple[str, str]]:
        """operationId -> template and method. A path whose reference is broken has none."""
        found: dict[str, tuple[str, str]] = {}
        for template, part in self._paths():
            try:
                item = part.followed()
            except BrokenReference:
                continue
            for method, operation in item.items():
                if method in METHODS and isinstance(operation.data, Mapping):
                    name = operation.data.get("operationId")
                    if isinstance(name, str):
                        found.setdefault(name, (template, method))
        return found

    @property
    def names(self) -> Sequence[str]:
        """Every operationId."""
        return tuple(self._by_id)

    def named(self, name: str, url: str) -> Operation | None:
        """The operation of that operationId, with the arguments that a URL has for it."""
        if name not in self._by_id:
            return None
        template, method = self._by_id[name]
        arguments = next((found for other, found in self.templates(url) if other == template), {})
        return self._of(template, method, arguments)


def _member(data: Any, key: str) -> Any:
    if isinstance(data, dict):
        return data.get(key, _NOTHING)
    if isinstance(data, list) and key.isascii() and key.isdigit() and int(key) < len(data):
        return data[int(key)]
    return _NOTHING


# --- paths ----------------------------------------------------------------------------------------


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")


def _grown(branch: _Branch, segment: str) -> _Branch:
    if "{" not in segment:
        return branch.literal.setdefault(segment, _Branch())
    if segment not in branch.patterns:
        pieces = _VARIABLE.split(segment)
        pattern = "".join(re.escape(piece) if number % 2 == 0 else "(.+?)" for number, piece in enumerate(pieces))
        branch.patterns[segment] = (re.compile(pattern), tuple(pieces[1::2]), _Branch())
        ordered = sorted(branch.patterns.items(), key=lambda item: -len(_VARIABLE.sub("", item[0])))
        branch.patterns = dict(ordered)  # the one with more literal text first
    return branch.patterns[segment][2]


def _matches(branch: _Branch, segments: Sequence[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    if not segments:
        if branch.template is not None:
            yield branch.template, {}
        return
    first, rest = segments[0], segments[1:]
    for literal in dict.fromkeys((first, unquote(first))):
        if literal in branch.literal:
            yield from _matches(branch.literal[literal], rest)
    for pattern, names, inner in branch.patterns.values():
        if found := pattern.fullmatch(first):
            here = {name: unquote(text) for name, text in zip(names, found.groups(), strict=True)}
            for template, arguments in _matches(inner, rest):
                yield template, {**here, **arguments}


def _server_paths(part: Part) -> Iterator[str]:
    """The paths of the servers of a document, of a path, and of its operations."""
    holders = [part] + [inner for method, inner in part.items() if method in METHODS]
    for holder in holders:
        servers = holder.member("servers")
        for _, server in servers.items() if servers else ():
            url = server.data.get("url") if isinstance(server.data, Mapping) else None
            if isinstance(url, str):
                yield _path_of(url).rstrip("/")


def _path_of(url: str) -> str:
    """The path of a server's URL, which may have variables everywhere."""
    rest = url.partition("://")[2] if "://" in url else None
    if rest is None:
        return url if url.startswith("/") else f"/{url}"
    return "/" + rest.partition("/")[2]


def _base_pattern(base: str) -> str:
    pieces = _VARIABLE.split(base)
    inner = "".join(re.escape(piece) if number % 2 == 0 else "[^/]+" for number, piece in enumerate(pieces))
    return f"{inner}(?=/|$)"


def _unescaped(step: str) -> str:
    if "%" not in step and "~" not in step:
        return step
    return unquote(step).replace("~1", "/").replace("~0", "~")
