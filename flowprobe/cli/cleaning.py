"""`flowprobe cleanup`: what is left, what came of it, and what a person has to look at."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from flowprobe.cli.watching import Screen, screen
from flowprobe.core.cleaning import Row
from flowprobe.core.events import CleanupEnded, Event
from flowprobe.errors import FlowProbeError
from flowprobe.report.spans import Line, Span, line
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
    left = sum(_cleaned(run, show, dry_run=dry_run, allow_exec=allow_exec) for run in runs)
    if left:
        show.print(line(Span(f"{left} still to be cleaned up", "bad"), Span("  exit 7", "dim")))
    else:
        show.print(line(Span("everything is cleaned up", "good")))
    return 7 if left else 0


def _cleaned(run: Left, show: Screen, *, dry_run: bool, allow_exec: bool) -> int:
    """How much of a run is left after it. One run does not keep the others from being cleaned up."""
    where = f" on {run.opened.environment}" if run.opened else ""
    show.print(line(Span(shown_path(run.folder.parent), "bold"), where))
    if run.alive:
        return _left_alone(show)
    if dry_run:
        return _listed(run, show)
    after = _swept(run, show, allow_exec=allow_exec)
    if after.alive:
        return _left_alone(show)
    for text in _by_hand(after):
        show.print(text)
    return len(after.rows) + len(after.damaged)


def _left_alone(show: Screen) -> int:
    show.print(line("  ", Span("·", "dim"), " left alone: this run still goes on, or is being cleaned up elsewhere"))
    return 0


def _listed(run: Left, show: Screen) -> int:
    for row in reversed(run.rows):
        what = f"  {row.method} {row.url} {row.detail}".rstrip()
        show.print(line("  ", Span("·", "odd"), f" {_name(row)} as {row.persona}: {row.state}", Span(what, "dim")))
    if run.started:
        show.print(line("  ", Span("it went with the product that was started for that run", "dim")))
        return 0
    return len(run.rows) + len(run.damaged)


def _swept(run: Left, show: Screen, *, allow_exec: bool) -> Left:
    def tell(event: Event) -> None:
        if isinstance(event, CleanupEnded):
            mark = Span("✓", "good") if event.outcome == "gone" else Span("✗", "bad")
            show.print(line("  ", mark, f" {_name(event)}: {event.outcome}", Span(f"  {event.detail}", "dim")))

    try:
        return sweep(run, tell=tell, allow_exec=allow_exec)
    except FlowProbeError as failed:
        show.print(line("  ", Span("✗", "bad"), f" {failed}"))
        return run


def _by_hand(run: Left) -> Iterator[Line]:
    """What a call of ours cannot settle, and what to do about it."""
    unknown = [row for row in run.rows if row.state == "unknown"]
    for row in unknown:
        yield line("  ", Span("?", "odd"), f" {_name(row)}: unknown", Span(f"  {row.detail}", "dim"))
        yield line("      ", f"look for it as {row.persona}: what the trial {row.trial} has made bears that id, "
                             "where the scenario says so")
    for place in run.damaged:
        yield line("  ", Span("?", "odd"), f" ledger/{place} cannot be read: what it said is not known")
    if unknown or run.damaged:
        folder = shown_path(run.folder.parent)
        yield line("      ", f"when you have looked and nothing is left, remove {folder}: then it is forgotten")
    if len(unknown) < len(run.rows):
        yield line("      ", "what has failed is tried again by the next `flowprobe cleanup`")


def _name(row: Row | CleanupEnded) -> str:
    return row.step if row.round == 1 else f"{row.step} (round {row.round})"
