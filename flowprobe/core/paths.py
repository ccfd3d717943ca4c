"""Paths against the templates of a policy: one that is whole, and one that still has look-ups in it.

What is asked is always "does the template cover every path that this may become?", so that a doubt is a no.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import unquote

from flowprobe.core.resolve import Absent, Names, WrongType, resolve_text
from flowprobe.core.values import Template, Text

__all__ = ["ANY", "Segment", "covers", "outlined", "readings", "sketched", "strange"]

ANY: Final = None
"""Stands for a segment that is not known before the run: any one that is not empty."""
Segment: TypeAlias = str | None


def covers(template: str, path: Sequence[Segment]) -> bool:
    """Whether every path that `path` may become fits: `*` is one segment that is not empty, `**` any number."""
    return _covers(_split(template), tuple(path))


@lru_cache(maxsize=4096)
def _covers(template: tuple[str, ...], path: tuple[Segment, ...]) -> bool:
    if not template:
        return not path
    if template[0] == "**":
        return _covers(template[1:], path) or (bool(path) and _covers(template, path[1:]))
    return bool(path) and _fits(template[0], path[0]) and _covers(template[1:], path[1:])


def _fits(template: str, segment: Segment) -> bool:
    return segment != "" if template == "*" else segment == template


def _split(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix("/").split("/"))


def readings(path: str) -> Iterator[tuple[str, ...]]:
    """A whole path as it is written, and as a server reads it that undoes %2F before it looks, and then goes where `..`
    leads; both have to be allowed."""
    path = path.partition("?")[0]
    yield _split(path)
    undone = unquote(path).replace("\\", "/")
    if undone.count("/") != path.count("/"):
        yield _resolved(_split(undone))


def _resolved(segments: Sequence[str]) -> tuple[str, ...]:
    """Without `.` and `..`: RFC 3986, 5.2.4."""
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    return tuple(kept)


def strange(path: str) -> bool:
    """Whether a path has `.` or `..` segments, however they are spelt: clients and servers would take it elsewhere."""
    segments = path.partition("?")[0].replace("\\", "/").split("/")
    return any(unquote(unquote(segment)).partition(";")[0] in (".", "..") for segment in segments)


def sketched(path: Text, names: Names, unknown: str = "x") -> str | None:
    """A path as far as it is known, with `unknown` for each look-up that is not; None for one that starts with a
    look-up, which may bring a whole URL. `names` are those that are known before the run."""
    if isinstance(path, str):
        return path
    if not isinstance(path.parts[0], str):
        return None
    return "".join(part if isinstance(part, str) else _value(Template((part,), path.position), names, unknown)
                   for part in path.parts)


def outlined(path: Text, names: Names) -> tuple[tuple[Segment, ...], ...] | None:
    """The segments of a path as far as they are known, in each of its readings; None as in `sketched`."""
    text = sketched(path, names, _UNKNOWN)
    if text is None:
        return None
    return tuple(tuple(ANY if _UNKNOWN in segment else segment for segment in reading) for reading in readings(text))


_UNKNOWN = "\x00"


def _value(template: Template, names: Names, unknown: str) -> str:
    """What a look-up finds, as it would stand in a path; a mark where it is not known, or not one segment."""
    try:
        found = resolve_text(template, names)
    except (Absent, WrongType):
        return unknown
    return found if found.replace("-", "").replace("_", "").isalnum() and found.isascii() else unknown
