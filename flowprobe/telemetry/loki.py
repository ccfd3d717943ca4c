"""Log lines from Loki: `GET /loki/api/v1/query_range` (https://grafana.com/docs/loki/latest/reference/loki-http-api/,
Loki 2 and 3) with a LogQL query in which `${trace}` stands for the trace id.

Structured metadata comes folded into the labels of the stream, as Loki does where nobody asks for it apart; a reply
that has it apart (`[time, line, {"structuredMetadata": {...}}]`) is read too. Times are nanoseconds, as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from flowprobe.core.telemetry import LogLine
from flowprobe.telemetry.reading import (
    LONGEST,
    MOST,
    Ask,
    Found,
    by_trace,
    epoch,
    hex_id,
    items,
    parsed,
    reply_of,
    text_of,
)

__all__ = ["Loki", "lines_of"]

AROUND_S = 60
"""How far a product's clock may be off ours: so much before the run is asked for, and after it."""
_NANOSECONDS = 1_000_000_000
_SEVERITIES = ("level", "severity", "severity_text", "detected_level")
_SERVICES = ("service_name", "service", "app", "container", "job")
_SPANS = ("span_id", "spanid", "spanId", "spanID")


class Loki:
    """Reads from the Loki at `base`, what was logged from `began` (seconds since the epoch) on."""

    def __init__(self, base: str, query: str, ask: Ask, *, began: float) -> None:
        self.name = f"Loki at {base}"
        self._base, self._query, self._ask, self._began = base.rstrip("/"), query, ask, began

    def read(self, traces: Sequence[str]) -> Found:
        return by_trace(traces, self._one)

    def _one(self, trace: str) -> Found:
        body, trouble = reply_of(self.name, self._ask(self._url(trace)))
        if not body:
            return Found((), trouble)
        try:
            return Found(lines_of(body, trace))
        except ValueError as error:
            return Found((), f"{self.name} is not understood: {error}; see its URL and `query`")

    def _url(self, trace: str) -> str:
        """No end is named: it is Loki's now."""
        start = int(self._began - AROUND_S) * _NANOSECONDS
        asked = {"query": self._query.replace("${trace}", trace), "start": start, "limit": MOST // 2,
                 "direction": "forward"}
        return f"{self._base}/loki/api/v1/query_range?{urlencode(asked)}"


def lines_of(body: bytes, trace: str) -> tuple[LogLine, ...]:
    """The lines of a reply, which was asked for by this trace. Raises ValueError."""
    data = parsed(body).get("data")
    if not isinstance(data, dict) or data.get("resultType") != "streams":
        raise ValueError("its reply holds no log lines")
    return tuple(islice((line for stream in items(data.get("result")) for line in _lines(stream, trace)), MOST))


def _lines(stream: Mapping[str, Any], trace: str) -> Iterator[LogLine]:
    common, values = stream.get("stream"), stream.get("values")
    for value in values if isinstance(values, list) else ():
        if not isinstance(value, list) or len(value) < 2:
            continue
        labels = {**(common if isinstance(common, dict) else {}), **_apart(value)}
        yield LogLine(
            trace, hex_id(_first(labels, _SPANS), 16), epoch(value[0], per_second=_NANOSECONDS),
            _first(labels, _SEVERITIES), _first(labels, _SERVICES), text_of(value[1])[:LONGEST])


def _apart(value: Sequence[Any]) -> dict[str, Any]:
    """What stands beside one line."""
    beside = value[2] if len(value) > 2 and isinstance(value[2], dict) else {}
    parts = [part for key in ("parsed", "structuredMetadata") if isinstance(part := beside.get(key), dict)]
    return {key: each for part in parts for key, each in part.items()}


def _first(labels: Mapping[str, Any], names: Sequence[str]) -> str:
    found = (text_of(labels[name]) for name in names if name in labels)
    return next((text for text in found if text and text != "unknown_service"), "")
