"""The lines of an environment that have a syntax of their own: what is allowed, time zones, days and dates."""

from __future__ import annotations

import re
from datetime import UTC, date, tzinfo
from typing import Any

from flowprobe.core.rules import AllowRule
from flowprobe.core.windows import DAYS
from flowprobe.files.calls import METHODS
from flowprobe.files.context import BAD, Context
from flowprobe.files.nodes import Node, Scalar
from flowprobe.files.problems import did_you_mean, listed
from flowprobe.files.scalars import seen

__all__ = ["allow_line", "dates", "days", "zone"]

_EXAMPLE = "GET /v1/**"
_LINE = re.compile(r"(?P<methods>[^\s/]+)\s+(?:(?P<target>[A-Za-z][\w-]*):(?=/))?(?P<path>\S*)", re.ASCII)
_DATES = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?", re.ASCII)


def allow_line(node: Node, context: Context, what: str) -> Any:
    """`GET,POST target:/v1/*` as an `AllowRule`; `*` in place of the methods means every one."""
    text = context.plain_text(node, what, "`METHODS /path`", _EXAMPLE)
    if text is BAD:
        return BAD
    found = _LINE.fullmatch(text)
    if found is None:
        missing = text.startswith("/")
        return _bad(node, context, what, 0, "the methods are missing" if missing else "it is methods, then a path",
                    f"write for example GET {text}" if missing else f"write for example {_EXAMPLE}")
    methods = () if found["methods"] == "*" else tuple(found["methods"].split(","))
    for method in methods:
        if method not in METHODS:
            otherwise = f"write one of {listed(METHODS, quoted=False)}, or *"
            return _bad(node, context, what, text.index(method), f"`{method[:20]}` is not a method",
                        did_you_mean(method.upper(), METHODS, otherwise=otherwise))
    reason, instead = _path_problem(found["path"])
    if reason:
        return _bad(node, context, what, found.start("path"), reason, instead)
    return AllowRule(methods, found["path"], context.position(node), found["target"])


def _path_problem(path: str) -> tuple[str, str]:
    if not path.startswith("/"):
        return "the path starts with /", f"write for example {_EXAMPLE}"
    if "${" in path:
        return "nothing is looked up here", "write * for a segment that varies"
    if "?" in path or "#" in path:
        return "what is allowed is a path, without its query", "end it before the ?"
    if any("*" in segment and segment not in ("*", "**") for segment in path.split("/")):
        return "* stands for a whole segment, ** for any number of them", "write for example /v1/*/invites"
    if any(segment in (".", "..") for segment in path.split("/")):
        return "a path has no . and .. segments", "write where it leads"
    return "", ""


def _bad(node: Node, context: Context, what: str, offset: int, reason: str, instead: str) -> Any:
    return context.report("bad-allow", node, offset=offset, what=what, reason=reason, instead=instead)


def zone(node: Node, context: Context, what: str) -> Any:
    """A time zone by its IANA name."""
    text = context.plain_text(node, what, "the name of a time zone", "Europe/Berlin")
    if text is BAD:
        return BAD
    found = _zone(text)
    return found or context.report("unknown-zone", node, name=text, instead=_near_zone(text))


def _zone(name: str) -> tzinfo | None:
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # no such name, or one that is a path
        return None


def _near_zone(name: str) -> str:
    from zoneinfo import available_timezones

    known = available_timezones()
    if not known:
        return "this machine has no time zones: install the package tzdata"
    return did_you_mean(name, sorted(known), otherwise="write for example Europe/Berlin")


def days(node: Node, context: Context, what: str) -> Any:
    """`mon`, or `mon-fri` (also over the week's end: `fri-mon`), as numbers from Monday (0)."""
    text = context.plain_text(node, what, "a day, or days from-to", "mon-fri")
    if text is BAD:
        return BAD
    first, dash, last = text.partition("-")
    for word in (first, last) if dash else (first,):
        if word not in DAYS:
            return context.report("unknown-word", node, what=what, seen=seen(node),
                                  instead=f"write {listed(DAYS, quoted=False)}, or mon-fri")
    begin, end = DAYS.index(first), DAYS.index(last if dash else first)
    return tuple((begin + number) % 7 for number in range((end - begin) % 7 + 1))


def dates(node: Node, context: Context, what: str) -> Any:
    """`2026-12-20..2027-01-04`, or one day, as the first and the last date."""
    found = _DATES.fullmatch(node.value) if isinstance(node, Scalar) else None
    both = () if found is None else tuple(_date(text) for text in (found[1], found[2] or found[1]))
    if not both or None in both:
        return context.report("bad-text", node, what=what, wanted="dates of the calendar, from..to", seen=seen(node),
                              instead="write for example 2026-12-20..2027-01-04")
    first, last = both
    if first is not None and last is not None and last < first:
        return context.report("bad-text", node, what=what, wanted="dates in their order, from..to", seen=seen(node),
                              instead=f"write {last}..{first}")
    return both


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
