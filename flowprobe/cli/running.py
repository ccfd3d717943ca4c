"""`flowprobe run`: select, run, show."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from flowprobe.cli.following import LiveScreen
from flowprobe.cli.sinks import EventLines, Sinks, annotations_for, reported, summarize, write_all
from flowprobe.cli.watching import Screen, screen
from flowprobe.core.scenario import Environment
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.cases import case_files, without_cases
from flowprobe.report.lines import footer
from flowprobe.report.model import RunReport
from flowprobe.report.result_json import indented, result_text
from flowprobe.report.spans import Span
from flowprobe.running.engine import Program
from flowprobe.running.run import run
from flowprobe.running.selection import Request, Selection, select

__all__ = ["Taking", "run_command"]


@dataclass(frozen=True, slots=True)
class Taking:
    """Whether what fails is taken apart (None: as the environment says), with how many trials in all."""

    wanted: bool | None = None
    budget: int = 30

    def within(self, environment: Environment) -> int:
        """The trials that it may take there; 0 where nothing is taken apart."""
        return self.budget if (environment.why if self.wanted is None else self.wanted) else 0


_AS_SAID = Taking()


def run_command(request: Request, sinks: Sinks, *, why: Taking = _AS_SAID, live: bool = False) -> int:
    """Returns the exit code. Where a machine reads standard output, it has nothing else; people read standard error.
    `why` is whether what fails is explained; `live` prints what goes on as well."""
    _refuse_paths(request.output, sinks)
    cases = case_files(request.paths)
    if cases:
        return _with_cases(request, cases, sinks, why, live)
    return _run(request, select(request), sinks, why, live)


def _run(request: Request, selection: Selection, sinks: Sinks, why: Taking, live: bool) -> int:
    if not selection.chosen:
        print("nothing failed in the newest run of this folder", file=sys.stderr)
        return 0
    sinks.refuse_inputs(selection)
    events = EventLines(sinks.ndjson) if sinks.ndjson is not None else None
    show = screen(sys.stderr if sinks.takes_standard_output else sys.stdout)
    with show, LiveScreen(show) if live else nullcontext(show) as watcher:
        program = _program(why.within(selection.environment), show, watcher)
        report = run(replace(request, overhear=events), selection, watcher, program)
    return reported(report.exit_code, lambda: _finish(report, show, sinks, selection.environment, events))


def _with_cases(request: Request, cases: Sequence[Path], sinks: Sinks, why: Taking, live: bool) -> int:
    """Scenarios first, then the cases; what chooses among scenarios leaves cases out where there are both."""
    from flowprobe.cli.suites import narrowing, run_suite

    others = without_cases(request.paths)
    if not others:
        return run_suite(request, None, cases, sinks)
    request = replace(request, paths=others)
    selection = select(request)
    if flags := narrowing(request):
        left_out = f"{len(cases)} case{'s' * (len(cases) > 1)} left out: {', '.join(flags)} chooses among scenarios"
        return _run(request, replace(selection, notes=(*selection.notes, left_out)), sinks, why, live)
    sinks.refuse_inputs(selection)
    return run_suite(request, selection, cases, sinks)


def _program(why: int, show: Screen, lines: Screen | LiveScreen) -> Program | None:
    if not why:
        return None
    show.takes_apart()
    from flowprobe.cli.explaining import Shown
    from flowprobe.running.why import Why

    return Why(why, Shown(lines.print)).program


def _refuse_paths(output: Path | None, sinks: Sinks) -> None:
    """What cannot be written is said before anything is sent."""
    problems = []
    if output is not None and (output == Path() or output.is_file()):
        problems.append(Problem("not-a-folder", "-o", 0, 0, f"{str(output)!r} cannot be the folder of a run",
                                "name a folder that is not there yet"))
    elif output is not None and (output / "journal" / "runner.jsonl").exists():
        found = f"{output} holds another run already"
        problems.append(Problem("folder-taken", "-o", 0, 0, found, "name another folder"))
    problems += sinks.unfit()
    if problems:
        raise InvalidInput(tuple(problems))


def _finish(report: RunReport, show: Screen, sinks: Sinks, environment: Environment,
            events: EventLines | None) -> None:
    for line in footer(report):
        show.print(line)
    for text in annotations_for(report, os.environ):
        show.print((Span(text),))
    if trouble := summarize(report, os.environ):
        show.notice(trouble)
    if sinks.as_json:
        for text in indented(map(report.redact, result_text(report))):
            print(text.encode("utf-8", "backslashreplace").decode(), end="")
        print()
    write_all(report, sinks, environment)
    if events is not None:
        events.close()
