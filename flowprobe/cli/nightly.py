"""`flowprobe nightly`: make tonight's, remember it, and tell of it on one screen."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from flowprobe.cli.sinks import Sinks, reported
from flowprobe.cli.watching import Screen, screen
from flowprobe.core.events import Event
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.nights.classified import made_good
from flowprobe.core.nights.model import Night as NightOf
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.errors import InvalidInput
from flowprobe.files.cases import without_cases
from flowprobe.report.junit import junit_xml
from flowprobe.report.lines import left_behind, scenario_line, trial_block
from flowprobe.report.night_told import NightTold, night_json, night_lines
from flowprobe.report.nights_ctrf import nights_ctrf
from flowprobe.report.nights_metrics import gauges
from flowprobe.report.nights_page import nights_page
from flowprobe.report.nights_tables import Link
from flowprobe.report.otlp_metrics import metrics_request
from flowprobe.report.prometheus import prometheus_text
from flowprobe.report.visible import visible
from flowprobe.running.exporting import collector_at, deliver_metrics
from flowprobe.running.folder import write_shared, write_whole
from flowprobe.running.nightly.night import Made, Wish, make_night
from flowprobe.running.nightly.places import open_at, place_of, scenarios_of
from flowprobe.running.places import STATE
from flowprobe.running.selection import Request, Selection, find, load_here, select
from flowprobe.running.settings import DEFAULT, Settled

__all__ = ["Night", "nightly_command"]


@dataclass(frozen=True, slots=True)
class Night:
    """What the command was asked for, beside the run: `history` is what `--history` or its variable names."""

    wish: Wish = field(default_factory=Wish)
    history: Settled[str | None] = field(default_factory=lambda: Settled(None, DEFAULT))
    as_json: bool = False
    junit: Path | None = None
    html: Path | None = None
    ctrf: Path | None = None
    prometheus: Path | None = None
    otlp: str | None = None

    @property
    def sinks(self) -> Sinks:
        """The same as the options of a run that they are."""
        return Sinks(self.junit, self.html, self.ctrf, as_json=self.as_json, otlp=self.otlp)


def nightly_command(request: Request, asked: Night) -> int:
    """Returns the exit code. With `--json` standard output has the result alone; people read standard error."""
    if wrong := tuple(asked.sinks.unfit()):
        raise InvalidInput(wrong)
    selection = _select(request)
    show = screen(sys.stderr if asked.as_json else sys.stdout)
    place = place_of(asked.history, selection.environment, allow_exec=request.allow_exec)
    with closing(open_at(place)) as history, show:
        made = make_night(request, selection, NightScreen(show), history, replace(asked.wish, warn=_warn))
    return reported(made.exit_code, lambda: _tell(made, show, asked))


def _warn(text: str) -> None:
    """Where no summary hides it."""
    print(visible(text), file=sys.stderr)


def _select(request: Request) -> Selection:
    """What the command names, else what the environment says that nights are made of."""
    if not request.paths:
        project = load_here()
        request = replace(request, paths=scenarios_of(find(project, request.environment)))
    return select(replace(request, paths=without_cases(request.paths) or request.paths))


def _tell(made: Made, show: Screen, asked: Night) -> None:
    folder = made.report.folder if made.report is not None else None
    left = left_behind(made.report) if made.report is not None else ()
    told = NightTold(made.night, made.journeys, made.overview, str(folder or ""), made.found, (*left, *made.notes),
                     made.told, str(_page(made.night.environment)), made.samples, made.planned)
    for each in night_lines(told):
        show.print(each)
    redact = made.report.redact if made.report is not None else str
    result = redact(json.dumps(night_json(told), indent=1))
    if folder is not None:
        write_whole(folder / "night.json", result + "\n")
        _write_junit(made, folder, asked, redact)
    elif asked.junit is not None:
        print(f"warning: {asked.junit} is not written: nothing was sent, and the history of nights does not have what "
              "--junit tells", file=sys.stderr)
    _write_nights(made, asked, redact)
    if asked.as_json:
        print(result)


def _write_junit(made: Made, folder: Path, asked: Night, redact: Callable[[str], str]) -> None:
    """In place of that of the run, to which what broke once has failed."""
    text = redact(junit_xml(made.report, made_good=made_good(made.journeys)))
    write_whole(folder / "junit.xml", text)
    if asked.junit is not None:
        write_shared(asked.junit, text)


def _write_nights(made: Made, asked: Night, redact: Callable[[str], str]) -> None:
    """What tells of all the nights that are known: their page, and where others want them."""
    page = _page(made.night.environment)
    write_whole(page, redact(nights_page(made.overview, made.cost, _link(page))))
    if asked.html is not None:
        write_shared(asked.html, redact(nights_page(made.overview, made.cost, _link(asked.html))))
    if asked.ctrf is not None:
        write_shared(asked.ctrf, nights_ctrf(made.overview, redact))
    if asked.prometheus is not None:
        write_shared(asked.prometheus, prometheus_text(gauges(made.overview), redact))
    if asked.otlp is not None:
        _tell_metrics(made, asked, redact)


def _tell_metrics(made: Made, asked: Night, redact: Callable[[str], str]) -> None:
    """Into the file, or to the collector; one that does not take them is a warning on standard error."""
    night, sinks = made.night, asked.sinks
    request = metrics_request(gauges(made.overview), version=night.flowprobe, environment=night.environment,
                              at=night.ended or night.began, redact=redact)
    for path in (path for flag, path in sinks.named().items() if flag == "--otlp"):
        write_shared(path, request + "\n")
    if sinks.collector:
        collector = collector_at(sinks.collector, os.environ, metrics=True)
        if warning := deliver_metrics(request, collector, redact):
            print(warning, file=sys.stderr)


def _page(environment: str) -> Path:
    return STATE / "nights" / f"{environment}.html"


def _link(page: Path) -> Link:
    """Where the page of a night's run is, from another page; nowhere where it is not here."""
    def link(night: NightOf) -> str:
        there = STATE / "runs" / night.run / "report.html"
        return os.path.relpath(there, page.parent) if night.run and there.exists() else ""

    return link


class NightScreen:
    """The watcher of a night: what goes well is not told trial by trial, what broke is told whole where it first
    does."""

    def __init__(self, show: Screen) -> None:
        self._show = show
        self._told: set[tuple[str, tuple[str, ...], str]] = set()

    def opened(self, folder: Path, environment: str, seed: int, redact: object) -> None:
        self._show.opened(folder, environment, seed, redact)  # type: ignore[arg-type]

    def event(self, event: Event) -> None:
        self._show.event(event)

    def trial(self, trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> None:
        if verdict.kind in (Kind.PASS, Kind.DEGRADED):
            return
        key = (trial.started.file, tuple(trial.started.personas.values()), trial.started.plan)
        if key in self._told:
            return
        self._told.add(key)
        self._show.print(())
        self._show.print(scenario_line(trial))
        for each in trial_block(trial, verdict, twin):
            self._show.print(each)

    def notice(self, text: str) -> None:
        self._show.notice(text)
