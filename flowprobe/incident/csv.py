"""Calls from a table: a header, and a call in each row after it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import partial

from flowprobe.incident.columns import Columns, Wrong
from flowprobe.incident.gathering import CUT_SHORT, Gathering
from flowprobe.incident.text import Text, refused

__all__ = ["SEPARATORS", "columns_in", "gather"]

SEPARATORS = (",", ";", "\t")


def columns_in(header: str) -> tuple[str, list[str]]:
    """The separator of a header, and its names."""
    separator = max(SEPARATORS, key=header.count)
    row = next(csv.reader([header], delimiter=separator), [])
    return separator, [name.strip() for name in row]


def gather(text: Text, gathering: Gathering) -> None:
    """Raises InvalidInput where nothing says what a column means, in which unit or zone it is."""
    lines = _Lines(text)
    header = next(iter(lines), "")
    separator, names = columns_in(header)
    try:
        columns = Columns(names, gathering.options)
    except ValueError as error:
        raise refused(text.path, *str(error).split("; ", 1), line=1) from None
    places = {name: names.index(name) for name in names}
    _rows(text, gathering, columns, places, csv.reader(lines, delimiter=separator), lines)
    gathering.lines(lines.number)


class _Lines:
    """Hands the lines on, and knows where it is and whether the last one was whole."""

    def __init__(self, text: Text) -> None:
        self._lines = text.lines()
        self.number, self.whole = 0, True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line, self.whole = next(self._lines)
        return f"{line}\n"


def _rows(text: Text, gathering: Gathering, columns: Columns, places: Mapping[str, int],
          rows: Iterator[list[str]], lines: _Lines) -> None:
    width = len(places)
    while True:
        before = lines.number
        try:
            row = next(rows, None)
        except csv.Error as error:
            gathering.wrong(before + 1, 1, f"this is no row of a table ({error}); see its quotes")
            continue
        if row is None:
            return
        if not row:
            continue
        try:
            if len(row) != width:
                raise ValueError(f"this row has {len(row)} of the {width} values that the header names")
            gathering.call(*columns.call(partial(_value, row, places)))
        except ValueError as error:
            if not lines.whole:
                gathering.skip(CUT_SHORT)
                return
            _wrong(text, gathering, before + 1, row, places, error)


def _value(row: list[str], places: Mapping[str, int], name: str) -> str:
    return row[places[name]].strip()


def _wrong(text: Text, gathering: Gathering, line: int, row: list[str], places: Mapping[str, int],
           error: ValueError) -> None:
    column = 1
    if isinstance(error, Wrong):
        column += sum(len(value) + 1 for value in row[: places.get(error.column, 0)])
        if error.throughout:
            raise refused(text.path, *str(error).split("; ", 1), line=line, column=column) from None
    gathering.wrong(line, column, str(error))
