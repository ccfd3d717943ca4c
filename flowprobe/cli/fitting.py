"""`flowprobe incident …`: what was read and fitted, and what it will do."""

from __future__ import annotations

import sys
from pathlib import Path

from flowprobe.cli.watching import Screen, screen
from flowprobe.files.scenarios import load_profile
from flowprobe.report.incident import fitted_lines, profile_lines
from flowprobe.report.spans import Span, line
from flowprobe.running.incidents import Fitted, Options, Wanted, fit_incident, options

__all__ = ["fit_command", "options_of", "show_command"]


def options_of(*, kind: str | None, format_: str, zone: str, columns: str, provider: tuple[str, ...],
               skip_wrong: bool) -> Options:
    """Raises InvalidInput for what is none."""
    return options(kind=kind, format_=format_, zone=zone, columns=columns, provider=provider,
                   skip_wrong=skip_wrong)


def fit_command(wanted: Wanted, given: Options) -> int:
    show = screen(sys.stdout)
    fitted = fit_incident(wanted, given, progress=_Progress())
    _tell(show, fitted)
    return 0


class _Progress:
    """Says on a terminal how much is read, a percent at a time."""

    def __init__(self) -> None:
        self._said = -1

    def __call__(self, done: int, total: int) -> None:
        percent = 100 * done // total if total else 100
        if sys.stderr.isatty() and percent != self._said:
            self._said = percent
            print(f"\rreading: {percent} %", end="" if percent < 100 else "\r\033[K", file=sys.stderr, flush=True)


def _tell(show: Screen, fitted: Fitted) -> None:
    for source, kind in fitted.read.kinds:
        show.print(line(f"{source}", Span(f"  read as {kind}", "dim")))
    for why, count in fitted.read.counts.skipped.items():
        show.print(line("  ", Span(f"skipped {count:,}: {why}", "dim")))
    for what, count in fitted.read.counts.notes.items():
        show.print(line("  ", Span(f"{count:,} {what}", "dim")))
    show.print(line(""))
    for each in fitted_lines(fitted.incident):
        show.print(each)
    show.print(line(""))
    show.print(line(Span("written: ", "good"), str(fitted.output)))
    show.print(line(Span("look at it:  ", "dim"), f"flowprobe incident show {fitted.output}"))
    show.print(line(Span("replay it:   ", "dim"), f"flowprobe run SCENARIO --faults {fitted.output}"))


def show_command(profile: Path) -> int:
    show = screen(sys.stdout)
    for each in profile_lines(load_profile(profile)):
        show.print(each)
    return 0
