"""A call as it was sent, held against its operation: parameters, media type and body.

What the persona's client adds (credentials, cookies) is not seen here and not judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flowprobe.core.contract_values import Broken, broken_text, broken_value, is_json, media_part, media_type
from flowprobe.core.openapi import Operation, Part
from flowprobe.core.openapi_schemas import Schemas
from flowprobe.core.wire import Call

__all__ = ["broken_by_request"]

_IGNORED = ("accept", "content-type", "authorization")
"""Header parameters of these names say nothing (OpenAPI, "Parameter Object")."""


def broken_by_request(schemas: Schemas, operation: Operation, call: Call) -> Iterator[Broken]:
    """What the document does not allow. Raises BrokenReference and InvalidSchema."""
    if call.method.lower() != operation.method and (call.method, operation.method) != ("HEAD", "get"):
        yield Broken("request method", f"{operation.method.upper()}, as {operation.name} is called", call.method,
                     str(operation.part))
    given: Mapping[str, Mapping[str, Sequence[str]]] = {
        "path": {name: [text] for name, text in operation.arguments.items()},
        "query": parse_qs(urlsplit(call.url).query, keep_blank_values=True),
        "header": {name.lower(): [text] for name, text in call.headers.items()},
    }
    for part in operation.once("parameters", lambda: _parameters(operation)):
        yield from _parameter(schemas, part, given)
    yield from _body(schemas, operation, call)


def _parameters(operation: Operation) -> tuple[Part, ...]:
    """Those of the operation, and of its path where the operation does not say otherwise."""
    found: dict[tuple[Any, Any], Part] = {}
    for holder in (operation.item, operation.part):
        several = holder.get("parameters")
        for _, part in several.items() if several else ():
            parameter = part.followed()
            if isinstance(parameter.data, Mapping):
                found[str(parameter.data.get("in")), str(parameter.data.get("name"))] = parameter
    return tuple(found.values())


def _parameter(schemas: Schemas, part: Part, given: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[Broken]:
    place, name = str(part.data.get("in")), str(part.data.get("name"))
    if place not in given or (place == "header" and name.lower() in _IGNORED):
        return
    where = f"request {place} {name}"
    texts = given[place].get(name.lower() if place == "header" else name)
    if texts is not None:
        yield from broken_text(schemas, part, texts, "client", where)
    elif _needed(part, given[place]):
        yield Broken(where, "a required parameter", "nothing there", str(part))


def _needed(part: Part, given: Mapping[str, Sequence[str]]) -> bool:
    """An object may be spelt as several parameters (`filter[state]=open`, or `state=open`): that it is missing cannot
    be told then."""
    schema = part.get("schema")
    kind = schema.data.get("type") if schema and isinstance(schema.data, Mapping) else None
    return part.data.get("required") is True and not (kind == "object" and given)


def _body(schemas: Schemas, operation: Operation, call: Call) -> Iterator[Broken]:
    body = operation.part.get("requestBody")
    content = call.body.content
    if body is None:
        if content:
            yield Broken("request body", "no body", f"{len(content)} bytes", str(operation.part))
        return
    if not content:
        if isinstance(body.data, Mapping) and body.data.get("required") is True:
            yield Broken("request body", "a required body", "nothing there", str(body))
        return
    described = body.get("content")
    if described is not None and described.data:
        yield from _content(schemas, described, call)


def _content(schemas: Schemas, described: Part, call: Call) -> Iterator[Broken]:
    header = next((text for name, text in call.headers.items() if name.lower() == "content-type"),
                  call.body.media_type)
    media = media_part(described, header) if header else None
    if media is None:
        kinds = " or ".join(key for key, _ in described.items())
        yield Broken("request content-type", kinds, header or "nothing there", str(described))
        return
    schema = media.get("schema")
    if schema is None or not is_json(media_type(header)):
        return
    try:
        value = json.loads(call.body.content)
    except (ValueError, RecursionError):
        yield Broken("request body $", "JSON", f"{len(call.body.content)} bytes that are none", str(media))
        return
    yield from broken_value(schemas.judge(schema, value, "client"), "request body")
