"""Lines of text for people: spans with a style, so that a pipe gets plain text and a terminal colour.

Styles are the few names of `STYLES`; nothing here knows a terminal.
"""

from __future__ import annotations

from dataclasses import dataclass

from flowprobe.report.visible import visible

__all__ = ["STYLES", "Line", "Span", "line"]

STYLES = ("", "dim", "bold", "good", "warn", "bad", "odd")


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    style: str = ""


Line = tuple[Span, ...]


def line(*spans: str | Span) -> Line:
    """A line whose control characters can be seen, and do nothing."""
    return tuple(Span(visible(s)) if isinstance(s, str) else Span(visible(s.text), s.style) for s in spans)
