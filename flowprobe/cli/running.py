"""`flowprobe run`: select, run, show."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from flowprobe.cli.watching import Screen, screen
from flowprobe.errors import InvalidInput, Problem
from flowprobe.report.junit import junit_xml
from flowprobe.report.lines import footer
from flowprobe.report.model import RunReport
from flowprobe.report.page import run_page
from flowprobe.report.result_json import indented, result_text
from flowprobe.running.folder import write_shared
from flowprobe.running.run import run
from flowprobe.running.selection import Request, Selection, select

__all__ = ["run_command"]

_SUCH = {"--junit": "junit.xml", "--html": "report.html"}


def run_command(request: Request, *, as_json: bool, junit: Path | None, page: Path | None = None) -> int:
    """Returns the exit code. With `as_json` standard output has the result alone; people read standard error."""
    files = {option: file for option, file in (("--junit", junit), ("--html", page)) if file is not None}
    _refuse_paths(request.output, files)
    selection = select(request)
    if not selection.chosen:
        print("nothing failed in the newest run of this folder", file=sys.stderr)
        return 0
    _refuse_inputs(selection, files)
    show = screen(sys.stderr if as_json else sys.stdout)
    with show:
        report = run(request, selection, show)
    _finish(report, show, as_json=as_json, junit=junit, page=page)
    return report.exit_code


def _refuse_paths(output: Path | None, files: Mapping[str, Path]) -> None:
    """What cannot be written is said before anything is sent."""
    problems = []
    if output is not None and (output == Path() or output.is_file()):
        problems.append(Problem("not-a-folder", "-o", 0, 0, f"{str(output)!r} cannot be the folder of a run",
                                "name a folder that is not there yet"))
    elif output is not None and (output / "journal" / "runner.jsonl").exists():
        found = f"{output} holds another run already"
        problems.append(Problem("folder-taken", "-o", 0, 0, found, "name another folder"))
    for option, file in files.items():
        problems += _unfit(option, file)
    if problems:
        raise InvalidInput(tuple(problems))


def _unfit(option: str, file: Path) -> Iterator[Problem]:
    """A file, or none yet, or a character device such as /dev/null: what a report may be written to."""
    found, instead = "", "name a file"
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            found, instead = "is a folder", "name a file in it"
        elif not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
            found = "is neither a file nor a device that takes text"
    except FileNotFoundError:
        pass
    except OSError as error:
        found = f"cannot be written: {error.strerror}"
    if found:
        yield Problem("not-a-file", option, 0, 0, f"{file} {found}", instead)


def _refuse_inputs(selection: Selection, files: Mapping[str, Path]) -> None:
    """A report does not replace what the run reads."""
    read = [selection.project.file, *(chosen.scenario.file for chosen in selection.chosen)]
    problems = [_replaced(option, file, read) for option, file in files.items() if file.exists()]
    if any(problems):
        raise InvalidInput(tuple(problem for problem in problems if problem is not None))


def _replaced(option: str, file: Path, read: Sequence[str]) -> Problem | None:
    is_read = any(Path(other).exists() and file.samefile(other) for other in read)
    if not (is_read or file.resolve().suffix in (".yaml", ".yml")):
        return None
    found = f"{file} is {'read by this run' if is_read else 'a YAML file'}, and would be replaced"
    return Problem("not-a-file", option, 0, 0, found, f"name another file, such as {_SUCH[option]}")


def _finish(report: RunReport, show: Screen, *, as_json: bool, junit: Path | None, page: Path | None) -> None:
    for line in footer(report):
        show.print(line)
    if junit is not None:
        write_shared(junit, report.redact(junit_xml(report)))
    if page is not None:
        write_shared(page, run_page(report))
    if as_json:
        for text in indented(map(report.redact, result_text(report))):
            print(text.encode("utf-8", "backslashreplace").decode(), end="")
        print()
