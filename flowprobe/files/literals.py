"""Secrets that a step holds by value: what signs its calls has to be looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flowprobe.files.context import Context
from flowprobe.files.nodes import Mapping, Node, Scalar

__all__ = ["check_literals"]

_SIGNING = {"authorization", "proxy-authorization", "cookie", "x-api-key"}
_SHORTEST = 8
_SCHEMES = ("bearer ", "basic ", "token ", "digest ")


def check_literals(steps: Iterable[Mapping], context: Context) -> None:
    """Note every literal where a secret belongs, and keep it out of what is shown."""
    for step in steps:
        for name, node in _signing(step):
            if "${" not in node.value and len(_credential(node.value)) >= _SHORTEST:
                context.hidden.append(node.value)
                context.report("secret-in-step", node, what=f"`{name}`")


def _signing(step: Mapping) -> Iterator[tuple[str, Scalar]]:
    yield from _headers(step.get("headers"))
    roles = step.get("signs_in")
    for _, how in roles.value if isinstance(roles, Mapping) else ():
        if isinstance(how, Mapping):
            yield from _headers(how.get("headers"))
            bearer = how.get("bearer")
            if isinstance(bearer, Scalar):
                yield "bearer", bearer


def _headers(node: Node | None) -> Iterator[tuple[str, Scalar]]:
    for key, value in node.value if isinstance(node, Mapping) else ():
        if key.value.lower() in _SIGNING and isinstance(value, Scalar):
            yield key.value, value


def _credential(text: str) -> str:
    """What follows the name of the scheme."""
    scheme = next((scheme for scheme in _SCHEMES if text.lower().startswith(scheme)), "")
    return text[len(scheme):].strip()
