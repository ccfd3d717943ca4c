"""`flowprobe run` of cases: what was found once, as a regression suite, behind the scenarios where there are any."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from flowprobe.cli.sinks import EventLines, Sinks, reported, write_all
from flowprobe.cli.watching import Screen, screen
from flowprobe.core.exploring.case import Case
from flowprobe.core.verdict import ExitCode, Kind, foremost
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.cases import load_cases
from flowprobe.report.junit import junit_xml
from flowprobe.report.lines import footer
from flowprobe.report.model import RunReport
from flowprobe.report.replays import CaseReplayed, replay_lines, replays_json, replays_junit
from flowprobe.report.result_json import indented, result_text
from flowprobe.running.folder import write_shared
from flowprobe.running.replaying import Prepared, prepare, replay
from flowprobe.running.run import run
from flowprobe.running.selection import Request, Selection

__all__ = ["narrowing", "run_suite"]

_CODES_THAT_END = (ExitCode.INTERRUPTED, ExitCode.HALTED, ExitCode.REFUSED)


def narrowing(request: Request) -> tuple[str, ...]:
    """The options that choose among the trials of scenarios: a case has its own faults and personas, and no tags."""
    said = {"--faults": request.faults, "--persona": request.bind, "--tag": request.tags,
            "--last-failed": request.last_failed}
    return tuple(flag for flag, value in said.items() if value)


def run_suite(request: Request, selection: Selection | None, files: Sequence[Path], sinks: Sinks) -> int:
    """The scenarios of the selection, where there is one, and then the cases. Returns the exit code."""
    if selection is None:
        _refuse(narrowing(request))
        _refuse_sinks(sinks)
    cases = load_cases(files)
    prepared = prepare(cases, request)
    events = EventLines(sinks.ndjson) if sinks.ndjson is not None else None
    show = screen(sys.stderr if sinks.takes_standard_output else sys.stdout)
    with show:
        report = run(replace(request, overhear=events), selection, show) if selection is not None else None
        done, code = _replayed(request, report, prepared, show)
    if report is not None:
        code = foremost((report.exit_code, code))
        report = replace(report, exit_code=code)
        for each in footer(report):
            show.print(each)
    for each in replay_lines(done, left=len(cases) - len(done), code=code):
        show.print(each)
    return reported(code, lambda: _told(report, done, cases, code, sinks, selection, events))


def _told(report: RunReport | None, done: Sequence[CaseReplayed], cases: Sequence[Case], code: int, sinks: Sinks,
          selection: Selection | None, events: EventLines | None) -> None:
    """What machines read."""
    if sinks.junit is not None:
        write_shared(sinks.junit, _junit(report, done, cases))
    if sinks.as_json:
        _print_json(report, done, code)
    if report is not None and selection is not None:
        write_all(report, replace(sinks, junit=None), selection.environment)
    if events is not None:
        events.close()


def _refuse_sinks(sinks: Sinks) -> None:
    """Of cases alone there is no run of scenarios that these could tell."""
    problems = tuple(Problem("not-of-cases", flag, 0, 0, f"{flag} tells trials of scenarios, and only cases are named",
                             "use --junit or --json") for flag in sinks.asked() if flag != "--junit")
    if problems:
        raise InvalidInput(problems)


def _refuse(flags: Sequence[str]) -> None:
    problems = tuple(Problem("not-of-cases", flag, 0, 0, f"{flag} chooses among scenarios, and only cases are named",
                             "leave it out, or name the case alone: it has its own faults and personas")
                     for flag in flags)
    if problems:
        raise InvalidInput(problems)


def _replayed(request: Request, report: RunReport | None, prepared: Sequence[Prepared], show: Screen) -> (
        tuple[tuple[CaseReplayed, ...], int]):
    if report is None:
        return replay(prepared, show)
    if report.exit_code in _CODES_THAT_END or (request.fail_fast and report.verdict is Kind.FAIL):
        return (), ExitCode.INCONCLUSIVE
    # in the folder of the scenarios' run, so that this is still the newest one
    inside = [_inside(each, report.folder / "cases", number, len(prepared)) for number, each in enumerate(prepared, 1)]
    return replay(inside, show)


def _inside(each: Prepared, folder: Path, number: int, of: int) -> Prepared:
    return replace(each, request=replace(each.request, output=folder / str(number) if of > 1 else folder))


def _junit(report: RunReport | None, done: Sequence[CaseReplayed], cases: Sequence[Case]) -> str:
    tried = {each.case.file for each in done}
    left = [case for case in cases if case.file not in tried]
    text = junit_xml(report, replays_junit(done, left))
    return report.redact(text) if report is not None else text


def _print_json(report: RunReport | None, done: Sequence[CaseReplayed], code: int) -> None:
    """With scenarios the result of their run, and the cases in it."""
    if report is None:
        print(json.dumps({"exit_code": code, "cases": replays_json(done)}, indent=1))
        return
    for text in indented(map(report.redact, _result(report, done))):
        print(text.encode("utf-8", "backslashreplace").decode(), end="")
    print()


def _result(report: RunReport, done: Sequence[CaseReplayed]) -> Iterator[str]:
    return result_text(report, {"cases": replays_json(done)})
