"""What was recorded of providers, from files: those of traces are understood by what hears them in a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flowprobe.core.telemetry import Span
from flowprobe.incident.options import Options, Progress, Read
from flowprobe.incident.reading import read
from flowprobe.telemetry import jaeger
from flowprobe.telemetry.otlp import calls_of_protobuf, spans_of_json

__all__ = ["Traces", "read_sources"]


def read_sources(sources: Sequence[Path], options: Options, *,
                 progress: Progress = lambda _done, _total: None) -> Read:
    """The calls that the files hold, by operation. Raises InvalidInput."""
    return read(sources, options, progress=progress, reader=Traces())


class Traces:
    """Understands OTLP, and what Jaeger and Tempo answer with."""

    def of_json(self, data: object) -> tuple[Span, ...]:
        """Raises ValueError."""
        if not isinstance(data, dict):
            raise ValueError("this is no OTLP, and nothing that Jaeger or Tempo answer with")
        if "data" in data:
            return tuple(jaeger.every_span(data))
        inner = data.get("trace", data)
        if not isinstance(inner, dict) or not inner.keys() & {"resourceSpans", "batches"}:
            raise ValueError("this has no resourceSpans, batches or data; see that it holds traces")
        return spans_of_json({"resourceSpans": inner.get("resourceSpans") or inner.get("batches") or []})

    def of_protobuf(self, body: bytes) -> tuple[Span, ...]:
        """Raises ValueError."""
        return tuple(calls_of_protobuf(body))
