"""What the product says of itself under a call: in words, as lines for people, and as JSON.

What is shown is bounded, and what is left out is counted; the run's folder has the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flowprobe.core.events import members
from flowprobe.core.expect import milliseconds
from flowprobe.core.redact import cut_short
from flowprobe.core.span_tree import tree
from flowprobe.core.telemetry import LogLine, Span, Telemetry
from flowprobe.report import spans as shown

__all__ = ["Saying", "attributes_of", "said_json", "said_lines", "saying_of"]

MOST = 50
"""So many spans, and so many log lines, of one call are shown."""
_ATTRIBUTES = 200


@dataclass(frozen=True, slots=True)
class Saying:
    """What was said under one call, as much of it as is shown: spans with their depth, log lines in the order of time.
    `start` and `seconds` are from the first that was said to the last, on the clock of the product."""

    spans: Sequence[tuple[int, Span]]
    lines: Sequence[LogLine]
    counted: Mapping[str, int]
    start: float
    seconds: float

    @property
    def summary(self) -> str:
        """`3 spans, 1 of them an error, 2 log lines`."""
        counts = self.counted
        errors = f", {counts['errors']} of them {_plural(counts['errors'], 'an error', 'errors')}"
        parts = (f"{counts['spans']} {_plural(counts['spans'], 'span', 'spans')}{errors if counts['errors'] else ''}",
                 f"{counts['lines']} log {_plural(counts['lines'], 'line', 'lines')}")
        return ", ".join(part for part, many in zip(parts, (counts["spans"], counts["lines"]), strict=True) if many)

    @property
    def left_out(self) -> str:
        """What of it is not shown; '' for nothing."""
        spans, lines = self.counted["spans"] - len(self.spans), self.counted["lines"] - len(self.lines)
        parts = [f"{many} more {noun}" for many, noun in ((spans, "spans"), (lines, "log lines")) if many]
        return " and ".join(parts)


def saying_of(said: Collection[Telemetry], most: int = MOST) -> Saying:
    spans = [each for each in said if isinstance(each, Span)]
    lines = [each for each in said if isinstance(each, LogLine)]
    counted = Counter(spans=len(spans), lines=len(lines), errors=sum(span.status == "error" for span in spans))
    starts = [span.started for span in spans] or [line.at for line in lines]
    ends = [span.ended for span in spans] or [line.at for line in lines]
    start = min(starts, default=0.0)
    return Saying(tree(spans)[:most], lines[:most], counted, start, max(max(ends, default=0.0) - start, 0.0))


def _plural(count: int, one: str, many: str) -> str:
    return one if count == 1 else many


def attributes_of(span: Span, redact: Callable[[str], str] = str) -> str:
    """The attributes of a span in one line, not too long."""
    return cut_short(redact(" · ".join(f"{key}={value}" for key, value in span.attributes)), _ATTRIBUTES)


# --- for people -----------------------------------------------------------------------------------


def said_lines(said: Collection[Telemetry]) -> Iterator[shown.Line]:
    """What was said under one call, as `show` tells it."""
    saying = saying_of(said)
    yield shown.line(shown.Span("the product says: ", "bold"), saying.summary)
    for depth, span in saying.spans:
        yield from _span_lines(span, "  " * depth)
    for line in saying.lines:
        severity = shown.Span(f"{line.severity or 'log'} ", _style(line))
        yield shown.line(f"    {_offset(line.at - saying.start)} ", severity, line.text)
    if saying.left_out:
        yield shown.line(shown.Span(f"    and {saying.left_out}", "dim"))


def _span_lines(span: Span, indent: str) -> Iterator[shown.Line]:
    what = " · ".join(filter(None, (span.service, span.kind, milliseconds(span.seconds))))
    failed = [shown.Span("  error" + (f": {span.said}" if span.said else ""), "bad")] if span.status == "error" else []
    yield shown.line(f"    {indent}▪ {span.name}", shown.Span(f"  {what}", "dim"), *failed)
    if span.attributes:
        yield shown.line(shown.Span(f"    {indent}  {attributes_of(span)}", "dim"))


def _style(line: LogLine) -> str:
    word = line.severity.upper()
    return "bad" if word.startswith(("ERR", "FATAL", "CRIT")) else "warn" if word.startswith("WARN") else "dim"


def _offset(seconds: float) -> str:
    return f"{'-' if seconds < 0 else '+'}{milliseconds(abs(seconds))}"


# --- for machines ---------------------------------------------------------------------------------


def said_json(said: Mapping[str, Collection[Telemetry]] | None) -> list[dict[str, Any]] | None:
    """What was said under each call of a trial; None where nobody listened."""
    return None if said is None else [_call_json(call, saying_of(each)) for call, each in said.items()]


def _call_json(call: str, saying: Saying) -> dict[str, Any]:
    return {"call": call, "spans": [_without_trace(span) for _, span in saying.spans],
            "lines": [_without_trace(line) for line in saying.lines],
            "more": {"spans": saying.counted["spans"] - len(saying.spans),
                     "lines": saying.counted["lines"] - len(saying.lines)}}


def _without_trace(said: Telemetry) -> dict[str, Any]:
    found = {key: value for key, value in members(said).items() if key != "trace"}
    return {**found, "attributes": dict(said.attributes)} if isinstance(said, Span) else found
