"""A probe of propagation for people and for machines: a table of carriers and providers, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flowprobe.core.propagation import PROBED, Propagation
from flowprobe.report.spans import Line, Span, line

__all__ = ["propagation_json", "propagation_lines"]

_STYLE = {"survived": "good", "changed": "warn", "lost": "bad", "not sent": "dim", "": "dim"}


def propagation_lines(rows: Sequence[Propagation]) -> Iterator[Line]:
    """A line for each carrier, a column for each provider; then a sentence for each provider."""
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
        yield line("  ", Span(row.provider, "bold"), f" ({calls}, {row.rung or 'no rung'}): {row.advice}")


def propagation_json(rows: Sequence[Propagation], *, run: str, environment: str, verdict: str) -> dict[str, Any]:
    """`propagation.json`; `docs/reference/result.md` describes it."""
    return {"version": 1, "run": run, "environment": environment, "verdict": verdict, "providers": [
        {"provider": row.provider, "calls": row.calls, "carriers": dict(row.came), "rung": row.rung,
         "advice": row.advice} for row in rows]}
