"""Gauges as OTLP/JSON metrics (https://opentelemetry.io/docs/specs/otlp/, version 1): one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from flowprobe.report.cleared import cleared_text
from flowprobe.report.nights_metrics import Gauge, Point

__all__ = ["metrics_request"]

_UNITS = {"seconds": "s", "ratio": "1"}


def metrics_request(gauges: Iterable[Gauge], *, version: str, environment: str, at: float,
                    redact: Callable[[str], str] = str) -> str:
    """An ExportMetricsServiceRequest on one line. `at` are seconds since 1970: when the night ended."""
    resource = {"service.name": "flowprobe", "service.version": version, "deployment.environment.name": environment}
    nanoseconds = str(max(0, round(at * 1e9)))
    metrics = [_metric(gauge, nanoseconds) for gauge in gauges]
    return cleared_text({"resourceMetrics": [{
        "resource": {"attributes": _attributes(resource)},
        "scopeMetrics": [{"scope": {"name": "flowprobe", "version": version}, "metrics": metrics}]}]}, redact)


def _metric(gauge: Gauge, at: str) -> dict[str, Any]:
    return {"name": gauge.name.replace("_", ".", 1), "description": gauge.about, "unit": _UNITS.get(gauge.unit, ""),
            "gauge": {"dataPoints": [_point(point, at) for point in gauge.points]}}


def _point(point: Point, at: str) -> dict[str, Any]:
    return {"attributes": _attributes(point.labels), "timeUnixNano": at, "asDouble": float(point.value)}


def _attributes(pairs: Any) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in pairs.items()]
