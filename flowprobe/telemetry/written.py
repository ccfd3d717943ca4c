"""A line that a program wrote to its log, in whatever form: JSON, or text with a time before it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flowprobe.core.telemetry import LogLine
from flowprobe.telemetry.reading import LONGEST, epoch, hex_id, text_of

__all__ = ["log_line"]

_TIMES = ("time", "ts", "timestamp", "@timestamp", "asctime", "__REALTIME_TIMESTAMP")
_LEVELS = ("level", "severity", "levelname", "log.level", "lvl", "PRIORITY")
_TEXTS = ("msg", "message", "event", "body", "MESSAGE")
_SERVICES = ("service", "service.name", "service_name", "app", "logger", "SYSLOG_IDENTIFIER")
_SPANS = ("span_id", "spanId", "spanid", "span")
_TRACES = ("trace_id", "traceId", "traceid", "trace")
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)\s+", re.ASCII)
_WORD = re.compile(r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b", re.ASCII)
_HEAD = 80


def log_line(text: str, trace: str, *, at: float) -> LogLine:
    """What a line says, under a trace; `at` is its time where it names none."""
    text = text[:LONGEST]
    try:
        fields = json.loads(text) if text.startswith("{") else None
    except (ValueError, RecursionError):
        fields = None
    return _of_fields(fields, trace, at) if isinstance(fields, dict) else _of_text(text, trace, at)


def _of_fields(fields: Mapping[str, Any], trace: str, at: float) -> LogLine:
    rest = dict(fields)
    time, level, text, service, span = (
        _take(rest, names) for names in (_TIMES, _LEVELS, _TEXTS, _SERVICES, _SPANS))
    _take(rest, _TRACES)
    beside = (f"{key}={text_of(value)}" for key, value in rest.items() if not key.startswith("_"))
    said = " ".join(part for part in (text_of(text), *beside) if part)
    found = _time(time)
    return LogLine(trace, hex_id(span, 16), at if found is None else found, text_of(level), text_of(service),
                   said[:LONGEST])


def _take(fields: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((fields.pop(name) for name in names if name in fields), None)


def _of_text(text: str, trace: str, at: float) -> LogLine:
    stamp = _STAMP.match(text)
    found = _time(stamp[1]) if stamp else None
    rest = text[stamp.end():] if stamp and found is not None else text
    level = _WORD.search(rest, 0, _HEAD)
    rest = rest[level.end():].lstrip(" :") if level and level.start() == 0 else rest  # it is told beside the text
    return LogLine(trace, "", at if found is None else found, level[1] if level else "", "", rest)


def _time(value: Any) -> float | None:
    """Of ISO 8601 (UTC where it names no zone), or of a number in seconds or smaller units, whose size tells which."""
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        return _of_iso(value)
    try:
        number = float(value) if isinstance(value, str) else value
        return epoch(number, per_second=_unit(number))
    except (ValueError, TypeError):
        return None


def _unit(number: Any) -> int:
    """1 for seconds up to the year 5138, and so on to nanoseconds."""
    return next((unit for unit in (1, 1_000, 1_000_000) if number < unit * 100_000_000_000), 1_000_000_000)


def _of_iso(text: str) -> float | None:
    try:
        found = datetime.fromisoformat(text.replace(",", "."))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
