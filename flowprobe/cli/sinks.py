"""Where else a run is told than in its folder: the files that its options name, and the CI service that it runs in."""

from __future__ import annotations

import os
import re
import stat
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from flowprobe.cli.failures import told
from flowprobe.core.scenario import Environment
from flowprobe.core.verdict import foremost
from flowprobe.errors import InvalidInput, Problem, ToolFailed
from flowprobe.report.annotations import annotated
from flowprobe.report.build import build_of
from flowprobe.report.ctrf import ctrf_text
from flowprobe.report.junit import junit_xml
from flowprobe.report.markdown import as_far_as, markdown_text
from flowprobe.report.model import RunReport
from flowprobe.report.page import run_page
from flowprobe.running.exporting import collector_at, deliver, trace_lines
from flowprobe.running.folder import write_shared
from flowprobe.running.selection import Selection
from flowprobe.running.traffic import traffic

__all__ = ["EventLines", "Sinks", "annotations_for", "reported", "summarize", "write_all"]

STANDARD_OUTPUT = Path("-")
_USUAL = {"--junit": "junit.xml", "--html": "report.html", "--ctrf": "ctrf.json", "--har": "run.har",
          "--markdown": "summary.md", "--ndjson": "events.ndjson", "--otlp": "traces.jsonl"}
_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+(/.*)?")
_SUMMARY_BYTES = 1_000_000
"""GitHub refuses a step's summary of more than a mebibyte."""


@dataclass(frozen=True, slots=True)
class Sinks:
    """What the options of a run name, None for nothing. `ndjson` may be `-`; with `as_json` the result goes to standard
    output. `otlp` is a file, or the http(s) URL of a collector."""

    junit: Path | None = None
    html: Path | None = None
    ctrf: Path | None = None
    har: Path | None = None
    markdown: Path | None = None
    ndjson: Path | None = None
    as_json: bool = False
    otlp: str | None = None

    @property
    def takes_standard_output(self) -> bool:
        """Whether standard output is a machine's: people then read standard error."""
        return self.as_json or self.ndjson == STANDARD_OUTPUT

    def named(self) -> dict[str, Path]:
        """The files, by their options."""
        ndjson = None if self.ndjson == STANDARD_OUTPUT else self.ndjson
        otlp = Path(self.otlp) if self.otlp is not None and not self.collector else None
        found = zip(_USUAL, (self.junit, self.html, self.ctrf, self.har, self.markdown, ndjson, otlp), strict=True)
        return {flag: path for flag, path in found if path is not None}

    @property
    def collector(self) -> str:
        """Where traces are sent, '' for nowhere. Whatever has a scheme is meant for a URL."""
        return self.otlp if self.otlp is not None and "://" in self.otlp else ""

    def asked(self) -> tuple[str, ...]:
        """The options that were given a place, standard output and a collector too."""
        return (*self.named(), *(("--ndjson",) if self.ndjson == STANDARD_OUTPUT else ()),
                *(("--otlp",) if self.collector else ()))

    def unfit(self) -> Iterator[Problem]:
        """What is wrong with them by themselves."""
        if self.otlp is not None:
            yield from _unfit_traces(self.otlp, self.collector)
        taken: dict[Path, str] = {}
        for flag, path in self.named().items():
            yield from _unfit(flag, path)
            whole = Path(os.path.abspath(path))
            if whole in taken and not path.is_char_device():
                yield _problem(flag, f"{path} is what {taken[whole]} is written to", f"name another file, such as "
                               f"{_USUAL[flag]}")
            taken.setdefault(whole, flag)
        if self.as_json and self.ndjson == STANDARD_OUTPUT:
            yield _problem("--ndjson", "standard output is what --json is written to", "name a file")

    def refuse_inputs(self, selection: Selection) -> None:
        """A report does not replace what the run reads."""
        read = [Path(file) for file in (selection.project.file, *(each.scenario.file for each in selection.chosen))]
        problems = tuple(problem for flag, path in self.named().items() for problem in _replaced(flag, path, read))
        if problems:
            raise InvalidInput(problems)


def _unfit(flag: str, path: Path) -> Iterator[Problem]:
    """A file, or none yet, or a character device such as /dev/null: what a report may be written to."""
    found, instead = "", "name a file"
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            found, instead = "is a folder", "name a file in it"
        elif not (stat.S_ISREG(mode) or stat.S_ISCHR(mode)):
            found = "is neither a file nor a device that takes text"
    except FileNotFoundError:
        pass
    except OSError as error:
        found = f"cannot be written: {error.strerror}"
    if found:
        yield _problem(flag, f"{path} {found}", instead)


def _unfit_traces(given: str, collector: str) -> Iterator[Problem]:
    """A collector without its scheme would be a file of that name."""
    if _HOST_AND_PORT.fullmatch(given):
        yield _problem("--otlp", f"{given} is no URL, and a strange name for a file",
                       f"write http://{given} for a collector, ./{given} for a file")
    try:
        if collector:
            collector_at(collector, os.environ)
    except InvalidInput as error:
        yield from error.problems


def _replaced(flag: str, path: Path, read: Iterable[Path]) -> Iterator[Problem]:
    if not path.exists():
        return
    is_read = any(file.exists() and path.samefile(file) for file in read)
    if is_read or path.resolve().suffix in (".yaml", ".yml"):
        found = f"{path} is {'read by this run' if is_read else 'a YAML file'}, and would be replaced"
        yield _problem(flag, found, f"name another file, such as {_USUAL[flag]}")


def _problem(flag: str, found: str, instead: str) -> Problem:
    return Problem("not-a-file", flag, 0, 0, found, instead)


# --- while the run goes on ------------------------------------------------------------------------


class EventLines:
    """Lines that leave as they come, each whole; safe from any thread. A reader of standard output who goes away
    (`| head`) does not stop the run; of a file, `close` says what could not be written."""

    def __init__(self, path: Path) -> None:
        self._path = None if path == STANDARD_OUTPUT else path
        self._lock = threading.Lock()
        self._lost = ""
        self._file = self._opened()

    def _opened(self) -> int:
        if self._path is None:
            return -1
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        except OSError as error:
            raise ToolFailed(f"cannot write {self._path}: {error.strerror}") from error

    def __call__(self, line: str) -> None:
        with self._lock:
            if self._lost:
                return
            try:
                self._write(line + "\n")
            except OSError as error:
                self._lost = error.strerror or str(error)

    def _write(self, text: str) -> None:
        if self._path is None:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        data = text.encode("utf-8", "backslashreplace")
        while data:
            data = data[os.write(self._file, data):]

    def close(self) -> None:
        """Raises ToolFailed where not all of it is in the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._lost and self._path is not None:
            raise ToolFailed(f"cannot write {self._path}: {self._lost}")


# --- when it has ended ----------------------------------------------------------------------------


def write_all(report: RunReport, sinks: Sinks, environment: Environment) -> None:
    """Write every report that was asked for. Raises ToolFailed for those that could not be, when the others are; a
    collector that did not take what was sent is a warning on standard error."""
    texts: dict[str, Callable[[], str | Iterable[str]]] = {
        "--junit": lambda: report.redact(junit_xml(report)), "--html": lambda: run_page(report),
        "--ctrf": lambda: ctrf_text(report, build_of(os.environ)),
        "--har": lambda: traffic(report, environment), "--markdown": lambda: markdown_text(report),
        "--otlp": lambda: trace_lines(report)}
    failed = []
    for flag, path in sinks.named().items():
        if flag in texts:
            try:
                write_shared(path, texts[flag]())
            except ToolFailed as failure:
                failed.append(str(failure))
    if sinks.collector:
        try:
            if warning := deliver(report, collector_at(sinks.collector, os.environ)):
                print(warning, file=sys.stderr)
        except ToolFailed as failure:
            failed.append(str(failure))
    if failed:
        raise ToolFailed("; ".join(failed))


def reported(code: int, report: Callable[[], None]) -> int:
    """The exit code of what came to `code`, once `report` has told it everywhere: that it could not is a failure of
    ours, and hides nothing that comes before it."""
    try:
        report()
    except ToolFailed as failed:
        return foremost((code, told(failed)))
    return code


def summarize(report: RunReport, environ: Mapping[str, str]) -> str:
    """Add the summary to that of the job, where a CI service has a place for it; why it could not be, else ''."""
    place = environ.get("GITHUB_STEP_SUMMARY")
    if not place or not environ.get("CI"):
        return ""
    rest = f"There is more than has room here; all of it is in {report.folder / 'result.json'}."
    try:
        with Path(place).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(as_far_as(markdown_text(report), _SUMMARY_BYTES, rest))
    except OSError as error:
        return f"cannot add the summary to {place}: {error.strerror}"
    return ""


def annotations_for(report: RunReport, environ: Mapping[str, str]) -> Iterator[str]:
    """Lines that GitHub shows at the scenarios; none elsewhere."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return
    root = environ.get("GITHUB_WORKSPACE")
    yield from annotated(report, lambda file: _from_root(file, root))


def _from_root(file: str, root: str | None) -> str:
    """A file of this working directory, as it is named from the repository's root."""
    whole = Path(file).resolve()
    if root is None or not whole.is_relative_to(Path(root).resolve()):
        return file
    return whole.relative_to(Path(root).resolve()).as_posix()
