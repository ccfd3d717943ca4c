"""A probe of propagation for people and for machines: a table of carriers and providers, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowprobe.core.propagation import PROBED, Propagation, tells
from flowprobe.report.spans import Line, Span, line

__all__ = ["propagation_json", "propagation_lines"]

_STYLE = {"survived": "good", "changed": "warn", "lost": "bad", "not sent": "dim", "": "dim"}


def propagation_lines(rows: Sequence[Propagation]) -> Iterator[Line]:
    """A line for each carrier, a column for each provider; then a sentence for each provider, and whether that tells
    anything. Nothing where no journey was walked."""
    if not rows:
        return
    names = max(len(name) for name in PROBED)
    widths = [max(len(row.provider), len("survived")) + 2 for row in rows]
    yield line("")
    yield line(Span(f"  {'':<{names}}  " + "".join(f"{row.provider:<{width}}" for row, width in zip(rows, widths,
               strict=True)), "bold"))
    for name in PROBED:
        cells = [(row.came.get(name, ""), width) for row, width in zip(rows, widths, strict=True)]
        yield line(f"  {name:<{names}}  ", *(Span(f"{came or '·':<{width}}", _STYLE.get(came, "warn"))
                                            for came, width in cells))
    yield line("")
    for row in rows:
        calls = f"{row.calls} call{'' if row.calls == 1 else 's'}"
        others = f", {row.unattributed} unattributed" if row.unattributed else ""
        yield line("  ", Span(row.provider, "bold"), f" ({calls}{others}, {row.rung or 'no rung'}): {row.advice}")
    if not tells(rows):
        untold = ", ".join(row.provider for row in rows if row.unattributed and not row.calls)
        why = f"what the product passes on to {untold} cannot be told" if untold else "no call to a provider was seen"
        yield line("  ", Span(f"inconclusive: {why}", "warn"))


def propagation_json(rows: Sequence[Propagation], *, run: str, environment: str, verdict: str) -> dict[str, Any]:
    """`propagation.json`; `docs/reference/result.md` describes it."""
    return {"version": 1, "run": run, "environment": environment, "verdict": verdict, "providers": [
        {"provider": row.provider, "calls": row.calls, "unattributed": row.unattributed, "carriers": dict(row.came),
         "rung": row.rung, "advice": row.advice} for row in rows]}
