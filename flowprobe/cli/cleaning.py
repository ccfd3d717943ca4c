"""`flowprobe cleanup`: what is left, what came of it, and what a person has to look at."""

from __future__ import annotations

import sys

from flowprobe.cli.watching import Screen, screen
from flowprobe.core.cleaning import Row
from flowprobe.core.events import CleanupEnded, Event
from flowprobe.report.spans import Span, line
from flowprobe.running.places import shown_path
from flowprobe.running.sweep import Left, find_left, sweep

__all__ = ["cleanup_command"]


def cleanup_command(*, dry_run: bool, allow_exec: bool = False) -> int:
    """Exit code 0 where nothing is left, else 7."""
    show = screen(sys.stdout)
    runs = find_left()
    if not runs:
        show.print(line(Span("nothing is left behind", "good"), " by the runs of this folder"))
        return 0
    left = [row for run in runs for row in _cleaned(run, show, dry_run=dry_run, allow_exec=allow_exec)]
    if left:
        show.print(line(Span(f"{len(left)} still to be cleaned up", "bad"), Span("  exit 7", "dim")))
    else:
        show.print(line(Span("everything is cleaned up", "good")))
    return 7 if left else 0


def _cleaned(run: Left, show: Screen, *, dry_run: bool, allow_exec: bool) -> tuple[Row, ...]:
    where = f" on {run.opened.environment}" if run.opened else ""
    show.print(line(Span(shown_path(run.folder.parent), "bold"), where))

    def tell(event: Event) -> None:
        if isinstance(event, CleanupEnded):
            mark = Span("✓", "good") if event.outcome == "gone" else Span("✗", "bad")
            show.print(line("  ", mark, f" {event.step}: {event.outcome}", Span(f"  {event.detail}", "dim")))

    rows = run.rows if dry_run else sweep(run, tell=tell, allow_exec=allow_exec)
    for row in rows:
        if dry_run or row.state != "due":
            what = f"  {row.method} {row.url} {row.detail}"
            show.print(line("  ", Span("·", "odd"), f" {row.step} as {row.persona}: {row.state}", Span(what, "dim")))
    return rows
