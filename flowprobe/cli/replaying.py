"""`flowprobe replay`: whether what was found once is still broken."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from flowprobe.cli.watching import screen
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.cases import case_files, load_cases
from flowprobe.files.nodes import read_text
from flowprobe.report.replays import replay_lines, replays_json
from flowprobe.running.replaying import prepare, replay
from flowprobe.running.selection import Request

__all__ = ["replay_command"]


def replay_command(request: Request, *, times: int | None, as_json: bool) -> int:
    """Returns the exit code: 0 all mended, 1 something is still broken, 3 nobody can tell, and those of a run."""
    files = case_files(request.paths)
    wrong = [path for path in request.paths if not (case_files([path]) or (files and path.is_dir()))]
    if wrong:
        raise InvalidInput(tuple(map(_no_case_at, wrong)))
    prepared = prepare(load_cases(files), request)
    show = screen(sys.stderr if as_json else sys.stdout)
    with show:
        done, code = replay(prepared, show, times=times)
    for each in replay_lines(done, left=len(files) - len(done), code=code):
        show.print(each)
    if as_json:
        print(json.dumps({"exit_code": code, "cases": replays_json(done)}, indent=1))
    return code


def _no_case_at(path: Path) -> Problem:
    """Why a path names no case."""
    instead = "name a case, or a folder of them: `flowprobe explore` writes them"
    if path.is_dir():
        return Problem("no-cases", str(path), 0, 0, "there is no case in this folder, or below it", instead)
    try:
        text = read_text(path)
    except InvalidInput as invalid:
        return invalid.problems[0]
    found = "this is no case: no line of it begins with `case:`" if text.strip() else "this file is empty"
    return Problem("no-cases", str(path), 0, 0, found, instead)
