"""`flowprobe doctor`: a line for each part, and advice where there is some to give."""

from __future__ import annotations

import sys

from flowprobe.cli.watching import screen
from flowprobe.report.spans import Span, line
from flowprobe.running.checkup import checkup

__all__ = ["doctor_command"]

_MARKS = {"good": "✓", "warn": "!", "bad": "✗"}


def doctor_command() -> int:
    """Exit code 0, or 3 where a part that a run needs does not work."""
    show = screen(sys.stdout)
    worst = 0
    for finding in checkup():
        show.print(line(Span(_MARKS[finding.state], finding.state), f" {finding.part:<13} {finding.text}"))
        if finding.advice:
            show.print(line(Span(f"{'':<16}{finding.advice}", "dim")))
        worst = 3 if finding.state == "bad" else worst
    return worst
