"""Between the values of the core and the rows of a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from flowprobe.core.nights.model import (
    Alert,
    Attempt,
    Counted,
    Deed,
    Journey,
    Mark,
    Night,
    Sample,
    Series,
    Severity,
    Shape,
    State,
)
from flowprobe.core.verdict import Blame, Kind
from flowprobe.history.work import Row

__all__ = ["ALERT", "ATTEMPT", "JOURNEY", "MARK", "NIGHT", "SERIES", "alert_of", "alert_row", "attempt_of",
           "attempt_row", "clean", "counted_of", "counted_row", "journey_row", "mark_of", "mark_row", "night_of",
           "night_row", "reply_row", "sample_of", "sample_row", "series_row", "shape_of"]

NIGHT = ("environment", "name", "state", "began", "ended", "verdict", "exit_code", "run", "because", "calls",
         "journeys", "seed", "flowprobe")
JOURNEY = ("scenario", "personas", "plan")
ATTEMPT = ("number", "at", "seconds", "verdict", "blame", "signature", "sentence", "step", "provider", "trial")
"""Of an attempt without its journey."""
SERIES = ("kind", "name", "scenario", "personas")
ALERT = ("environment", "key", "severity", "blame", "sentence", "journeys", "opened", "last", "resolved", "link")
MARK = ("environment", "deed", "subject", "night", "by", "because", "at", "until")


def clean(value: Any) -> Any:
    """A text that every database takes: what a product says may hold a NUL or half of a surrogate pair."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _parts(value: object, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple(clean(getattr(value, name)) for name in names)


# --- nights and what was made in them -------------------------------------------------------------


def night_row(night: Night) -> Row:
    return _parts(night, NIGHT)


def night_of(row: Row) -> Night:
    environment, name, state, began, ended, verdict, *rest = row
    return Night(environment, name, State(state), began, ended, Kind(verdict) if verdict else None, *rest)


def journey_row(journey: Journey) -> Row:
    return _parts(journey, JOURNEY)


def attempt_row(attempt: Attempt) -> Row:
    """What comes after its journey."""
    return _parts(attempt, ATTEMPT)


def attempt_of(row: Row) -> Attempt:
    """Of a row with its journey before it."""
    scenario, personas, plan, number, at, seconds, verdict, blame, *rest = row
    return Attempt(Journey(scenario, personas, plan), number, at, seconds, Kind(verdict), Blame(blame), *rest)


# --- what was measured ----------------------------------------------------------------------------


def series_row(series: Series) -> Row:
    return _parts(series, SERIES)


def sample_row(sample: Sample) -> Row:
    return (*series_row(sample.series), json.dumps(sample.seconds))


def sample_of(row: Row) -> Sample:
    kind, name, scenario, personas, seconds = row
    return Sample(Series(kind, name, scenario, personas), tuple(json.loads(seconds)))


def counted_row(counted: Counted) -> Row:
    return (*journey_row(counted.journey), *_parts(counted, ("step", "tries", "failures")))


def counted_of(row: Row) -> Counted:
    scenario, personas, plan, *rest = row
    return Counted(Journey(scenario, personas, plan), *rest)


def reply_row(shape: Shape) -> Row:
    """Scenario, step, digest, paths."""
    told = {clean(path): [clean(word) for word in words] for path, words in sorted(shape.paths.items())}
    paths = json.dumps(told, ensure_ascii=False)
    return (*_parts(shape, ("scenario", "step")), hashlib.sha256(paths.encode()).hexdigest()[:32], paths)


def shape_of(row: Row) -> Shape:
    scenario, step, paths = row
    return Shape(scenario, step, {path: tuple(words) for path, words in json.loads(paths).items()})


# --- what was told, and decided -------------------------------------------------------------------


def alert_row(alert: Alert) -> Row:
    row = dict(zip(ALERT, _parts(alert, ALERT), strict=True))
    journeys = json.dumps([clean(each) for each in alert.journeys], ensure_ascii=False)
    return tuple({**row, "journeys": journeys}.values())


def alert_of(row: Row) -> Alert:
    environment, key, severity, blame, sentence, journeys, *rest = row
    return Alert(environment, key, Severity(severity), Blame(blame), sentence, tuple(json.loads(journeys)), *rest)


def mark_row(mark: Mark) -> Row:
    return _parts(mark, MARK)


def mark_of(row: Sequence[Any]) -> Mark:
    environment, deed, *rest = row
    return Mark(environment, Deed(deed), *rest)
