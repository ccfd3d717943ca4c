"""The contract of a product: what its OpenAPI document says of one call, as it was sent, and of the reply to it.

A document that is wrong itself (a reference that leads nowhere, a schema that is none) is said as a finding where it
is met: the rest of it can still be judged by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from flowprobe.core.contract_reply import broken_by_reply
from flowprobe.core.contract_request import broken_by_request
from flowprobe.core.contract_values import Broken, guarded
from flowprobe.core.findings import Finding
from flowprobe.core.openapi import BrokenReference, Documents, Operation, Paths
from flowprobe.core.openapi_schemas import Schemas
from flowprobe.core.parsed import Parsed
from flowprobe.core.scenario import ContractTerms
from flowprobe.core.wire import Call

__all__ = ["MOST_FINDINGS", "Contract", "judge_contract"]

MOST_FINDINGS = 20
_MOST_COUNTED = 1000


class Contract:
    """One document: `files` by their path below its folder, `root` the one that was named. What is made of it (the
    tree of paths, compiled schemas) is made when it is needed and is no part of its pickle."""

    def __init__(self, root: str, files: Mapping[str, Any]) -> None:
        self.documents = Documents(root, files)

    @property
    def old(self) -> bool:
        """OpenAPI 3.0, whose schemas are a dialect of their own."""
        return str(self.documents.files[self.documents.root].get("openapi", "")).startswith("3.0")

    @cached_property
    def paths(self) -> Paths:
        return Paths(self.documents)

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas(self.documents, old=self.old)

    def __getstate__(self) -> dict[str, Any]:
        return {"documents": self.documents}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contract) and self.documents == other.documents

    def __hash__(self) -> int:
        return hash(self.documents.root)

    def __repr__(self) -> str:
        return f"Contract({self.documents.root})"


def judge_contract(contract: Contract, terms: ContractTerms, call: Call, parsed: Parsed, place: str) -> (
        tuple[Finding, ...]):
    """What the contract does not allow, of the call first; at most so many, the rest is counted. `place` is where
    the scenario asks for it."""
    broken = _judged(contract, terms, call, parsed)
    shown = [Finding("contract", each.where, each.expected, each.seen, place, document=each.document)
             for each in islice(broken, MOST_FINDINGS)]
    more = sum(1 for _ in islice(broken, _MOST_COUNTED))
    if more:
        least = "at least " if more == _MOST_COUNTED else ""
        shown.append(Finding("contract", "contract", "nothing else", f"{least}{more} more findings like these", place))
    return tuple(shown)


def _judged(contract: Contract, terms: ContractTerms, call: Call, parsed: Parsed) -> Iterator[Broken]:
    try:
        operation = _operation(contract, terms, call)
    except BrokenReference as broken:
        yield Broken("document", "a path that can be read", str(broken), broken.place)
        return
    if operation is None:
        yield _undescribed(contract, call)
        return
    yield from guarded(broken_by_request(contract.schemas, operation, call), operation)
    yield from guarded(broken_by_reply(contract.schemas, operation, call, parsed, declared=terms.declared), operation)


def _operation(contract: Contract, terms: ContractTerms, call: Call) -> Operation | None:
    if terms.operation is not None:
        return contract.paths.named(terms.operation, call.url)
    return contract.paths.operation(call.method, call.url)


def _undescribed(contract: Contract, call: Call) -> Broken:
    path = urlsplit(call.url).path
    methods = contract.paths.methods(call.url)
    seen = f"only {', '.join(dict.fromkeys(methods))} of that path" if methods else "no such path"
    return Broken("operation", f"{call.method} {path} in the document", seen, f"{contract.documents.root}#/paths")
