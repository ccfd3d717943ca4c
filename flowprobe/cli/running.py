"""`flowprobe run`: select, run, show."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flowprobe.cli.watching import Screen, screen
from flowprobe.errors import InvalidInput, Problem
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
    _refuse_paths(request.output, junit)
    selection = select(request)
    if not selection.chosen:
        print("nothing failed in the newest run of this folder", file=sys.stderr)
        return 0
    show = screen(sys.stderr if as_json else sys.stdout)
    with show:
        report = run(request, selection, show)
    _finish(report, show, as_json=as_json, junit=junit)
    return report.exit_code


def _refuse_paths(output: Path | None, junit: Path | None) -> None:
    """What cannot be written is said before anything is sent."""
    problems = []
    if output is not None and (output == Path() or output.is_file()):
        problems.append(Problem("not-a-folder", "-o", 0, 0, f"{str(output)!r} cannot be the folder of a run",
                                "name a folder that is not there yet"))
    elif output is not None and (output / "journal" / "runner.jsonl").exists():
        found = f"{output} holds another run already"
        problems.append(Problem("folder-taken", "-o", 0, 0, found, "name another folder"))
    if junit is not None and junit.is_dir():
        problems.append(Problem("not-a-file", "--junit", 0, 0, f"{junit} is a folder", "name a file in it"))
    if problems:
        raise InvalidInput(tuple(problems))


def _finish(report: RunReport, show: Screen, *, as_json: bool, junit: Path | None) -> None:
    for line in footer(report):
        show.print(line)
    if junit is not None:
        write_whole(junit, report.redact(junit_xml(report)))
    if as_json:
        text = report.redact(json.dumps(result_json(report), indent=1, ensure_ascii=False))
        print(text.encode("utf-8", "backslashreplace").decode())
