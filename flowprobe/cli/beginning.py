"""`flowprobe init`: the first files, and what to do with them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from flowprobe.cli.watching import screen
from flowprobe.errors import InvalidInput
from flowprobe.report.spans import Span, line
from flowprobe.running.beginning import begin

__all__ = ["init_command"]


def init_command(folder: Path) -> int:
    """Exit code 0, or 2 where a file is there already: then nothing was written."""
    try:
        begun = begin(folder)
    except InvalidInput as invalid:
        for problem in invalid.problems:
            print(problem.render(), end="\n\n", file=sys.stderr)
        print("nothing was written", file=sys.stderr)
        return 2
    show = screen(sys.stdout)
    for path in begun.written:
        show.print(line(Span("✓", "good"), f" {path}"))
    if begun.ignore is not None:
        show.print(line(Span("✓", "good"), f" {begun.ignore}", Span("  .flowprobe/ is kept out of git", "dim")))
    _what_next(folder)
    return 0


def _what_next(folder: Path) -> None:
    show = screen(sys.stdout)
    scenarios = shlex.quote(str(folder / "scenarios"))
    show.print(line(""))
    show.print(line("Next:"))
    commands = (
        (f"flowprobe run {scenarios}", "the journey against the bundled product, then under each fault"),
        (f"flowprobe check {scenarios}", "check scenario files, and send nothing"),
        ("flowprobe schema", "for an editor: completion, and a sentence for each key"),
    )
    width = max(len(command) for command, _ in commands) + 2
    for command, why in commands:
        show.print(line("   ", Span(f"{command:<{width}}", "bold"), Span(why, "dim")))
