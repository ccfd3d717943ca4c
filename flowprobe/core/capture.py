"""Capturing: a named value taken from a reply for later steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from flowprobe.core.findings import Finding
from flowprobe.core.jsonpath import MISSING, compile_path
from flowprobe.core.parsed import Parsed
from flowprobe.core.patterns import TooSlow, search
from flowprobe.core.resolve import Absent, Names, WrongType, resolve
from flowprobe.core.shapes import shown
from flowprobe.core.steps import Capture, CaptureSource

__all__ = ["MOST_GATHERED", "capture", "crowded", "merged"]

MOST_GATHERED = 100_000
"""How long a list of `append` may grow."""


def capture(wanted: tuple[Capture, ...], parsed: Parsed, names: Names | None = None) -> (
        tuple[dict[str, Any], tuple[Finding, ...]]):
    """The values that the reply gives, and a finding for each that it does not and that has no default either. `names`
    is where a default looks things up: one that finds nothing is none."""
    found: dict[str, Any] = {}
    findings = []
    for item in wanted:
        value = _value(item.source, parsed)
        if value is MISSING and item.has_default:
            value = _default(item, names or {})
        if value is MISSING:
            findings.append(_absent(item, parsed))
        else:
            found[item.name] = value
    return found, tuple(findings)


def _default(item: Capture, names: Names) -> Any:
    """The call was made: what is wrong now is a finding, and no reason to forget what it may have made."""
    try:
        return resolve(item.default, names)
    except (Absent, WrongType):
        return MISSING


def crowded(wanted: tuple[Capture, ...], before: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[Finding, ...]:
    """A finding for each list of `append` that this round makes too long: replies decide how long it grows."""
    growing = ((item, len(before.get(item.name, ())) + len(_items(found.get(item.name, ()))))
               for item in wanted if item.append)
    return tuple(Finding("capture", item.name, f"at most {MOST_GATHERED} values in all rounds", str(count),
                         str(item.position)) for item, count in growing if count > MOST_GATHERED)


def merged(wanted: tuple[Capture, ...], before: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """The captures after a further round of the step: the new ones, and a longer list where one appends."""
    growing = {item.name for item in wanted if item.append}
    grown = {name: [*before.get(name, ()), *_items(found[name])] for name in growing & found.keys()}
    kept = {name: before.get(name, []) for name in growing}
    return {**kept, **found, **grown}


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _value(source: CaptureSource, parsed: Parsed) -> Any:
    """What the source finds; the part of it that fits the pattern, where there is one."""
    whole = _whole(source, parsed)
    if not source.pattern or whole is MISSING:
        return whole
    return _first(source.pattern, whole) if isinstance(whole, str) else MISSING


def _whole(source: CaptureSource, parsed: Parsed) -> Any:
    return _READERS[source.kind](source.path, parsed)


def _absent(item: Capture, parsed: Parsed) -> Finding:
    source = item.source
    where = source.path if source.kind == "json" else f"{source.kind} {source.path}".strip()
    seen = parsed.describe_absence(source.kind)
    whole = _whole(source, parsed) if source.pattern else MISSING
    if whole is not MISSING:
        seen = f"{shown(whole)}, which does not fit {source.pattern}"
    return Finding("capture", where, f"a value to capture as {item.name!r}", seen, str(item.position))


def _json(path: str, parsed: Parsed) -> Any:
    return MISSING if parsed.json is MISSING else compile_path(path).find(parsed.json)


def _header(name: str, parsed: Parsed) -> Any:
    value = parsed.reply.header(name)
    return MISSING if value is None else value


def _cookie(name: str, parsed: Parsed) -> Any:
    for key, value in parsed.reply.headers:
        if key == "set-cookie":
            morsel = _morsels(value).get(name)
            if morsel is not None:
                return morsel.value
    return MISSING


def _morsels(header: str) -> SimpleCookie:
    try:
        return SimpleCookie(header)
    except CookieError:
        return SimpleCookie()


def _regex(pattern: str, parsed: Parsed) -> Any:
    return _first(pattern, parsed.text)


def _first(pattern: str, text: str) -> Any:
    """The first group where the pattern has one, else the whole match."""
    try:
        match = search(pattern, text)
    except TooSlow:
        return MISSING
    if match is None:
        return MISSING
    return match.group(1) if match.groups() else match.group(0)


def _status(_: str, parsed: Parsed) -> Any:
    return parsed.reply.status


_READERS: dict[str, Callable[[str, Parsed], Any]] = {
    "json": _json, "header": _header, "cookie": _cookie, "regex": _regex, "status": _status,
}
