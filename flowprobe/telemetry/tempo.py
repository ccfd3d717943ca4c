"""Spans from Grafana Tempo: `GET /api/v2/traces/{trace id}`, and `GET /api/traces/{trace id}` of an older one, which
has no other (https://grafana.com/docs/tempo/latest/api_docs/#query-v2).

Both answer with the JSON of OTLP; the first has the trace as `trace.resourceSpans`, the second as `batches`. Ids are
base64 and kinds the names of protobuf's enums. A trace that it does not know is a 404, or an empty `trace`.
"""

from __future__ import annotations

from collections.abc import Sequence

from flowprobe.core.telemetry import Span
from flowprobe.core.wire import Outcome, Reply
from flowprobe.telemetry.otlp import spans_of_json
from flowprobe.telemetry.reading import MOST, Ask, Found, by_trace, parsed, reply_of

__all__ = ["Tempo", "spans_of"]


class Tempo:
    """Reads from the query frontend at `base`."""

    def __init__(self, base: str, ask: Ask) -> None:
        self.name = f"Tempo at {base}"
        self._base, self._ask = base.rstrip("/"), ask

    def read(self, traces: Sequence[str]) -> Found:
        return by_trace(traces, self._one)

    def _one(self, trace: str) -> Found:
        body, trouble = reply_of(self.name, self._asked(trace))
        if not body:
            return Found((), trouble)
        try:
            return Found(spans_of(body, trace))
        except ValueError as error:
            return Found((), f"{self.name} is not understood: {error}; name the URL of its HTTP API")

    def _asked(self, trace: str) -> Outcome:
        """What it knows; whether a 404 means the trace or the API, only the older one can tell."""
        outcome = self._ask(f"{self._base}/api/v2/traces/{trace}")
        if isinstance(outcome, Reply) and outcome.status == 404:
            return self._ask(f"{self._base}/api/traces/{trace}")
        return outcome


def spans_of(body: bytes, trace: str) -> tuple[Span, ...]:
    """The spans of a reply that belong to a trace. Raises ValueError."""
    reply = parsed(body)
    inner = reply.get("trace", reply)
    if not isinstance(inner, dict):
        raise ValueError("its reply has no trace")
    if reply is inner and not {"batches", "resourceSpans"} & reply.keys():
        raise ValueError("its reply has neither `trace` nor `batches`")
    found = spans_of_json({"resourceSpans": inner.get("resourceSpans") or inner.get("batches") or []})
    return tuple(span for span in found if span.trace == trace)[:MOST]
