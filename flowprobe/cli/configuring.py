"""`flowprobe config`: every setting, its value, and where that came from."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from flowprobe.cli.watching import screen
from flowprobe.report.spans import Span, line
from flowprobe.running.inventory import inventory
from flowprobe.running.settings import Settings

__all__ = ["config_command"]


def config_command(settings: Settings, *, as_json: bool) -> int:
    """Exit code 0."""
    rows = inventory(settings)
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return 0
    show = screen(sys.stdout)
    for row in rows:
        show.print(line(Span(f"{row.name:<20}", "bold"), f" {row.value}", Span(f"  ({row.source})", "dim")))
    return 0
