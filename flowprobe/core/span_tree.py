"""Spans as the tree that they are: each under the one that began it."""

from __future__ import annotations

from collections.abc import Iterable

from flowprobe.core.telemetry import Span

__all__ = ["tree"]


def tree(spans: Iterable[Span]) -> tuple[tuple[int, Span], ...]:
    """Each span once, with its depth, in the order of a reader: a span, and then what it began, the earliest first.
    One whose parent is not among them stands at the top, and so does the first one of a ring."""
    known = {span.span: span for span in sorted(spans, key=lambda each: each.started)}
    under: dict[str, list[Span]] = {}
    for span in known.values():
        under.setdefault(span.parent if span.parent in known else "", []).append(span)
    found: dict[str, tuple[int, Span]] = {}
    todo = [(0, span) for span in (*reversed(known.values()), *reversed(under.get("", [])))]
    while todo:
        depth, span = todo.pop()
        if span.span not in found:
            found[span.span] = (depth, span)
            todo += [(depth + 1, each) for each in reversed(under.get(span.span, []))]
    return tuple(found.values())
