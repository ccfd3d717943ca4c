"""A reply held against its operation: status, headers, media type and body."""

from __future__ import annotations

from collections.abc import Iterator

from flowprobe.core.contract_values import Broken, broken_text, broken_value, is_json, media_part, media_type
from flowprobe.core.json_schema import json_path
from flowprobe.core.jsonpath import MISSING
from flowprobe.core.openapi import Operation, Part
from flowprobe.core.openapi_declared import undeclared
from flowprobe.core.openapi_schemas import Schemas
from flowprobe.core.parsed import Parsed
from flowprobe.core.shapes import shown
from flowprobe.core.wire import Call, Reply

__all__ = ["broken_by_reply"]

_BODILESS = (204, 205, 304)


def broken_by_reply(schemas: Schemas, operation: Operation, call: Call, parsed: Parsed, *, declared: bool) -> (
        Iterator[Broken]):
    """What the document does not allow. `declared`: nor properties that it does not name. Raises BrokenReference and
    InvalidSchema."""
    reply = parsed.reply
    response = operation.once(reply.status, lambda: _response(operation, reply.status))
    if response is None:
        yield _undeclared_status(operation, reply)
        return
    headers = operation.once(("headers", reply.status), lambda: _headers(response))
    for name, header in headers:
        yield from _header(schemas, name, header, reply)
    if call.method != "HEAD" and reply.status not in _BODILESS:
        yield from _body(schemas, operation, response, parsed, declared)


def _response(operation: Operation, status: int) -> Part | None:
    """What is said of a status: of itself, of its hundred, of all others."""
    responses = operation.part.get("responses")
    if responses is None:
        return None
    hundred = f"{status // 100}XX"
    return (responses.get(str(status)) or responses.get(hundred) or responses.get(hundred.lower())
            or responses.get("default"))


def _undeclared_status(operation: Operation, reply: Reply) -> Broken:
    responses = operation.part.get("responses")
    statuses = [key for key, _ in responses.items() if not key.startswith("x-")] if responses else []
    expected = f"{' or '.join(statuses)}, as {operation.name} declares" if statuses else "a declared status"
    return Broken("status", expected, str(reply.status), str(responses or operation.part))


def _headers(response: Part) -> tuple[tuple[str, Part], ...]:
    """But for Content-Type, of which `content` speaks (OpenAPI, "Response Object")."""
    declared = response.get("headers")
    return tuple((name, part.followed()) for name, part in (declared.items() if declared else ())
                 if name.lower() != "content-type")


def _header(schemas: Schemas, name: str, header: Part, reply: Reply) -> Iterator[Broken]:
    texts = [value for key, value in reply.headers if key == name.lower()]
    if texts:
        yield from broken_text(schemas, header, texts, "product", f"header {name}")
    elif isinstance(header.data, dict) and header.data.get("required") is True:
        yield Broken(f"header {name}", "a required header", "nothing there", str(header))


def _body(schemas: Schemas, operation: Operation, response: Part, parsed: Parsed, declared: bool) -> Iterator[Broken]:
    header = parsed.reply.header("content-type")
    key = "content", parsed.reply.status, header
    content, media, schema = operation.once(key, lambda: _content(response, header))
    if content is None:
        return  # nothing is said of a body
    if not parsed.reply.body or media is None:
        kinds = " or ".join(key for key, _ in content.items())
        if parsed.reply.body:
            yield Broken("content-type", kinds, header if header is not None else "nothing there", str(content))
        else:
            yield Broken("body", f"a body of {kinds}", "an empty body", str(content))
    elif schema is not None and parsed.json is MISSING:
        yield Broken("$", "JSON", parsed.json_error, str(media))
    elif schema is not None:
        yield from _json(schemas, schema, parsed, declared)


def _content(response: Part, header: str | None) -> tuple[Part | None, Part | None, Part | None]:
    """What is said of bodies, of those of this media type, and the schema where it is one of JSON."""
    content = response.get("content")
    if content is None or not content.data:
        return None, None, None
    media = media_part(content, header) if header is not None else None
    if header is None or media is None or not is_json(media_type(header)):
        return content, media, None
    return content, media, media.get("schema")


def _json(schemas: Schemas, schema: Part, parsed: Parsed, declared: bool) -> Iterator[Broken]:
    yield from broken_value(schemas.judge(schema, parsed.json, "product"))
    for each in undeclared(schema, parsed.json) if declared else ():
        yield Broken(json_path(each.path), "no undeclared property", shown(each.value), str(each.document))
