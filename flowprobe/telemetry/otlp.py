"""OTLP, as exporters send it: requests of spans and log lines, as protobuf or JSON, made into values.

https://opentelemetry.io/docs/specs/otlp/. The JSON form has ids as hex digits and enums as numbers, which is not
protobuf's own JSON; stores that answer with protobuf's (base64 ids, names of enums) are understood as well. Pure on
bytes: nothing here listens, opens or waits. A text that is not OTLP raises ValueError with a plain sentence.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from flowprobe.core.telemetry import LogLine, Span, Telemetry

__all__ = ["JSON", "LIMIT", "PROTOBUF", "TooLarge", "calls_of_protobuf", "lines_of_json", "logs", "request_of",
           "spans_of_json", "traces"]

PROTOBUF, JSON = "application/x-protobuf", "application/json"
LIMIT = 16 * 1024 * 1024
"""So many bytes a request may have once it is unpacked."""

_Object: TypeAlias = Mapping[str, Any]
_KINDS = ("", "internal", "server", "client", "producer", "consumer")
_STATUS = ("unset", "ok", "error")
_SEVERITIES = ("", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_DEEP = 32
_STEP = 4
"""A severity has four numbers: https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber"""


class TooLarge(ValueError):
    """A request that is larger than anything we take."""


def traces(body: bytes, content_type: str, *, encoding: str = "") -> tuple[Span, ...]:
    """The spans of an ExportTraceServiceRequest. `encoding` is its Content-Encoding. Raises ValueError, of which
    TooLarge is one."""
    return spans_of_json(_data(body, content_type, encoding, "trace"))


def logs(body: bytes, content_type: str, *, encoding: str = "") -> tuple[LogLine, ...]:
    """The log lines of an ExportLogsServiceRequest. Raises as `traces` does."""
    return lines_of_json(_data(body, content_type, encoding, "logs"))


def spans_of_json(data: object) -> tuple[Span, ...]:
    """The spans of a parsed request (or of a line of an OTLP file, which is the same). Raises ValueError."""
    return tuple(_span(service, each) for service, each in _entries(data, "resourceSpans", "scopeSpans", "spans"))


def lines_of_json(data: object) -> tuple[LogLine, ...]:
    """The log lines of a parsed request, or of a line of an OTLP file. Raises ValueError."""
    return tuple(_line(service, each) for service, each in _entries(data, "resourceLogs", "scopeLogs", "logRecords"))


def request_of(said: Telemetry) -> dict[str, Any]:
    """A span or a log line as a request in the JSON form: what `spans_of_json` or `lines_of_json` reads again."""
    resource = {"attributes": [_attribute("service.name", said.service)] if said.service else []}
    if isinstance(said, Span):
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [_span_json(said)]}]}]}
    line = {"timeUnixNano": _nanoseconds(said.at), "severityText": said.severity, "traceId": said.trace,
            "spanId": said.span, "body": {"stringValue": said.text}}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [line]}]}]}


def _span_json(span: Span) -> dict[str, Any]:
    return {"traceId": span.trace, "spanId": span.span, "parentSpanId": span.parent, "name": span.name,
            "kind": _KINDS.index(span.kind), "startTimeUnixNano": _nanoseconds(span.started),
            "endTimeUnixNano": _nanoseconds(span.ended),
            "attributes": [_attribute(key, value) for key, value in span.attributes],
            "status": {"code": _STATUS.index(span.status), "message": span.said}}


def _attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def _nanoseconds(seconds: float) -> str:
    return str(round(seconds * 1e9))


# --- the encodings --------------------------------------------------------------------------------


def _data(body: bytes, content_type: str, encoding: str, what: str) -> object:
    """A request as the tree that its JSON form has."""
    media = content_type.partition(";")[0].strip().lower()
    if media not in (PROTOBUF, JSON):
        raise ValueError(f"expected {PROTOBUF} or {JSON}, found {media[:100] or 'no content type'}")
    plain = _unpacked(body, encoding.strip().lower())
    return _json(plain) if media == JSON else _protobuf(plain, what)


def _unpacked(body: bytes, encoding: str) -> bytes:
    """What was packed with gzip or deflate, which are those that exporters know; never more than LIMIT bytes."""
    if encoding in ("gzip", "deflate"):
        body = _inflated(body)
    elif encoding not in ("", "identity"):
        raise ValueError(f"expected gzip, deflate or no content encoding, found {encoding[:100]}")
    if len(body) > LIMIT:
        raise TooLarge(f"a request has at most {LIMIT} bytes")
    return body


def _inflated(body: bytes) -> bytes:
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # either header
    try:
        plain = unpack.decompress(body, LIMIT + 1)
    except zlib.error as error:
        raise ValueError("the content is not what its content encoding says") from error
    if len(plain) <= LIMIT and (not unpack.eof or unpack.unused_data):
        raise ValueError("the content does not end where its content encoding says")
    return plain


def _json(plain: bytes) -> object:
    try:
        return json.loads(plain)
    except (ValueError, RecursionError) as error:
        raise ValueError("the content is not JSON") from error


def _protobuf(plain: bytes, what: str) -> object:
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    message = ExportTraceServiceRequest() if what == "trace" else ExportLogsServiceRequest()
    try:
        message.ParseFromString(plain)
        return MessageToDict(message, use_integers_for_enums=True)
    except (DecodeError, RecursionError) as error:
        raise ValueError(f"the content is not a {what} request as protobuf") from error


def calls_of_protobuf(body: bytes) -> Iterator[Span]:
    """The spans of a request as protobuf, in a third of the time of `traces`: their ids, kinds and times, and of those
    that call somebody the attributes with a single value, too. Raises ValueError."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except (DecodeError, RecursionError) as error:
        raise ValueError("the content is not a trace request as protobuf") from error
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for each in scope.spans:
                kind = _KINDS[each.kind] if 0 <= each.kind < len(_KINDS) else ""
                told = tuple((one.key, _single(one.value)) for one in each.attributes) if kind == "client" else ()
                yield Span(each.trace_id.hex(), each.span_id.hex(), each.parent_span_id.hex(), each.name, "", kind,
                           each.start_time_unix_nano / 1e9, each.end_time_unix_nano / 1e9, said=each.status.message,
                           attributes=told)


def _single(value: Any) -> str:
    which = value.WhichOneof("value")
    if which == "string_value":
        return str(value.string_value)
    return str(value.int_value) if which == "int_value" else ""


# --- the tree -------------------------------------------------------------------------------------


def _entries(data: object, resources: str, scopes: str, entries: str) -> Iterator[tuple[str, _Object]]:
    """Each span or log line, with the service that it is of."""
    for resource in _objects(_object(data, "a request"), resources):
        service = dict(_attributes(_object(resource.get("resource", {}), "resource"))).get("service.name", "")
        for scope in _objects(resource, scopes):
            for each in _objects(scope, entries):
                yield service, each


def _span(service: str, given: _Object) -> Span:
    status = _object(given.get("status", {}), "status")
    return Span(
        _id(given, "traceId", 16), _id(given, "spanId", 8), _id(given, "parentSpanId", 8, absent=True),
        _text(given, "name"), service, _of(_KINDS, given.get("kind"), "SPAN_KIND_"),
        _seconds(given, "startTimeUnixNano"), _seconds(given, "endTimeUnixNano"),
        _of(_STATUS, status.get("code"), "STATUS_CODE_"),
        _text(status, "message") or _thrown(_objects(given, "events")), _attributes(given))


def _line(service: str, given: _Object) -> LogLine:
    at = _seconds(given, "timeUnixNano") or _seconds(given, "observedTimeUnixNano")
    said = (_value(given.get("body")), _exception(dict(_attributes(given))))
    return LogLine(_id(given, "traceId", 16, absent=True), _id(given, "spanId", 8, absent=True), at, _severity(given),
                   service, " · ".join(part for part in said if part))


def _severity(given: _Object) -> str:
    """As it was written; else the name of its number."""
    return _text(given, "severityText") or _of_number(given.get("severityNumber"))


def _of_number(number: object) -> str:
    if isinstance(number, str):  # SEVERITY_NUMBER_ERROR2
        return next((name for name in _SEVERITIES[1:] if name in number), "")
    if isinstance(number, int) and 0 < number <= _STEP * (len(_SEVERITIES) - 1):
        return _SEVERITIES[(number + _STEP - 1) // _STEP]
    return ""


def _thrown(events: Iterable[_Object]) -> str:
    """What the last exception of a span says, where its status does not say anything."""
    said = [_exception(dict(_attributes(event))) for event in events]
    return next((text for text in reversed(said) if text), "")


def _exception(attributes: Mapping[str, str]) -> str:
    parts = (attributes.get("exception.type", ""), attributes.get("exception.message", ""))
    return ": ".join(part for part in parts if part)


def _attributes(given: _Object) -> tuple[tuple[str, str], ...]:
    return tuple((_text(each, "key"), _value(each.get("value"))) for each in _objects(given, "attributes"))


def _value(given: object) -> str:
    """An AnyValue as text: a text as it is, everything else as JSON."""
    plain = _plain(given)
    return plain if isinstance(plain, str) else "" if plain is None else json.dumps(plain, ensure_ascii=False)


def _plain(given: object, depth: int = 0) -> Any:
    if depth > _DEEP:
        raise ValueError(f"the value of an attribute or a body is nested more than {_DEEP} deep")
    match given:
        case {"arrayValue": values}:
            listed = _list(_object(values, "arrayValue").get("values", []), "values")
            return [_plain(each, depth + 1) for each in listed]
        case {"kvlistValue": values}:
            return {_text(each, "key"): _plain(each.get("value"), depth + 1)
                    for each in _objects(_object(values, "kvlistValue"), "values")}
        case {"intValue": value}:
            return _whole(value, "intValue")
        case ({"stringValue": str() as value} | {"boolValue": bool() as value} | {"bytesValue": str() as value}
              | {"doubleValue": int() | float() | str() as value}):
            return value
        case None:
            return None
        case dict() if not given:
            return None
        case _:
            raise ValueError("expected the value of an attribute or a body to be an AnyValue")


# --- single values --------------------------------------------------------------------------------


def _object(given: object, what: str) -> _Object:
    if not isinstance(given, dict):
        raise ValueError(f"expected {what} to be an object")
    return given


def _list(given: object, what: str) -> list[Any]:
    if not isinstance(given, list):
        raise ValueError(f"expected {what} to be a list")
    return given


def _objects(given: _Object, key: str) -> Iterator[_Object]:
    return (_object(each, f"each of {key}") for each in _list(given.get(key) or [], key))


def _text(given: _Object, key: str) -> str:
    found = given.get(key) or ""
    if not isinstance(found, str):
        raise ValueError(f"expected {key} to be a text")
    return found


def _id(given: _Object, key: str, size: int, *, absent: bool = False) -> str:
    """An id of so many bytes as hex digits; '' where it is not there. Hex has another length than base64 has."""
    written = _text(given, key)
    try:
        raw = bytes.fromhex(written) if len(written) == 2 * size else base64.b64decode(written, validate=True)
    except (ValueError, binascii.Error):
        raw = b"?"
    if absent and not any(raw):
        return ""
    if len(raw) != size or not any(raw):
        raise ValueError(f"expected {key} to be {2 * size} hex digits, not all of them 0")
    return raw.hex()


def _seconds(given: _Object, key: str) -> float:
    """Nanoseconds since the epoch, written as a number or as text."""
    nanoseconds = _whole(given.get(key) or 0, key)
    if not 0 <= nanoseconds < 2**64:
        raise ValueError(f"expected {key} to be nanoseconds since 1970")
    return nanoseconds / 1e9


def _whole(given: object, key: str) -> int:
    try:
        if isinstance(given, int | str):
            return int(given)
    except ValueError:
        pass
    raise ValueError(f"expected {key} to be a whole number")


def _of(names: tuple[str, ...], given: object, prefix: str) -> str:
    """The name for the number of an enum, or for what protobuf's own JSON calls it; that of 0 for what we do not
    know: senders may be newer than we are."""
    if isinstance(given, str):
        name = given.removeprefix(prefix).lower()
        return name if name in names else names[0]
    return names[given] if isinstance(given, int) and 0 <= given < len(names) else names[0]
