"""Pairs, many in one try."""

from __future__ import annotations

from flowprobe.core.exploring.exploration import Exploration
from flowprobe.core.exploring.searching import Terms, explore
from tests.core.exploring.fake_products import Call, FakeProduct, Weakness

CALLS = tuple(Call(f"p{number}", f"POST /{number}", f"step{number}") for number in range(5))
WEAK = Weakness("two of five", ((CALLS[1].site(), "refused"), (CALLS[3].site(), "garbled")))


def paired(*, prune: bool) -> tuple[FakeProduct, Exploration]:
    product = FakeProduct(CALLS, (WEAK,))
    return product, explore(product, {}, terms=Terms(prune=prune))


def test_a_row_that_breaks_is_narrowed_down_to_its_pair() -> None:
    _, found = paired(prune=True)
    assert {tuple(sorted(fault.site.edge for fault in each.case.faults)) for each in found.found} == {("p1", "p3")}


def test_rows_take_fewer_tries_than_pairs_and_cover_them_all() -> None:
    (rows, found), (_, whole) = paired(prune=True), paired(prune=False)
    assert found.phases["pairs"] < whole.phases["pairs"] / 5
    assert found.pairs.covered == found.pairs.of
    assert max(len(tried.faults) for tried in rows.made) == len(CALLS)
