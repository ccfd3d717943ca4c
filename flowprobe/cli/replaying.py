"""`flowprobe replay`: whether what was found once is still broken."""

from __future__ import annotations

import json
import sys

from flowprobe.cli.watching import screen
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.cases import case_files, load_cases
from flowprobe.report.replays import replay_lines, replays_json
from flowprobe.running.replaying import prepare, replay
from flowprobe.running.selection import Request

__all__ = ["replay_command"]


def replay_command(request: Request, *, times: int | None, as_json: bool) -> int:
    """Returns the exit code: 0 all mended, 1 something is still broken, 3 nobody can tell, and those of a run."""
    files = case_files(request.paths)
    if not files:
        named = ", ".join(map(str, request.paths))
        raise InvalidInput((Problem("no-cases", named, 0, 0, "there is no case here",
                                    "name a case, or a folder of them: `flowprobe explore` writes them"),))
    prepared = prepare(load_cases(files), request)
    show = screen(sys.stderr if as_json else sys.stdout)
    with show:
        done, code = replay(prepared, show, times=times)
    for each in replay_lines(done, left=len(files) - len(done), code=code):
        show.print(each)
    if as_json:
        print(json.dumps({"exit_code": code, "cases": replays_json(done)}, indent=1))
    return code
