"""A history in the tables of a database, whichever that is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from flowprobe.core.nights.model import Alert, Attempt, Counted, Mark, Night, Sample, Series, Shape
from flowprobe.errors import ToolFailed
from flowprobe.history.rows import (
    ALERT,
    ATTEMPT,
    JOURNEY,
    MARK,
    NIGHT,
    SERIES,
    alert_of,
    alert_row,
    attempt_of,
    attempt_row,
    clean,
    counted_of,
    counted_row,
    journey_row,
    mark_of,
    mark_row,
    night_of,
    night_row,
    reply_row,
    sample_of,
    sample_row,
    series_row,
    shape_of,
)
from flowprobe.history.work import Database, Row, Work

__all__ = ["Store"]

T = TypeVar("T")
_ALL = 2**62
_AT_ONCE = 500
"""How many names a statement lists at most: an old SQLite takes 999 values."""


def _insert(table: str, columns: Sequence[str], values: str, *, same: Sequence[str], put: Sequence[str] = ()) -> str:
    """Rows that are `same` in these columns as one that is there are left, or `put` in its place."""
    what = f"UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in put)}" if put else "NOTHING"
    return (f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) "
            f"ON CONFLICT ({', '.join(same)}) DO {what}")


def _marks(columns: Sequence[str]) -> str:
    return ", ".join("?" * len(columns))


def _known(table: str, columns: Sequence[str]) -> str:
    return f"(SELECT id FROM {table} WHERE {' AND '.join(f'{name} = ?' for name in columns)})"


_REPLY = ("scenario", "step", "digest")
_KEEP_NIGHT = _insert("nights", NIGHT, _marks(NIGHT), same=NIGHT[:2], put=NIGHT[2:])
_KEEP_JOURNEY = _insert("journeys", JOURNEY, _marks(JOURNEY), same=JOURNEY)
_KEEP_ATTEMPT = _insert("attempts", ("night", "journey", *ATTEMPT), f"?, {_known('journeys', JOURNEY)}, "
                        f"{_marks(ATTEMPT)}", same=("night", "journey", "number"), put=ATTEMPT[1:])
_KEEP_SERIES = _insert("series", SERIES, _marks(SERIES), same=SERIES)
_KEEP_SAMPLE = _insert("samples", ("night", "series", "seconds"), f"?, {_known('series', SERIES)}, ?",
                       same=("night", "series"), put=("seconds",))
_KEEP_COUNTED = _insert("counted", ("night", "journey", "step", "tries", "failures"),
                        f"?, {_known('journeys', JOURNEY)}, ?, ?, ?", same=("night", "journey", "step"),
                        put=("tries", "failures"))
_KEEP_REPLY = _insert("replies", (*_REPLY, "paths"), "?, ?, ?, ?", same=_REPLY)
_KEEP_SHAPE = _insert("shapes", ("night", "reply"), f"?, {_known('replies', _REPLY)}", same=("night", "reply"))
_KEEP_ALERT = _insert("alerts", ALERT, _marks(ALERT), same=("environment", "key", "opened"),
                      put=[name for name in ALERT if name not in ("environment", "key", "opened")])
_KEEP_MARK = _insert("marks", MARK, _marks(MARK), same=("environment", "deed", "subject", "at"))

_ONE = "SELECT id, name, began FROM nights WHERE environment = ? AND name = ?"
_ENDED = ("SELECT id, name, began FROM nights WHERE environment = ? AND state = 'ended' "
          "ORDER BY began DESC, name DESC LIMIT ?")
_ORPHANS = (
    "DELETE FROM journeys WHERE NOT EXISTS (SELECT 1 FROM attempts a WHERE a.journey = journeys.id) "
    "AND NOT EXISTS (SELECT 1 FROM counted c WHERE c.journey = journeys.id)",
    "DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM samples m WHERE m.series = series.id)",
    "DELETE FROM replies WHERE NOT EXISTS (SELECT 1 FROM shapes h WHERE h.reply = replies.id)",
)


class Store:
    """What `flowprobe.core.nights.history.History` promises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        self._database.close()

    # --- keeping ---

    def keep_night(self, night: Night) -> None:
        self._database.write(lambda work: work.run(_KEEP_NIGHT, night_row(night)))

    def keep_attempts(self, environment: str, night: str, attempts: Sequence[Attempt]) -> None:
        def keep(work: Work) -> None:
            id_ = _id(work, environment, night)
            work.many(_KEEP_JOURNEY, _distinct(journey_row(each.journey) for each in attempts))
            work.many(_KEEP_ATTEMPT, [(id_, *journey_row(each.journey), *attempt_row(each)) for each in attempts])

        self._database.write(keep)

    def keep_measured(self, environment: str, night: str, *, samples: Sequence[Sample], counted: Sequence[Counted],
                      shapes: Sequence[Shape]) -> None:
        def keep(work: Work) -> None:
            id_ = _id(work, environment, night)
            for table in ("samples", "counted", "shapes"):
                work.run(f"DELETE FROM {table} WHERE night = ?", (id_,))
            work.many(_KEEP_SERIES, _distinct(series_row(each.series) for each in samples))
            work.many(_KEEP_SAMPLE, [(id_, *sample_row(each)) for each in samples])
            work.many(_KEEP_JOURNEY, _distinct(journey_row(each.journey) for each in counted))
            work.many(_KEEP_COUNTED, [(id_, *counted_row(each)) for each in counted])
            replies = _distinct(map(reply_row, shapes))
            work.many(_KEEP_REPLY, replies)
            work.many(_KEEP_SHAPE, [(id_, *reply[:3]) for reply in replies])

        self._database.write(keep)

    def keep_alerts(self, alerts: Sequence[Alert]) -> None:
        self._database.write(lambda work: work.many(_KEEP_ALERT, [alert_row(each) for each in alerts]))

    def keep_mark(self, mark: Mark) -> None:
        self._database.write(lambda work: work.run(_KEEP_MARK, mark_row(mark)))

    def prune(self, environment: str, *, keep: int) -> int:
        def forget(work: Work) -> int:
            gone = work.run("DELETE FROM nights WHERE environment = ? AND id NOT IN (SELECT id FROM nights WHERE "
                            "environment = ? ORDER BY began DESC, name DESC LIMIT ?)",
                            (clean(environment), clean(environment), keep))
            work.run("DELETE FROM alerts WHERE environment = ? AND resolved <> '' AND resolved NOT IN "
                     "(SELECT name FROM nights WHERE environment = ?)", (clean(environment), clean(environment)))
            for statement in _ORPHANS:
                work.run(statement)
            return gone

        gone = self._database.write(forget)
        self._database.shrink()
        return gone

    # --- asking ---

    def environments(self) -> tuple[str, ...]:
        rows = self._rows("SELECT environment FROM nights UNION SELECT environment FROM alerts "
                          "UNION SELECT environment FROM marks ORDER BY 1")
        return tuple(name for (name,) in rows)

    def night(self, environment: str, name: str) -> Night | None:
        rows = self._rows(f"SELECT {', '.join(NIGHT)} FROM nights WHERE environment = ? AND name = ?",
                          (environment, name))
        return night_of(rows[0]) if rows else None

    def nights(self, environment: str, *, last: int | None = None) -> tuple[Night, ...]:
        rows = self._rows(f"SELECT {', '.join(NIGHT)} FROM nights WHERE environment = ? "
                          "ORDER BY began DESC, name DESC LIMIT ?", (environment, _ALL if last is None else last))
        return tuple(night_of(row) for row in reversed(rows))

    def attempts(self, environment: str, *, nights: Sequence[str]) -> dict[str, tuple[Attempt, ...]]:
        found: dict[str, list[Attempt]] = {name: [] for name in nights}
        for start in range(0, len(nights), _AT_ONCE):
            some = nights[start:start + _AT_ONCE]
            for night, *row in self._rows(
                    f"SELECT n.name, j.scenario, j.personas, j.plan, {', '.join(f'a.{name}' for name in ATTEMPT)} "
                    "FROM nights n JOIN attempts a ON a.night = n.id JOIN journeys j ON j.id = a.journey "
                    f"WHERE n.environment = ? AND n.name IN ({_marks(some)}) ORDER BY a.at, a.id",
                    (environment, *some)):
                found[night].append(attempt_of(row))
        return {night: tuple(attempts) for night, attempts in found.items()}

    def samples(self, environment: str, *, last: int) -> dict[Series, tuple[tuple[str, tuple[float, ...]], ...]]:
        found: dict[Series, list[tuple[str, tuple[float, ...]]]] = {}
        for night, sample in self._samples(_ENDED, environment, last):
            found.setdefault(sample.series, []).append((night, sample.seconds))
        return {series: tuple(nights) for series, nights in found.items()}

    def counted(self, environment: str, *, last: int) -> tuple[tuple[str, Counted], ...]:
        return self._counted(_ENDED, environment, last)

    def shapes(self, environment: str, *, last: int) -> tuple[tuple[str, Shape], ...]:
        return self._shapes(_ENDED, environment, last)

    def alerts(self, environment: str, *, open_only: bool = False, last: int | None = None) -> tuple[Alert, ...]:
        columns = ", ".join("CAST(journeys AS TEXT)" if name == "journeys" else name for name in ALERT)
        only = " AND resolved = ''" if open_only else ""
        rows = self._rows(f"SELECT {columns} FROM alerts WHERE environment = ?{only} "
                          "ORDER BY opened DESC, id DESC LIMIT ?", (environment, _ALL if last is None else last))
        return tuple(alert_of(row) for row in reversed(rows))

    def marks(self, environment: str) -> tuple[Mark, ...]:
        rows = self._rows(f"SELECT {', '.join(MARK)} FROM marks WHERE environment = ? ORDER BY at, id", (environment,))
        return tuple(map(mark_of, rows))

    def lines(self, environment: str | None = None) -> Iterator[str]:
        """Night by night: each of them is whole, and what is kept meanwhile may be in or not."""
        for name in self.environments() if environment is None else (environment,):
            for night in self.nights(name):
                yield _line("night", night)
                yield from self._lines_of(name, night.name)
            yield from (_line("alert", alert) for alert in self.alerts(name))
            yield from (_line("mark", mark) for mark in self.marks(name))

    def _lines_of(self, environment: str, night: str) -> Iterator[str]:
        where = {"environment": environment, "night": night}
        for attempt in self.attempts(environment, nights=(night,))[night]:
            yield _line("attempt", attempt, where)
        for _, sample in self._samples(_ONE, environment, night):
            yield _line("sample", sample, where)
        for _, counted in self._counted(_ONE, environment, night):
            yield _line("counted", counted, where)
        for _, shape in self._shapes(_ONE, environment, night):
            yield _line("shape", shape, where)

    # --- of some nights: those that a statement with these values finds ---

    def _samples(self, nights: str, *values: Any) -> tuple[tuple[str, Sample], ...]:
        return self._by_night(nights, "m.seconds", "samples m ON m.night = n.id JOIN series s ON s.id = m.series",
                              [f"s.{name}" for name in SERIES], "s.id", values, sample_of)

    def _counted(self, nights: str, *values: Any) -> tuple[tuple[str, Counted], ...]:
        return self._by_night(nights, "", "counted c ON c.night = n.id JOIN journeys j ON j.id = c.journey",
                              ["j.scenario", "j.personas", "j.plan", "c.step", "c.tries", "c.failures"],
                              "j.id, c.step", values, counted_of)

    def _shapes(self, nights: str, *values: Any) -> tuple[tuple[str, Shape], ...]:
        return self._by_night(nights, "r.paths", "shapes h ON h.night = n.id JOIN replies r ON r.id = h.reply",
                              ["r.scenario", "r.step"], "r.id", values, shape_of)

    def _by_night(self, nights: str, json_column: str, tables: str, columns: Sequence[str], order: str, values: Row,
                  made: Callable[[Row], T]) -> tuple[tuple[str, T], ...]:
        """`json_column`, '' for none, comes last: a database that knows JSON would hand over what it reads of it."""
        told = [*columns, *([f"CAST({json_column} AS TEXT)"] if json_column else [])]
        rows = self._rows(f"SELECT n.name, {', '.join(told)} FROM ({nights}) n JOIN {tables} "
                          f"ORDER BY n.began, n.name, {order}", values)
        return tuple((night, made(row)) for night, *row in rows)

    def _rows(self, statement: str, values: Row = ()) -> list[tuple[Any, ...]]:
        return self._database.read(lambda work: work.rows(statement, [clean(value) for value in values]))


def _id(work: Work, environment: str, night: str) -> int:
    rows = work.rows("SELECT id FROM nights WHERE environment = ? AND name = ?", (clean(environment), clean(night)))
    if not rows:
        raise ToolFailed(f"the history has no night {night} of {environment}: it has to be kept before what was made "
                         "in it")
    return int(rows[0][0])


def _distinct(rows: Iterator[Row]) -> list[Row]:
    return list(dict.fromkeys(map(tuple, rows)))


def _line(kind: str, value: Any, where: dict[str, str] | None = None) -> str:
    text = json.dumps({"kind": kind, **(where or {}), **asdict(value)}, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()
