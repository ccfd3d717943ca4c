"""Spans from Jaeger: `GET /api/traces/{trace id}` of its query service, which Jaeger 1 and Jaeger 2 both have.

It is the API of Jaeger's own pages (https://www.jaegertracing.io/docs/latest/architecture/apis/#query-json-over-http;
shapes as in its `model/json/model.go`): `{"data": [{"spans": [...], "processes": {...}}], "errors": [...]}`, times in
microseconds, 404 for a trace that it does not know. Older ones drop the leading zeros of ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from flowprobe.core.telemetry import LogLine, Span, Telemetry
from flowprobe.telemetry.reading import MOST, Ask, Found, by_trace, epoch, hex_id, items, parsed, reply_of, text_of

__all__ = ["Jaeger", "every_span", "spans_of"]

_MICROSECONDS = 1_000_000
_TOLD = ("span.kind", "otel.status_code", "otel.status_description", "error", "internal.span.format")


class Jaeger:
    """Reads from the query service at `base`."""

    def __init__(self, base: str, ask: Ask) -> None:
        self.name = f"Jaeger at {base}"
        self._base, self._ask = base.rstrip("/"), ask

    def read(self, traces: Sequence[str]) -> Found:
        return by_trace(traces, self._one)

    def _one(self, trace: str) -> Found:
        body, trouble = reply_of(self.name, self._ask(f"{self._base}/api/traces/{trace}"))
        if not body:
            return Found((), trouble)
        try:
            return Found(spans_of(body, trace))
        except ValueError as error:
            return Found((), f"{self.name} is not understood: {error}; name the URL of its query service")


def spans_of(body: bytes, trace: str) -> tuple[Telemetry, ...]:
    """The spans of a reply that belong to a trace, and what was logged in them. Raises ValueError."""
    reply = parsed(body)
    if "data" not in reply:
        raise ValueError("its reply has no `data`")
    return tuple(islice((said for each in items(reply["data"]) for said in _said(each, trace)), MOST))


def every_span(reply: Mapping[str, Any]) -> Iterator[Span]:
    """The spans of a reply, of whatever traces. Raises ValueError."""
    for found in items(reply.get("data")):
        for trace in {hex_id(span.get("traceID"), 32) for span in items(found.get("spans"))} - {""}:
            yield from (said for said in _said(found, trace) if isinstance(said, Span))


def _said(found: Mapping[str, Any], trace: str) -> Iterator[Telemetry]:
    processes = found.get("processes")
    for span in items(found.get("spans")):
        if hex_id(span.get("traceID"), 32) == trace and (number := hex_id(span.get("spanID"), 16)):
            own = span.get("process")
            named = processes.get(str(span.get("processID"))) if isinstance(processes, dict) else None
            process = own if isinstance(own, dict) else named if isinstance(named, dict) else {}
            service = text_of(process.get("serviceName"))
            yield _span(span, trace, number, service)
            yield from _logged(span, trace, number, service)


def _span(span: Mapping[str, Any], trace: str, number: str, service: str) -> Span:
    tags = _pairs(span.get("tags"))
    started = epoch(span.get("startTime"), per_second=_MICROSECONDS)
    return Span(
        trace=trace, span=number, parent=_parent(span, trace), name=text_of(span.get("operationName")),
        service=service, kind=tags.get("span.kind", "internal").lower(), started=started,
        ended=started + epoch(span.get("duration", 0), per_second=_MICROSECONDS), status=_status(tags),
        said=tags.get("otel.status_description", ""),
        attributes=tuple((key, value) for key, value in tags.items() if key not in _TOLD))


def _status(tags: Mapping[str, str]) -> str:
    code = tags.get("otel.status_code", "").lower()
    if code == "error" or tags.get("error", "").lower() == "true":
        return "error"
    return "ok" if code == "ok" else "unset"


def _parent(span: Mapping[str, Any], trace: str) -> str:
    """What it is a child of, in its own trace; spans of long ago name it beside their references."""
    parents = (hex_id(each.get("spanID"), 16) for each in items(span.get("references"))
               if each.get("refType") == "CHILD_OF" and hex_id(each.get("traceID"), 32) == trace)
    return next(parents, "") or hex_id(span.get("parentSpanID"), 16)


def _logged(span: Mapping[str, Any], trace: str, number: str, service: str) -> Iterator[LogLine]:
    for line in items(span.get("logs")):
        fields = _pairs(line.get("fields"))
        words = [fields.pop(key) for key in ("event", "message") if key in fields]
        severity = fields.pop("level", "")
        text = " ".join((*words, *(f"{key}={value}" for key, value in fields.items())))
        yield LogLine(trace, number, epoch(line.get("timestamp"), per_second=_MICROSECONDS), severity, service, text)


def _pairs(tags: Any) -> dict[str, str]:
    return {text_of(tag.get("key")): text_of(tag.get("value")) for tag in items(tags)}
