"""`flowprobe plan`: what a run would do; nothing is sent."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

from flowprobe.cli.watching import screen
from flowprobe.report.preview import preview_json, preview_lines
from flowprobe.running.preview import preview
from flowprobe.running.selection import Request, select

__all__ = ["plan_command"]


def plan_command(request: Request, *, as_json: bool) -> int:
    """Exit code 0, or 5 where the environment would refuse the run."""
    found = preview(request, select(request), datetime.now(UTC))
    if as_json:
        print(json.dumps(preview_json(found), indent=1))
    else:
        show = screen(sys.stdout)
        for line in preview_lines(found):
            show.print(line)
    return 5 if found.refusals else 0
