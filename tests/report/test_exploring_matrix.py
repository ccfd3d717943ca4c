from __future__ import annotations

from dataclasses import replace

from flowprobe.core.exploring.exploration import Cell, Exploration
from flowprobe.core.exploring.model import Site
from flowprobe.core.faults.kinds import KIND_NAMES
from flowprobe.report.exploring_matrix import counts, matrix_of, sign_of
from tests.explorations import CHARGE, FAILED, FALLBACK, SITES, WHOLE


def test_every_cell_has_its_place() -> None:
    matrix = matrix_of(WHOLE)
    assert {(row.site, kind) for row in matrix.rows for kind in row.cells} == {
        (site, kind) for site in SITES for kind in KIND_NAMES}
    assert list(matrix.providers) == ["payments", "mail", "search", "files", "scanner"]


def test_kinds_that_are_applicable_to_no_call_stand_apart() -> None:
    matrix = matrix_of(WHOLE)
    assert matrix.nowhere == ("h2", "webhook", "websocket")
    assert {*matrix.kinds, *matrix.nowhere} == set(KIND_NAMES)


def test_a_call_knows_the_faults_under_which_alone_it_was_seen() -> None:
    assert [row.within for row in matrix_of(WHOLE).rows if row.within] == [(FAILED,)]
    alone = Exploration("whole", "", WHOLE.baseline, cells=(Cell(FALLBACK, "status", "tolerated", within=(FAILED,)),))
    assert matrix_of(alone).rows[0].within == (FAILED,)


def test_counts_add_up_to_all_cells() -> None:
    assert sum(counts(WHOLE).values()) == len(WHOLE.cells)
    assert "unreachable" not in counts(Exploration("whole", "", WHOLE.baseline))


def test_what_takes_more_to_break_is_marked() -> None:
    assert sign_of(Cell(CHARGE, "status", "broken")) == "✗B"
    assert sign_of(Cell(CHARGE, "status", "broken", only="in the state seats=0")) == "✗B*"
    assert sign_of(Cell(CHARGE, "status", "flaky", only="in the state seats=0")) == "±F*"
    assert sign_of(Cell(CHARGE, "h2", "not applicable")) == "·"


def test_a_call_that_an_odd_state_brings_out_is_no_usual_one() -> None:
    assert [row.site for row in matrix_of(WHOLE).rows if not row.usual] == [FALLBACK]
    odd = Exploration("whole", "", WHOLE.baseline, cells=(Cell(Site("promo", "GET /coupons"), "status", "tolerated"),))
    assert [row.seen_only for row in matrix_of(odd).rows] == ["in some odd account states"]


def test_one_more_of_a_usual_call_is_usual() -> None:
    more = Exploration("whole", "", WHOLE.baseline, cells=(Cell(replace(CHARGE, ordinal=0), "status", "tolerated"),))
    assert matrix_of(more).rows[0].usual
