"""What a long memory costs: a history of 10,000 nights against one of 100, each with 20 series.

A night asks for the newest hundred, judges by them, and keeps one more: none of that may grow with what lies behind.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import TypeVar

from flowprobe.core.nights.model import Attempt, Counted, Journey, Night, Sample, Series, Shape, State
from flowprobe.core.verdict import Blame, Kind
from flowprobe.history import open_history
from flowprobe.history.sqlite import SqliteDatabase
from flowprobe.history.store import Store
from flowprobe.history.work import Work
from tests.bench.pairs import Comparison, compare

__all__ = ["measure"]

T = TypeVar("T")
FEW, MANY = 100, 10_000
SERIES = tuple(Series("step", f"step {number}", "Search", "user=pro-eu") for number in range(20))
SEARCH = Journey("Search", "user=pro-eu")
SHAPE = Shape("Search", "find", {f"$.items[*].member_{number}": ("number", "string") for number in range(40)})
SECONDS = tuple(0.1 + number / 1000 for number in range(12))
READ_TARGET, KEEP_TARGET = 1.3, 1.5


def measure(rounds: int, *, quick: bool) -> Sequence[Comparison]:
    """Reading the newest nights, and keeping one more; what lists every night is for information."""
    many = MANY // 4 if quick else MANY
    with tempfile.TemporaryDirectory(prefix="flowprobe-bench-") as name:
        few_place, many_place = (str(Path(name) / f"{nights}.db") for nights in (FEW, many))
        _fill(few_place, FEW)
        _fill(many_place, many)
        with closing(open_history(few_place)) as small, closing(open_history(many_place)) as large:
            return [
                compare(f"newest 100 of {many} nights / of {FEW}", lambda: _newest(large), lambda: _newest(small),
                        target=READ_TARGET, rounds=rounds),
                compare(f"keep a night after {many} / after {FEW}", _keeping(large, many), _keeping(small, FEW),
                        target=KEEP_TARGET, rounds=rounds),
                compare(f"list {many} nights / {FEW}", lambda: _timed(lambda: large.nights("staging")),
                        lambda: _timed(lambda: small.nights("staging")), target=None, rounds=rounds),
            ]


def _newest(history: Store) -> float:
    def read() -> None:
        nights = [night.name for night in history.nights("staging", last=100)]
        assert len(history.samples("staging", last=100)) == len(SERIES)
        assert len(history.attempts("staging", nights=nights)) == 100
        assert len(history.counted("staging", last=100)) == len(SERIES) * 100
        assert len(history.shapes("staging", last=100)) == 100

    return min(_timed(read) for _ in range(3))


def _keeping(history: Store, kept: int) -> Callable[[], float]:
    """The fastest of five: a disk that is busy elsewhere makes some of them slow."""
    numbers = count(kept + 1)
    return lambda: min(_timed(lambda: _keep(history, next(numbers))) for _ in range(5))


def _keep(history: Store, number: int) -> None:
    name = f"night-{number:06}"
    history.keep_night(Night("staging", name, State.ENDED, 86400.0 * number, 86400.0 * number + 900, Kind.PASS, 0))
    history.keep_attempts("staging", name, [
        Attempt(SEARCH, each, 86400.0 * number + each, 2.5, Kind.PASS, Blame.NONE) for each in (1, 2, 3)])
    history.keep_measured(
        "staging", name, samples=[Sample(series, SECONDS) for series in SERIES],
        counted=[Counted(SEARCH, series.name, 12, 0) for series in SERIES], shapes=[SHAPE])


class _AtOnce:
    """Many nights in one transaction: what is measured is not how they came to be."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def read(self, task: Callable[[Work], T]) -> T:
        return task(self._work)

    write = read

    def shrink(self) -> None: ...

    def close(self) -> None: ...


def _fill(place: str, nights: int) -> None:
    def keep(work: Work) -> None:
        history = Store(_AtOnce(work))
        for number in range(1, nights + 1):
            _keep(history, number)

    with closing(SqliteDatabase(place)) as database:
        database.write(keep)


def _timed(call: Callable[[], object]) -> float:
    before = time.perf_counter()
    call()
    return time.perf_counter() - before
