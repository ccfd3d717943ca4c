"""`flowprobe replay`: whether what was found once is still broken."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from flowprobe.cli.watching import Screen, screen
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.cases import case_files, load_case
from flowprobe.report.spans import Span, line
from flowprobe.running.replaying import CaseReplayed, replay
from flowprobe.running.selection import Request

__all__ = ["is_suite", "replay_command"]

_MARK = {"still broken": ("✗", "bad"), "mended": ("✓", "good"), "cannot tell": ("?", "odd")}


def is_suite(paths: Sequence[Path]) -> bool:
    """Whether paths name cases, and nothing else."""
    return bool(paths) and all(case_files([path]) for path in paths)


def replay_command(request: Request, *, times: int | None, as_json: bool) -> int:
    """Returns the exit code: 0 all mended, 1 something is still broken, 3 nobody can tell, and those of a run."""
    files = case_files(request.paths)
    if not files:
        named = ", ".join(map(str, request.paths))
        raise InvalidInput((Problem("no-cases", named, 0, 0, "there is no case here",
                                    "name a case, or a folder of them: `flowprobe explore` writes them"),))
    cases = [load_case(file) for file in files]
    show = screen(sys.stderr if as_json else sys.stdout)
    with show:
        done, code = replay(cases, request, show, times=times)
    _tell(show, done, left=len(cases) - len(done), code=code)
    if as_json:
        print(json.dumps({"exit_code": code, "cases": [_as_json(each) for each in done]}, indent=1))
    return code


def _tell(show: Screen, done: Sequence[CaseReplayed], *, left: int, code: int) -> None:
    show.print(())
    for each in done:
        mark, style = _MARK[each.said.outcome]
        show.print(line(Span(f"{mark} {each.said.outcome}", style), f"  {each.case.name}",
                        Span(f"  {each.case.file}", "dim")))
        show.print(line("      ", each.said.sentence))
    if left:
        show.print(line(Span(f"  {left} more were not come to", "warn")))
    counts = ", ".join(f"{count} {outcome}" for outcome in _MARK
                       if (count := sum(each.said.outcome == outcome for each in done)))
    show.print(line("  ", counts or "nothing was tried", Span(f"  exit {code}", "dim")))


def _as_json(each: CaseReplayed) -> dict[str, object]:
    return {"case": each.case.name, "file": each.case.file, "outcome": each.said.outcome,
            "sentence": each.report.redact(each.said.sentence), "otherwise": each.said.otherwise,
            "run": str(each.report.folder)}
