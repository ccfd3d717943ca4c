"""`flowprobe probe-propagation`: what a product passes on of the marks that its callers send."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

from flowprobe.cli.watching import screen
from flowprobe.report.lines import footer
from flowprobe.report.propagation import propagation_lines
from flowprobe.running.probing import as_json as probe_json
from flowprobe.running.probing import probe
from flowprobe.running.selection import Request, select

__all__ = ["probe_command"]


def probe_command(request: Request, *, as_json: bool) -> int:
    """Returns the exit code. With `as_json` standard output has the result alone; people read standard error."""
    selection = select(request)
    show = screen(sys.stderr if as_json else sys.stdout)
    with show:
        report, rows, code = probe(request, selection, show)
    for line in (*footer(replace(report, exit_code=code)), *propagation_lines(rows)):
        show.print(line)
    if as_json:
        print(json.dumps(probe_json(report, rows), indent=1))
    return code
