"""`flowprobe history …`: what is remembered from night to night, and what a person decides about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flowprobe.cli.watching import screen
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Deed, Mark
from flowprobe.report.remembered import mark_line, night_lines, one_night_lines
from flowprobe.report.spans import Line, line
from flowprobe.running import remembering
from flowprobe.running.nightly.places import place_here
from flowprobe.running.places import shown_path
from flowprobe.running.remembering import environments_of, is_there, remembered, told_place
from flowprobe.running.settings import settle

__all__ = ["backup_command", "export_command", "list_command", "prune_command", "quarantine_command", "rebase_command",
           "release_command", "show_command"]

_NEWEST = 20


def _place(named: str | None, environment: str | None) -> str:
    return place_here(settle(history=named).history, environment)


# --- looking --------------------------------------------------------------------------------------


def list_command(named: str | None, environment: str | None, *, everything: bool, as_json: bool) -> int:
    """Nothing remembered is no mistake: exit code 0."""
    place = _place(named, environment)
    if not is_there(place):
        if as_json:
            return _print_json({"environments": []})
        return _print([line(f"no night is remembered yet: {told_place(place)} is not there")])
    with remembered(place) as history:
        names = environments_of(history, environment)
        if as_json:
            return _print_json({"environments": [_environment_json(history, name) for name in names]})
        return _print([each for name in names for each in _environment(history, name, everything=everything)])


def _environment(history: History, name: str, *, everything: bool) -> Iterable[Line]:
    nights = history.nights(name)
    shown = nights if everything else nights[-_NEWEST:]
    return night_lines(name, shown, alerts=len(history.alerts(name, open_only=True)), hidden=len(nights) - len(shown))


def _environment_json(history: History, name: str) -> dict[str, Any]:
    return {"environment": name, "nights": [asdict(night) for night in history.nights(name)],
            "alerts": [asdict(alert) for alert in history.alerts(name, open_only=True)],
            "marks": [asdict(mark) for mark in history.marks(name)]}


def show_command(named: str | None, night: str, environment: str | None, *, as_json: bool) -> int:
    with remembered(_place(named, environment)) as history:
        found = remembering.night_of(history, night, environment=environment)
    if as_json:
        return _print_json(asdict(found))
    return _print(one_night_lines(found.night, found.attempts, found.alerts, found.marks))


# --- keeping it small, and elsewhere --------------------------------------------------------------


def prune_command(named: str | None, environment: str | None, *, keep: int) -> int:
    with remembered(_place(named, environment)) as history:
        gone = remembering.prune(history, environment=environment, keep=keep)
        left = {name: len(history.nights(name)) for name in gone}
    return _print([line(f"{name}: {_nights(count)} went, {_nights(left[name])} stay" + "s" * (left[name] == 1))
                   for name, count in gone.items()])


def _nights(count: int) -> str:
    return f"{count} night{'s' * (count != 1)}"


def export_command(named: str | None, target: Path | None, environment: str | None) -> int:
    with remembered(_place(named, environment)) as history:
        (only,) = environments_of(history, environment) if environment else (None,)
        if target is None or target == Path("-"):
            for each in history.lines(only):
                print(each)
            return 0
        count = remembering.export(history, target, environment=only)
    return _print([line(f"{count} line{'s' * (count != 1)} in {shown_path(target)}")])


def backup_command(named: str | None, target: Path, environment: str | None) -> int:
    remembering.back_up(_place(named, environment), target)
    return _print([line(f"copied to {shown_path(target)}")])


# --- deciding -------------------------------------------------------------------------------------


def rebase_command(named: str | None, subject: str | None, environment: str | None, *, because: str,
                   since: str | None) -> int:
    with remembered(_place(named, environment)) as history:
        marks = remembering.rebase(history, subject, environment=environment, because=because, since=since)
    return _told(marks)


def quarantine_command(named: str | None, journey: str, environment: str | None, *, because: str,
                       until: str | None) -> int:
    with remembered(_place(named, environment)) as history:
        mark = remembering.decide(history, Deed.QUARANTINE, journey, environment=environment, because=because,
                                  until=until)
    return _told([mark])


def release_command(named: str | None, journey: str, environment: str | None, *, because: str) -> int:
    with remembered(_place(named, environment)) as history:
        mark = remembering.decide(history, Deed.RELEASE, journey, environment=environment, because=because)
    return _told([mark])


def _told(marks: Iterable[Mark]) -> int:
    return _print(list(map(mark_line, marks)) or [line("there is nothing to decide about: no night has ended yet")])


def _print(lines: Iterable[Line]) -> int:
    show = screen(sys.stdout)
    for each in lines:
        show.print(each)
    return 0


def _print_json(value: dict[str, Any]) -> int:
    print(json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace").decode())
    return 0
