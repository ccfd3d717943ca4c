"""Capturing: a named value taken from a reply for later steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any

from flowprobe.core.findings import Finding
from flowprobe.core.jsonpath import MISSING, compile_path
from flowprobe.core.parsed import Parsed
from flowprobe.core.patterns import TooSlow, search
from flowprobe.core.resolve import Names, resolve
from flowprobe.core.steps import Capture

__all__ = ["capture", "merged"]


def capture(wanted: tuple[Capture, ...], parsed: Parsed, names: Names | None = None) -> (
        tuple[dict[str, Any], tuple[Finding, ...]]):
    """The values that the reply gives, and a finding for each that it does not and that has no default. `names` is
    where a default looks things up. Raises Absent or WrongType for a default."""
    found: dict[str, Any] = {}
    findings = []
    for item in wanted:
        value = _READERS[item.source.kind](item.source.path, parsed)
        if value is MISSING and item.has_default:
            value = resolve(item.default, names or {})
        if value is MISSING:
            findings.append(_absent(item, parsed))
        else:
            found[item.name] = value
    return found, tuple(findings)


def merged(wanted: tuple[Capture, ...], before: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    """The captures after a further round of the step: the new ones, and a longer list where one appends."""
    growing = {item.name for item in wanted if item.append}
    grown = {name: [*before.get(name, ()), *_items(found[name])] for name in growing & found.keys()}
    kept = {name: before.get(name, []) for name in growing}
    return {**kept, **found, **grown}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _absent(item: Capture, parsed: Parsed) -> Finding:
    where = item.source.path if item.source.kind == "json" else f"{item.source.kind} {item.source.path}".strip()
    return Finding("capture", where, f"a value to capture as {item.name!r}", parsed.describe_absence(item.source.kind),
                   str(item.position))


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
    """The first group where the pattern has one, else the whole match."""
    try:
        match = search(pattern, parsed.text)
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
