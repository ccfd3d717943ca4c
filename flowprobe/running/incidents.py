"""`incident fit`: recordings read, fitted, and written as a fault profile."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from flowprobe.core.incidents.fitting import fit
from flowprobe.core.incidents.model import Incident, Window
from flowprobe.core.incidents.profiling import phases, profile_of
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.incident_writing import write_profile
from flowprobe.incident.instants import instants, zone_of
from flowprobe.incident.options import KINDS, Options, Progress, Read, columns_of, providers_of
from flowprobe.running.recorded import read_sources

__all__ = ["Fitted", "Options", "Wanted", "fit_incident", "options", "window_of"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_DAY = re.compile(r"\d{4}-\d\d-\d\dT")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`window` and `healthy` as they were written, `FROM..TO`; an empty `window` is all that was recorded."""

    sources: tuple[Path, ...]
    output: Path
    window: str = ""
    healthy: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Fitted:
    incident: Incident
    read: Read
    output: Path


def options(*, kind: str | None, format_: str, zone: str, columns: str, provider: tuple[str, ...],
            skip_wrong: bool = False) -> Options:
    """What a user says of the sources. Raises InvalidInput."""
    if kind is not None and kind not in KINDS:
        raise _problem("--as", f"{kind!r} is no kind of source", f"write one of {', '.join(KINDS)}")
    hosts, name = providers_of(provider)
    found = next((each for each in KINDS if each == kind), None)
    return Options(found, format_, zone, columns_of(columns), hosts, name, skip_wrong)


def fit_incident(wanted: Wanted, options: Options, *, progress: Progress) -> Fitted:
    """Read, fit and write. Raises InvalidInput where something was not understood or there is nothing to fit, and
    ToolFailed where the profile cannot be written; then there is no file."""
    name = wanted.name or wanted.output.stem
    if not _NAME.fullmatch(name):
        raise _problem("--name", f"{name!r} is no name", "write letters, digits, - and _, a letter first")
    window = window_of(wanted.window, options.zone, "--window") if wanted.window else None
    healthy = window_of(wanted.healthy, options.zone, "--healthy") if wanted.healthy else None
    found = read_sources(wanted.sources, options, progress=progress)
    whole = window or Window(found.earliest, found.latest + 0.001)
    incident = fit(name, found.recordings, whole, healthy=healthy,
                   sources=tuple(source.name for source in wanted.sources))
    _refuse_empty(incident, window)
    write_profile(profile_of(incident), wanted.output,
                  remarks=("Written by `flowprobe incident fit`; edit it as you like.",))
    return Fitted(incident, found, wanted.output)


def window_of(text: str, zone: str, of: str) -> Window:
    """`FROM..TO`; TO may be a time of the same day. Raises InvalidInput."""
    begin, dots, end = text.partition("..")
    if not dots:
        raise _problem(of, f"{text!r} is no window", "write 2026-11-20T18:00Z..2026-11-20T18:40Z, or ..18:40Z")
    if _DAY.match(begin) and not _DAY.match(end):
        end = begin[:begin.index("T") + 1] + end
    try:
        reader = instants("", zone_of(zone))
        found = Window(reader(begin), reader(end))
    except ValueError as error:
        said, _, instead = str(error).partition("; ")
        raise _problem(of, said, instead) from None
    if found.seconds <= 0:
        raise _problem(of, f"{text!r} ends before it begins", "write the earlier instant first")
    return found


def _refuse_empty(incident: Incident, window: Window | None) -> None:
    if not incident.fits:
        why = "; ".join(incident.left_out[:3]) or "no calls of providers were found"
        raise _problem("--window" if window else "SOURCE", f"there is nothing to fit: {why}",
                       "name a window in which providers were called, or another source")
    if not any(phase.badness for phase in phases(incident)):
        raise _problem("--window", "nothing was amiss in it: no call was later than in the healthy time, nor failed",
                       "name the window of the incident; `--healthy` is an ordinary one")


def _problem(of: str, found: str, instead: str) -> InvalidInput:
    return InvalidInput((Problem("bad-setting", of, 0, 0, found, instead),))
