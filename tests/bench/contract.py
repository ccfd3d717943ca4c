"""The cost of a contract: judging a reply of 17 KB by a large recursive document, reading that document, and memory.

The document has an operation for each of so many paths, whose schemas all refer to each other. Judging is measured
against jsonschema-rs itself with its validator ready (`iter_errors` on the value that was read), reading against the
libraries' own way from the same file to data.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from flowprobe.core.contract import Contract, judge_contract
from flowprobe.core.parsed import Parsed
from flowprobe.core.scenario import ContractTerms
from flowprobe.core.wire import Call, Reply
from flowprobe.files.documents import read_documents
from tests.bench.pairs import Comparison, compare

__all__ = ["measure"]

_ITEMS = 62
"""So many make a reply of 17 KB."""


def measure(rounds: int, *, quick: bool) -> Sequence[Comparison]:
    operations, calls = (500, 20) if quick else (5_000, 100)
    document = _document(operations)
    contract = Contract("openapi.json", {"openapi.json": document})
    call, reply, value = _exchange(operations // 2)
    began = time.process_time()
    assert judge_contract(contract, ContractTerms(), call, Parsed(reply), "") == ()
    print(f"  the first of {operations} operations, with what is compiled for it: "
          f"{(time.process_time() - began) * 1000:.0f} ms of CPU; a reply of {len(reply.body) / 1000:.1f} KB")
    _print_growth(contract, call, reply)
    return (*_judging(contract, call, reply, value, document, calls, rounds), *_reading(document, rounds, quick))


def _judging(contract: Contract, call: Call, reply: Reply, value: Any, document: Any, calls: int,
             rounds: int) -> Sequence[Comparison]:
    parsed = Parsed(reply)
    schema = {"$ref": "#/components/schemas/Page", "components": document["components"]}
    ready = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    assert list(ready.iter_errors(value)) == []

    def ours(reading: Callable[[], Parsed]) -> Callable[[], float]:
        return _timed(lambda: judge_contract(contract, ContractTerms(), call, reading(), ""), calls)

    def theirs(reading: Callable[[], Any]) -> Callable[[], float]:
        return _timed(lambda: list(ready.iter_errors(reading())), calls)

    return (
        compare("read and judged / json.loads, iter_errors", ours(lambda: Parsed(reply)),
                theirs(lambda: json.loads(reply.body)), target=2, rounds=rounds),
        compare("judged alone / iter_errors", ours(lambda: parsed), theirs(lambda: value), target=None, rounds=rounds),
    )


def _reading(document: Any, rounds: int, quick: bool) -> Sequence[Comparison]:
    with tempfile.TemporaryDirectory(prefix="flowprobe-bench-") as name:
        as_json, as_yaml = Path(name, "openapi.json"), Path(name, "openapi.yaml")
        as_json.write_text(json.dumps(document))
        as_yaml.write_text(yaml.dump(document if quick else _document(1_000), Dumper=yaml.CSafeDumper))
        return (
            compare("a document in JSON / json.loads", _timed(lambda: read_documents(as_json)),
                    _timed(lambda: json.loads(as_json.read_text())), target=1.3, rounds=rounds),
            compare("a document in YAML / yaml.CSafeLoader", _timed(lambda: read_documents(as_yaml)),
                    _timed(lambda: yaml.load(as_yaml.read_text(), yaml.CSafeLoader)), target=1.0, rounds=min(rounds, 3)),
        )


def _print_growth(contract: Contract, call: Call, reply: Reply) -> None:
    def judged(times: int) -> float:
        for _ in range(times):
            assert judge_contract(contract, ContractTerms(), call, Parsed(reply), "") == ()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    before = judged(100)
    print(f"  peak memory: {judged(1_000) - before:.1f} MiB more after 1,000 further replies")


def _timed(what: Callable[[], object], times: int = 1) -> Callable[[], float]:
    def cost() -> float:
        before = time.process_time()
        for _ in range(times):
            what()
        return (time.process_time() - before) / times
    return cost


def _document(operations: int) -> Any:
    """Each schema refers to the next ones, and the last to the first."""
    def node(number: int) -> Any:
        after = [{"$ref": f"#/components/schemas/Node{(number + step) % operations}"} for step in (1, 7)]
        return {"type": "object", "required": ["id", "name"], "properties": {
            "id": {"type": "string", "format": "uuid"}, "name": {"type": "string", "maxLength": 80},
            "state": {"type": "string", "enum": ["new", "paid", "lost"]}, "amount": {"type": "integer", "minimum": 0},
            "at": {"type": "string", "format": "date-time"}, "next": after[0], "others": {"type": "array", "items": after[1]}}}

    def operation(number: int) -> Any:
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}
        return {"get": {"operationId": f"list{number}", "responses": {"200": {"description": "A page.", "content": content}}}}

    schemas = {f"Node{number}": node(number) for number in range(operations)}
    schemas["Page"] = {"type": "object", "required": ["items"], "properties": {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/Node0"}}}}
    return {"openapi": "3.1.0", "info": {"title": "Large", "version": "1"}, "components": {"schemas": schemas},
            "paths": {f"/v1/group{number % 97}/things{number}/{{id}}/parts": operation(number) for number in range(operations)}}


def _exchange(number: int) -> tuple[Call, Reply, Any]:
    def node(depth: int) -> Any:
        found = {"id": "c9a646d3-9c61-4cb7-bfcd-ee2522c8f633", "name": "A part of some thing", "state": "paid",
                 "amount": 1200, "at": "2026-01-31T12:00:00Z"}
        return {**found, "next": node(depth - 1)} if depth else found

    value = {"items": [node(1) for _ in range(_ITEMS)]}
    call = Call("c", "t", "s", "p", "GET", f"http://127.0.0.1:8000/v1/group{number % 97}/things{number}/7/parts")
    body = json.dumps(value).encode()
    return call, Reply("c", 200, (("content-type", "application/json"),), body, 1.0, 1.0, 1.1), value
