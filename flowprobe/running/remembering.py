"""What a person asks of the memory of nights, and decides about them."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

from flowprobe.core.nights.flakes import flakes, quarantine_end
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Alert, Attempt, Deed, Mark, Night
from flowprobe.core.plain import Plain, plain
from flowprobe.errors import InvalidInput, Problem, ToolFailed
from flowprobe.files.problems import did_you_mean
from flowprobe.history import open_history
from flowprobe.history.opening import backup
from flowprobe.history.urls import is_server, path_of, shown

__all__ = ["Remembered", "back_up", "decide", "environments_of", "export", "is_there", "night_of",
           "prune", "rebase", "remembered", "told_place"]

_LATELY = 100
"""How many nights say what there is to decide about."""


@plain
class Remembered(Plain):
    """All of one night. `alerts` are those that it opened, saw again or resolved; `marks` count from it."""

    night: Night
    attempts: tuple[Attempt, ...]
    alerts: tuple[Alert, ...]
    marks: tuple[Mark, ...]


# --- where it is ----------------------------------------------------------------------------------


def told_place(place: str) -> str:
    """Without its password."""
    return shown(place) or "the history"


def is_there(place: str) -> bool:
    """Of a server only itself can say so."""
    return is_server(place) or Path(path_of(place)).exists()


@contextmanager
def remembered(place: str) -> Iterator[History]:
    """A history that is there, until the end of this. Raises InvalidInput where it is not, ToolFailed."""
    if not is_there(place):
        raise InvalidInput((Problem("no-history", told_place(place), 0, 0, "no night is remembered there",
                                    "name the file, or postgresql://…, with --history"),))
    history = open_history(place)
    try:
        yield history
    finally:
        history.close()


# --- asking ---------------------------------------------------------------------------------------


def environments_of(history: History, asked: str | None) -> tuple[str, ...]:
    """The one that is asked for, or all of them. Raises InvalidInput where that one is not known."""
    known = history.environments()
    if asked is None:
        return known
    if asked not in known:
        raise _strange("no-environment", "--env", f"no night of {asked!r} is remembered", asked, known)
    return (asked,)


def _one_of(history: History, asked: str | None) -> str:
    found = environments_of(history, asked)
    if len(found) != 1:
        raise _strange("no-environment", "--env", "there are nights of several environments" if found else
                       "no night is remembered", "", found)
    return found[0]


def night_of(history: History, word: str, *, environment: str | None) -> Remembered:
    """`latest`, a night's name or its beginning. Raises InvalidInput where that is none, or several."""
    name = _one_of(history, environment)
    nights = history.nights(name)
    fit = nights[-1:] if word == "latest" else [each for each in nights if each.name == word] or [
        each for each in nights if word and each.name.startswith(word)]
    if len(fit) != 1:
        raise _strange("no-night", "NIGHT", f"no night of {name}, or more than one, is called {word!r}",
                       "" if fit else word, [each.name for each in fit or nights[-7:]])
    night = fit[0]
    alerts = [each for each in history.alerts(name) if each.opened <= night.name <= max(each.last, each.resolved)]
    marks = [each for each in history.marks(name) if each.night == night.name]
    return Remembered(night, history.attempts(name, nights=(night.name,))[night.name], tuple(alerts), tuple(marks))


def _strange(id_: str, place: str, found: str, word: str, known: Sequence[str]) -> InvalidInput:
    names = f"name one of: {', '.join(known)}" if known else ""
    return InvalidInput((Problem(id_, place, 0, 0, found, did_you_mean(word, known, otherwise=names)),))


# --- keeping it small, and elsewhere --------------------------------------------------------------


def prune(history: History, *, environment: str | None, keep: int) -> dict[str, int]:
    """How many nights of each environment went."""
    return {name: history.prune(name, keep=keep) for name in environments_of(history, environment)}


def export(history: History, target: Path, *, environment: str | None) -> int:
    """Write all of it there as JSON lines, in place of what is there; returns how many. Raises ToolFailed."""
    part = target.with_name(f".{target.name}.{os.getpid()}")
    count = 0
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            for count, line in enumerate(history.lines(environment), start=1):  # noqa: B007  # it is what is returned
                file.write(f"{line}\n")
        part.replace(target)
    except OSError as error:
        raise ToolFailed(f"{target} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return count


def back_up(place: str, target: Path) -> None:
    """Raises InvalidInput, ToolFailed."""
    with remembered(place):
        backup(place, target)


# --- deciding -------------------------------------------------------------------------------------


def rebase(history: History, subject: str | None, *, environment: str | None, because: str,
           since: str | None) -> tuple[Mark, ...]:
    """What was measured before the night `since` (the newest, where it is None) counts no more: of one subject, or of
    all where that is None. Raises InvalidInput."""
    name = _one_of(history, environment)
    known = _measured(history, name)
    subjects = known if subject is None else (_known(subject, known, "SERIES", "series"),)
    night = _counting_from(history, name, since)
    return tuple(_kept(history, Mark(name, Deed.REBASE, each, night, _who(), _said(because), time.time()))
                 for each in subjects)


def decide(history: History, deed: Deed, journey: str, *, environment: str | None, because: str,
           until: str | None = None) -> Mark:
    """Put a journey into quarantine, or take it out. Raises InvalidInput."""
    name = _one_of(history, environment)
    night = _counting_from(history, name, None)
    subject = _known(journey, _journeys(history, name), "JOURNEY", "journey")
    if deed is Deed.RELEASE:
        _apart(history, name, subject, night)
    end = "" if deed is Deed.RELEASE else _ending(until, night) if until else quarantine_end(night)
    return _kept(history, Mark(name, deed, subject, night, _who(), _said(because), time.time(), end))


def _kept(history: History, mark: Mark) -> Mark:
    history.keep_mark(mark)
    return mark


def _measured(history: History, environment: str) -> tuple[str, ...]:
    """Everything that has a usual value: latencies, rates, and the looks of replies."""
    counted = [f"{each.journey} {each.step}" if each.step else str(each.journey)
               for _, each in history.counted(environment, last=_LATELY)]
    shapes = [f"{each.scenario} {each.step}" for _, each in history.shapes(environment, last=_LATELY)]
    return tuple(dict.fromkeys([*map(str, history.samples(environment, last=_LATELY)), *counted, *shapes]))


def _journeys(history: History, environment: str) -> tuple[str, ...]:
    names = [night.name for night in history.nights(environment, last=_LATELY)]
    made = history.attempts(environment, nights=names).values()
    return tuple(dict.fromkeys(str(attempt.journey) for attempts in made for attempt in attempts))


def _known(word: str, known: Sequence[str], place: str, what: str) -> str:
    """The one that is called so, or begins so."""
    fit = [each for each in known if each == word] or [each for each in known if word and each.startswith(word)]
    if len(fit) != 1:
        found = f"{word!r} is how more than one {what} begins" if fit else f"no {what} of the last nights is {word!r}"
        raise _strange(f"no-{what}", place, found, "" if fit else word, (fit or known)[:20])
    return fit[0]


def _apart(history: History, environment: str, subject: str, night: str) -> None:
    """Only what is in quarantine can be taken out of it."""
    names = [each.name for each in history.nights(environment, last=_LATELY)]
    known = flakes(history.attempts(environment, nights=names), history.marks(environment), tonight=night)
    there = tuple(str(each.journey) for each in known if each.until > night)
    if subject not in there:
        write = f"name one of: {', '.join(there)}" if there else "no journey is: there is nothing to release"
        raise InvalidInput((Problem("no-journey", "JOURNEY", 0, 0, f"{subject!r} is in no quarantine", write),))


def _ending(until: str, night: str) -> str:
    """The day on which a quarantine ends: after the newest night, or it would be over before it began."""
    day = _day(until, "--until")
    if day <= night[:10]:
        raise InvalidInput((Problem("bad-setting", "--until", 0, 0, f"{until!r} is over: the newest night is {night}",
                                    f"write a later day, for example {quarantine_end(night)}"),))
    return day


def _counting_from(history: History, environment: str, since: str | None) -> str:
    if since is not None and not history.night(environment, since):
        return _past(_day(since, "--since"))
    if since is not None:
        return since
    nights = history.nights(environment, last=1)
    return nights[-1].name if nights else datetime.now(UTC).date().isoformat()


def _past(day: str) -> str:
    """What begins in the future would let every night until then count for nothing."""
    today = datetime.now().astimezone().date().isoformat()
    if day > today:
        raise InvalidInput((Problem("bad-setting", "--since", 0, 0, f"{day!r} is in the future",
                                    f"write the name of a night that was made, or a day until {today}"),))
    return day


def _day(text: str, option: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InvalidInput((Problem("bad-setting", option, 0, 0, f"{text!r} is no day", "write 2026-03-01"),)) from None


def _said(because: str) -> str:
    if not because.strip():
        raise InvalidInput((Problem("bad-setting", "--because", 0, 0, "a decision needs its reason",
                                    "say it in a few words"),))
    return because.strip()


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as somebody who has no name
        return f"user {os.getuid()}"
