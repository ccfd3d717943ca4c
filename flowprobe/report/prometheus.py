"""Gauges in Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/): for the
textfile collector of the node exporter, which wants no timestamps and a file that is replaced as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from flowprobe.report.nights_metrics import Gauge, Point
from flowprobe.report.visible import visible

__all__ = ["prometheus_text"]


def prometheus_text(gauges: Iterable[Gauge], redact: Callable[[str], str] = str) -> Iterator[str]:
    """Line by line; what a label says is redacted before it is escaped."""
    for gauge in gauges:
        yield f"# HELP {gauge.name} {gauge.about}\n"
        yield f"# TYPE {gauge.name} gauge\n"
        for point in gauge.points:
            yield f"{gauge.name}{_labels(point, redact)} {_number(point.value)}\n"


def _labels(point: Point, redact: Callable[[str], str]) -> str:
    named = ",".join(f'{name}="{_escaped(redact(value))}"' for name, value in point.labels.items())
    return f"{{{named}}}" if named else ""


def _escaped(text: str) -> str:
    return visible(text.replace("\n", " ")).replace("\\", "\\\\").replace('"', '\\"')


def _number(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else repr(float(value))
