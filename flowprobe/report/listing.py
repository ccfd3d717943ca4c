"""The runs of a folder as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from flowprobe.report.spans import Line, Span, line

__all__ = ["counted", "lasted", "run_lines"]

_STYLE = {"pass": "good", "degraded": "warn", "fail": "bad", "inconclusive": "odd"}
_ID = 6


def run_lines(rows: Sequence[Mapping[str, object]], *, hidden: int = 0) -> Iterator[Line]:
    """`rows` are those of `running.listing`, by their members; `hidden` is how many older ones are not among them."""
    wide = max((len(_environment(row)) for row in rows), default=0)
    words = max((len(_verdict(row)[0]) for row in rows), default=0)
    for row in rows:
        verdict, style = _verdict(row)
        if row["state"] == "unreadable":
            yield line(Span(f"{'':<{_ID}}  {row['folder']}: {row['because']}", "odd"))
            continue
        yield line(Span(str(row["run"])[:_ID], "bold"), f"  {_time(row)}  {_environment(row):<{wide}}  ",
                   Span(f"{verdict:<{words}}", style), f"  {lasted(_number(row['seconds'])):>7}  {_counts(row)}",
                   Span(f"  {_scenarios(row)}", "dim"))
    if hidden:
        yield line(Span(f"and {hidden} older: --all", "dim"))


def lasted(seconds: float) -> str:
    """How long a run took, as roughly as people ask."""
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def counted(counts: Mapping[str, int]) -> str:
    order = [*(kind for kind in _STYLE if counts.get(kind)), *(kind for kind in counts if kind not in _STYLE)]
    return ", ".join(f"{counts[kind]} {kind}" for kind in order) or "no trials"


def _verdict(row: Mapping[str, object]) -> tuple[str, str]:
    """What came of it; of one that has not ended, that."""
    state, verdict = str(row["state"]), str(row["verdict"])
    if state == "running":
        return "running", "bold"
    if state == "cut off":
        return "cut off", "odd"
    code = "" if row["exit_code"] is None else f" (exit {row['exit_code']})"
    return (f"{verdict or 'ended'}{code}", _STYLE.get(verdict, "bad" if row["exit_code"] == 1 else ""))


def _counts(row: Mapping[str, object]) -> str:
    counts = row["counts"]
    return counted(counts) if isinstance(counts, Mapping) else ""


def _environment(row: Mapping[str, object]) -> str:
    return str(row["environment"])


def _scenarios(row: Mapping[str, object]) -> str:
    found = row["scenarios"]
    names = [str(name) for name in found] if isinstance(found, Sequence) else []
    kind = "exploration: " if row["kind"] == "exploration" else ""
    return kind + (names[0] if names else "") + (f" and {len(names) - 1} more" if len(names) > 1 else "")


def _time(row: Mapping[str, object]) -> str:
    """On the clock of whoever reads it."""
    return f"{datetime.fromtimestamp(_number(row['at'])).astimezone():%Y-%m-%d %H:%M:%S}"


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
