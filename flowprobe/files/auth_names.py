"""What the parts of a persona say together: its accounts' ids, and what the headers of an HMAC scheme hold."""

from __future__ import annotations

from collections.abc import Iterator

from flowprobe.files.auth_tables import HMAC
from flowprobe.files.context import Context
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence

__all__ = ["check_persona"]


def check_persona(persona: Node, context: Context) -> None:
    """Check a persona and its pool of accounts, as far as they could be read."""
    accounts = list(_accounts(persona))
    _check_ids(accounts, context)
    for node in (persona, *accounts):
        scheme = _under(node, "auth", "hmac")
        if isinstance(scheme, Mapping):
            _check_scheme(scheme, context)


def _accounts(persona: Node) -> Iterator[Node]:
    found = _under(persona, "accounts")
    yield from found.value if isinstance(found, Sequence) else ()


def _under(node: Node | None, *keys: str) -> Node | None:
    for key in keys:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _check_ids(accounts: list[Node], context: Context) -> None:
    first: dict[str, int] = {}
    for account in accounts:
        id = _under(account, "account")
        if not isinstance(id, Scalar):
            continue
        if id.value in first:
            context.report("name-taken", id, name=id.value, owner=f"the account on line {first[id.value]}")
        first.setdefault(id.value, context.place(id)[0])


def _check_scheme(scheme: Mapping, context: Context) -> None:
    """A scheme that sends no signature signs nothing; `{id}` and a signed `id` need one."""
    headers = _under(scheme, "headers")
    known = {field.key for field in HMAC.fields}
    if not isinstance(headers, Mapping) or not headers.value or any(key.value not in known for key, _ in scheme.value):
        return
    values = [value for _, value in headers.value if isinstance(value, Scalar)]
    if not any("{signature}" in value.value or _reported(value, context) for value in values):
        context.report("no-signature", headers)
    if scheme.get("id") is None:
        for value in (*values, *_parts(scheme)):
            if "{id}" in value.value or value.value == "id":
                context.report("no-id", value)


def _reported(node: Node, context: Context) -> bool:
    return any((problem.line, problem.column) == context.place(node) for problem in context.problems)


def _parts(scheme: Mapping) -> Iterator[Scalar]:
    signed = scheme.get("sign")
    yield from (part for part in signed.value if isinstance(part, Scalar)) if isinstance(signed, Sequence) else ()
