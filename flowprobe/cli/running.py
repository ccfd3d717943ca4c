"""`flowprobe run`: select, run, show."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flowprobe.cli.watching import Screen, screen
from flowprobe.report.junit import junit_xml
from flowprobe.report.lines import footer
from flowprobe.report.model import RunReport
from flowprobe.report.result_json import result_json
from flowprobe.running.folder import write_whole
from flowprobe.running.run import run
from flowprobe.running.selection import Request, select

__all__ = ["run_command"]


def run_command(request: Request, *, as_json: bool, junit: Path | None) -> int:
    """Returns the exit code. With `as_json` standard output has the result alone; people read standard error."""
    selection = select(request)
    show = screen(sys.stderr if as_json else sys.stdout)
    with show:
        report = run(request, selection, show)
    _finish(report, show, as_json=as_json, junit=junit)
    return report.exit_code


def _finish(report: RunReport, show: Screen, *, as_json: bool, junit: Path | None) -> None:
    for line in footer(report):
        show.print(line)
    if junit is not None:
        write_whole(junit, report.redact(junit_xml(report)))
    if as_json:
        text = report.redact(json.dumps(result_json(report), indent=1, ensure_ascii=False))
        print(text.encode("utf-8", "backslashreplace").decode())
