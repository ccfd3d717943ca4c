"""Calls from the spans of a product: those that it calls `client`, over HTTP. Whoever reads OTLP and what stores answer
with hands in what does (`SpanReader`), so that it is understood in one place.

https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span, and the names that came before them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Protocol

from flowprobe.core.telemetry import Span
from flowprobe.incident.columns import outcome_of, outcome_told
from flowprobe.incident.gathering import CUT_SHORT, Gathering
from flowprobe.incident.text import Text, refused

__all__ = ["DOCUMENT", "REQUEST", "SpanReader", "gather"]

REQUEST = 16 << 20
"""So many bytes a line, or a message, of a file of OTLP may have."""
DOCUMENT = 64 << 20
"""And a file that is one JSON document: what Jaeger and Tempo answer with."""
_HOSTS = ("server.address", "net.peer.name", "peer.service", "http.host", "peer.hostname", "network.peer.address")
_PORTS = ("server.port", "net.peer.port")
_METHODS = ("http.request.method", "http.method")
_PATHS = ("url.template", "http.route", "url.path", "http.target", "url.full", "http.url")
_STATUSES = ("http.response.status_code", "http.status_code")
_OTHER, _NO_HTTP = "a span that is no call to somebody else", "a call that was not over HTTP"
_UNENDED = "a span that does not say how its call ended"


class SpanReader(Protocol):
    """What makes spans of a JSON document, or of a request as protobuf. Both raise ValueError."""

    def of_json(self, data: object) -> tuple[Span, ...]: ...

    def of_protobuf(self, body: bytes) -> tuple[Span, ...]: ...


def gather(text: Text, gathering: Gathering, reader: SpanReader, *, protobuf: bool) -> None:
    """Raises InvalidInput."""
    if protobuf:
        _messages(text, gathering, reader)
    else:
        _lines(text, gathering, reader)


def _lines(text: Text, gathering: Gathering, reader: SpanReader) -> None:
    """A document in each line; where the first line is none, the whole file is one."""
    lines = text.lines(longest=DOCUMENT)
    first = next(lines)
    if not _whole(first[1]):
        _document(text, gathering, reader, chain([first], lines))
        return
    number = 0
    for number, line, whole in chain([first], lines):
        if not line.strip():
            continue
        try:
            spans = reader.of_json(json.loads(line))
        except (ValueError, RecursionError) as error:
            if whole:
                gathering.wrong(number, 1, _told(error))
            else:
                gathering.skip(CUT_SHORT)
            continue
        for span in spans:
            _span(span, gathering, number)
    gathering.lines(number)


def _whole(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _document(text: Text, gathering: Gathering, reader: SpanReader, lines: Iterator[tuple[int, str, bool]]) -> None:
    parts, size = [], 0
    for _, line, _ in lines:
        size += len(line) + 1
        if size > DOCUMENT:
            raise refused(text.path, f"this document is larger than {DOCUMENT} bytes", "ask for fewer traces at once")
        parts.append(line)
    try:
        spans = reader.of_json(json.loads("\n".join(parts)))
    except json.JSONDecodeError as error:
        raise refused(text.path, f"this is no JSON: {error.msg}", "write one document in each line, or one in all",
                      line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError) as error:
        raise refused(text.path, _told(error), line=1) from None
    for span in spans:
        _span(span, gathering, 1)
    gathering.lines(len(parts))


def _messages(text: Text, gathering: Gathering, reader: SpanReader) -> None:
    """One request, or many with their size before each, as the collector's file exporter writes them."""
    for number, (body, whole) in enumerate(text.messages(REQUEST), 1):
        if not whole:
            gathering.skip(CUT_SHORT)
            continue
        try:
            spans = reader.of_protobuf(body)
        except ValueError as error:
            gathering.wrong(0, 0, f"message {number}: {error}")
            continue
        for span in spans:
            _span(span, gathering, 0)


def _told(error: Exception) -> str:
    """An error of JSON stands for its place; every other says what is wrong."""
    if isinstance(error, json.JSONDecodeError | RecursionError):
        return "this is no JSON; see that each line is a whole document"
    return str(error)


def _span(span: Span, gathering: Gathering, line: int) -> None:
    if span.kind != "client":
        gathering.skip(_OTHER)
        return
    said = dict(span.attributes)
    method = _first(said, _METHODS)
    if not method:
        gathering.skip(_NO_HTTP)
        return
    outcome = _outcome(said, span)
    if not outcome:
        gathering.skip(_UNENDED)
        return
    if not 0 <= span.ended - span.started <= 86_400 or not 946_684_800 <= span.started < 4_102_444_800:
        gathering.wrong(line, 1, f"span {span.span} does not end within a day of its beginning, in this century")
        return
    try:
        gathering.call(span.started, span.ended - span.started, outcome, _host(said), method, _target(said))
    except ValueError as error:
        gathering.wrong(line, 1, f"span {span.span}: {error}")


def _first(said: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((said[name] for name in names if said.get(name)), "")


def _host(said: Mapping[str, str]) -> str:
    """With a port that is no usual one, as in the URL of an environment; '' where only the URL has it."""
    host, port = _first(said, _HOSTS), _first(said, _PORTS)
    if not host:
        return _first(said, ("url.full", "http.url"))
    return f"{host}:{port}" if port and port not in ("80", "443") and ":" not in host else host


def _target(said: Mapping[str, str]) -> str:
    target = _first(said, _PATHS)
    return target if target.startswith("/") or "://" in target or not target else f"/{target}"


def _outcome(said: Mapping[str, str], span: Span) -> str:
    """The status; where there is none, what kept it from coming."""
    try:
        return outcome_of(_first(said, _STATUSES) or said.get("error.type", ""), said.get("error.type", ""))
    except ValueError:
        told = f"{said.get('error.type', '')} {said.get('exception.type', '')} {span.said}"
        return outcome_told(told)
