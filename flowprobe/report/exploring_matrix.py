"""Call site × kind as a table: its rows by provider, its columns, and the sign of each outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import get_args

from flowprobe.core.exploring.exploration import Cell, Exploration, Outcome
from flowprobe.core.exploring.model import Placed, Site
from flowprobe.core.faults.kinds import KIND_NAMES
from flowprobe.report.exploring_told import place_words

__all__ = ["ONLY", "SHORT", "SIGNS", "Matrix", "Row", "Sign", "counts", "matrix_of", "sign_of"]


@dataclass(frozen=True, slots=True)
class Sign:
    """How an outcome is shown: a glyph and a letter, so that nobody has to tell colours apart."""

    glyph: str
    letter: str
    style: str
    meaning: str

    @property
    def text(self) -> str:
        return f"{self.glyph}{self.letter}"


SIGNS: Mapping[Outcome, Sign] = {
    "broken": Sign("✗", "B", "bad", "broken"),
    "flaky": Sign("±", "F", "odd", "flaky: it broke now and then"),
    "degraded": Sign("≈", "D", "warn", "degraded as promised"),
    "tolerated": Sign("✓", "T", "good", "tolerated"),
    "unreachable": Sign("○", "U", "odd", "unreachable: the call was not made"),
    "not applicable": Sign("·", "", "dim", "not applicable"),
    "not exercised": Sign("?", "N", "odd", "not exercised"),
    "out of budget": Sign("–", "O", "dim", "out of budget"),
}
ONLY = "*"
"""Stands behind what breaks only in an odd state, or together with another fault."""

SHORT: Mapping[str, str] = {
    "lost_reply": "lost", "duplicate": "dupl", "redirect_loop": "redir", "error_envelope": "envel",
    "expired_token": "token", "webhook": "hook", "websocket": "ws", "bandwidth": "band",
}
"""Kinds whose word is too long for the head of a column."""


@dataclass(frozen=True, slots=True)
class Row:
    """A call, and what became of each kind there. `usual`: the journey makes it without faults in the ordinary state;
    `within` are the faults under which alone it was seen, empty for one that an odd state brings out."""

    site: Site
    cells: Mapping[str, Cell]
    within: tuple[Placed, ...] = ()
    usual: bool = True

    @property
    def seen_only(self) -> str:
        """When the call is made, where it is not a usual one."""
        if self.within:
            return f"under {' and '.join(map(place_words, self.within))}"
        return "" if self.usual else "in some odd account states"


@dataclass(frozen=True, slots=True)
class Matrix:
    """`kinds` are the columns; `nowhere` those that are applicable to no call. The rows stand by provider."""

    kinds: tuple[str, ...]
    nowhere: tuple[str, ...]
    providers: Mapping[str, tuple[Row, ...]]

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for rows in self.providers.values() for row in rows)


def matrix_of(exploration: Exploration) -> Matrix:
    """The table of all cells, calls in the order in which they were met."""
    usual = {_every(reached.site) for reached in exploration.baseline.sites}
    found: dict[Site, dict[str, Cell]] = {}
    for cell in exploration.cells:
        found.setdefault(cell.site, {})[cell.kind] = cell
    providers: dict[str, list[Row]] = {}
    for site, cells in found.items():
        within = exploration.revealed.get(site) or next((cell.within for cell in cells.values() if cell.within), ())
        providers.setdefault(site.edge, []).append(
            Row(site, cells, within, usual=not within and _every(site) in usual))
    there = dict.fromkeys(cell.kind for cell in exploration.cells)
    kinds = (*(kind for kind in KIND_NAMES if kind in there), *(kind for kind in there if kind not in KIND_NAMES))
    used = {cell.kind for cell in exploration.cells if cell.outcome != "not applicable"}
    return Matrix(tuple(kind for kind in kinds if kind in used), tuple(kind for kind in kinds if kind not in used),
                  {edge: tuple(rows) for edge, rows in providers.items()})


def _every(site: Site) -> Site:
    """All such calls of the step: what is there again does not make another kind of call."""
    return replace(site, ordinal=0)


def sign_of(cell: Cell) -> str:
    """`✗B*`: glyph and letter, and a mark where it takes something else to break."""
    return f"{SIGNS[cell.outcome].text}{ONLY if cell.only else ''}"


def counts(exploration: Exploration) -> Mapping[Outcome, int]:
    """How many cells have which outcome; those that none has are left out."""
    outcomes = [cell.outcome for cell in exploration.cells]
    return {outcome: outcomes.count(outcome) for outcome in get_args(Outcome) if outcome in outcomes}
