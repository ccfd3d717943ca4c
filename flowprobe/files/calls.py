"""`METHOD /path` and `METHOD target:/path`: the one line that says what is called."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from flowprobe.core.scenario import CallTemplate
from flowprobe.files.context import BAD, Context
from flowprobe.files.nodes import Node, Scalar
from flowprobe.files.problems import did_you_mean, listed

__all__ = ["METHODS", "call_line", "send_line"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_TARGET = re.compile(r"([A-Za-z][\w-]*):(?=/(?!/))", re.ASCII)
_TEMPLATE = re.compile(r"\$\{[^}]*\}?")
_EXAMPLE = "GET /v1/seats"


class _Line(NamedTuple):
    """What a call line says; `start` is the offset of the path."""

    method: str
    target: str | None
    path: str
    start: int


def call_line(node: Node, context: Context, what: str, *, absolute: bool = False, brought: bool = False) -> Any:
    """A `CallTemplate`; its path may hold `${...}`."""
    line = _line(node, context, what, absolute=absolute, brought=brought)
    if line is BAD:
        return BAD
    assert isinstance(node, Scalar)
    path = context.text(node, line.path, start=line.start)
    return BAD if path is BAD else CallTemplate(line.method, path, context.position(node), line.target)


def send_line(node: Node, context: Context, what: str) -> Any:
    """The text of a `METHOD /path` that a provider was sent; `*` and `**` may stand in its path."""
    line = _line(node, context, what, absolute=False)
    if line is BAD:
        return BAD
    if line.target is not None or "${" in line.path:
        return _bad(node, context, what, line.start, "it is a path of the provider, without look-ups",
                    "write * for a part that varies, for example POST /v1/charges/*")
    return f"{line.method} {line.path}"


def _line(node: Node, context: Context, what: str, *, absolute: bool, brought: bool = False) -> Any:
    text = context.plain_text(node, what, "`METHOD /path`", _EXAMPLE)
    if text is BAD:
        return BAD
    method, space, rest = text.partition(" ")
    if method not in METHODS:
        return _bad_method(node, context, what, method)
    path = rest.lstrip(" ")
    start = len(method) + len(space) + len(rest) - len(path)
    target = _TARGET.match(path)
    if target is not None:
        path, start = path[target.end():], start + target.end()
    reason, instead = _path_problem(method, path, absolute=absolute or (brought and path.startswith("${")))
    if reason:
        return _bad(node, context, what, start, reason, instead)
    return _Line(method, target[1] if target else None, path, start)


def _bad(node: Node, context: Context, what: str, offset: int, reason: str, instead: str) -> Any:
    return context.report("bad-call", node, offset=offset, what=what, reason=reason, instead=instead)


def _bad_method(node: Node, context: Context, what: str, method: str) -> Any:
    if method.startswith("/"):
        return _bad(node, context, what, 0, "the method is missing", f"write for example GET {method}")
    if method.upper() in METHODS:
        return _bad(node, context, what, 0, "methods are in capitals", f"write {method.upper()}")
    otherwise = f"write one of {listed(METHODS, quoted=False)}, then a path"
    return _bad(node, context, what, 0, f"`{method[:20]}` is not a method",
                did_you_mean(method, METHODS, otherwise=otherwise))


def _path_problem(method: str, path: str, *, absolute: bool) -> tuple[str, str]:
    """What keeps `path` from being one, and what to write; two empty texts where nothing does."""
    whole = path.startswith(("http://", "https://", "${"))
    if not path:
        return "the path is missing", f"write for example {method} /v1/seats"
    if whole and not absolute:
        return "a call goes to a target of the environment", f"write {method} /path, or {method} target:/path"
    if not whole and not path.startswith("/"):
        return "the path starts with /", f"write {method} /{path.split()[0]}"
    fixed = _TEMPLATE.sub("", path) if "${" in path else path
    if not fixed.isprintable() or " " in fixed:
        return "a path has no spaces", "write %20 for one"
    return ("a path has no #fragment", "write %23 for #") if "#" in fixed else ("", "")
