"""What the parts of a step say together, where one of them alone says nothing wrong.

Like `names`, this works on the nodes: a step with a misspelt or misshapen part has its message already.
"""

from __future__ import annotations

from collections.abc import Iterator

from flowprobe.files.calls import METHODS
from flowprobe.files.context import Context
from flowprobe.files.nodes import Mapping, Node, Scalar
from flowprobe.files.outline import Link, outline

__all__ = ["check_steps"]

_SAFE = ("GET", "HEAD", "OPTIONS")
_KEY = "idempotency-key"


def check_steps(root: Node, context: Context) -> None:
    """Note every `retry` that could do a thing twice, and every `poll.for` of a step that does not poll."""
    if not isinstance(root, Mapping):
        return
    names = outline(root)
    for link in names.links:
        if link.plain:
            _check_retry(link, context)
    for step, promise in names.promises:
        index = names.index.get(step.value)
        if index is not None:
            _check_patience(promise, names.links[index], context)


def _check_retry(link: Link, context: Context) -> None:
    retry = _key(link.node, "retry")
    method = _method(link)
    if retry is None or method not in METHODS or method in _SAFE or not isinstance(link.node.get("retry"), Mapping):
        return
    if all(header.lower() != _KEY for header in _headers(link)):
        context.report("retry-needs-key", retry, method=method, step=link.name or "step")


def _method(link: Link) -> str:
    call = link.node.get("call")
    return call.value.partition(" ")[0] if isinstance(call, Scalar) else ""


def _headers(link: Link) -> Iterator[str]:
    """The names of its headers; where they cannot be told, the one that is asked for."""
    headers = link.node.get("headers")
    if isinstance(headers, Mapping):
        yield from (key.value for key, _ in headers.value)
    elif headers is not None:
        yield _KEY


def _check_patience(promise: Node, link: Link, context: Context) -> None:
    patience = _key(promise, "poll.for")
    if patience is not None and link.plain and link.node.get("poll") is None:
        context.report("no-poll", patience, step=link.name, first=link.node.start.line + 1)


def _key(node: Node, name: str) -> Scalar | None:
    pairs = node.value if isinstance(node, Mapping) else []
    return next((key for key, _ in pairs if key.value == name), None)
