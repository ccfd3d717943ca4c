"""`flowprobe run`: select, run, show."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from flowprobe.cli.watching import Screen, screen
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.cases import case_files, without_cases
from flowprobe.report.junit import junit_xml
from flowprobe.report.lines import footer
from flowprobe.report.model import RunReport
from flowprobe.report.result_json import indented, result_text
from flowprobe.running.folder import write_shared
from flowprobe.running.run import run
from flowprobe.running.selection import Request, Selection, select

__all__ = ["run_command"]


def run_command(request: Request, *, as_json: bool, junit: Path | None) -> int:
    """Returns the exit code. With `as_json` standard output has the result alone; people read standard error."""
    _refuse_paths(request.output, junit)
    cases = case_files(request.paths)
    if cases:
        return _with_cases(request, cases, as_json=as_json, junit=junit)
    return _run(request, select(request), as_json=as_json, junit=junit)


def _run(request: Request, selection: Selection, *, as_json: bool, junit: Path | None) -> int:
    if not selection.chosen:
        print("nothing failed in the newest run of this folder", file=sys.stderr)
        return 0
    _refuse_inputs(selection, junit)
    show = screen(sys.stderr if as_json else sys.stdout)
    with show:
        report = run(request, selection, show)
    _finish(report, show, as_json=as_json, junit=junit)
    return report.exit_code


def _with_cases(request: Request, cases: Sequence[Path], *, as_json: bool, junit: Path | None) -> int:
    """Scenarios first, then the cases; what chooses among scenarios leaves cases out where there are both."""
    from flowprobe.cli.suites import narrowing, run_suite

    others = without_cases(request.paths)
    if not others:
        return run_suite(request, None, cases, as_json=as_json, junit=junit)
    request = replace(request, paths=others)
    selection = select(request)
    if flags := narrowing(request):
        left_out = f"{len(cases)} case{'s' * (len(cases) > 1)} left out: {', '.join(flags)} chooses among scenarios"
        return _run(request, replace(selection, notes=(*selection.notes, left_out)), as_json=as_json, junit=junit)
    _refuse_inputs(selection, junit)
    return run_suite(request, selection, cases, as_json=as_json, junit=junit)


def _refuse_paths(output: Path | None, junit: Path | None) -> None:
    """What cannot be written is said before anything is sent."""
    problems = []
    if output is not None and (output == Path() or output.is_file()):
        problems.append(Problem("not-a-folder", "-o", 0, 0, f"{str(output)!r} cannot be the folder of a run",
                                "name a folder that is not there yet"))
    elif output is not None and (output / "journal" / "runner.jsonl").exists():
        found = f"{output} holds another run already"
        problems.append(Problem("folder-taken", "-o", 0, 0, found, "name another folder"))
    if junit is not None:
        problems += _unfit(junit)
    if problems:
        raise InvalidInput(tuple(problems))


def _unfit(junit: Path) -> Iterator[Problem]:
    """A file, or none yet, or a character device such as /dev/null: what a report may be written to."""
    found, instead = "", "name a file"
    try:
        mode = junit.stat().st_mode
        if stat.S_ISDIR(mode):
            found, instead = "is a folder", "name a file in it"
        elif not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
            found = "is neither a file nor a device that takes text"
    except FileNotFoundError:
        pass
    except OSError as error:
        found = f"cannot be written: {error.strerror}"
    if found:
        yield Problem("not-a-file", "--junit", 0, 0, f"{junit} {found}", instead)


def _refuse_inputs(selection: Selection, junit: Path | None) -> None:
    """A report does not replace what the run reads."""
    if junit is None or not junit.exists():
        return
    read = [selection.project.file, *(chosen.scenario.file for chosen in selection.chosen)]
    is_read = any(Path(file).exists() and junit.samefile(file) for file in read)
    if is_read or junit.resolve().suffix in (".yaml", ".yml"):
        found = f"{junit} is {'read by this run' if is_read else 'a YAML file'}, and would be replaced"
        raise InvalidInput((Problem("not-a-file", "--junit", 0, 0, found, "name another file, such as junit.xml"),))


def _finish(report: RunReport, show: Screen, *, as_json: bool, junit: Path | None) -> None:
    for line in footer(report):
        show.print(line)
    if junit is not None:
        write_shared(junit, report.redact(junit_xml(report)))
    if as_json:
        for text in indented(map(report.redact, result_text(report))):
            print(text.encode("utf-8", "backslashreplace").decode(), end="")
        print()
