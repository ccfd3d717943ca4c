"""`no-timeout` is judged by the ceiling of the hang, and only where that is clearly longer than the product waits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowprobe.core.exploring.ceilings import says_nothing, waits_of, with_what_is_sure
from flowprobe.core.exploring.exploration import Exploration
from flowprobe.core.exploring.model import Break, Learned, Placed, Reached, Site, Try
from flowprobe.core.exploring.searching import Terms, explore
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.status import Status

PAY = Site("payments", "POST /v1/charges", "pay")
WAITED = Break("pay", "never", "no-timeout", "no-timeout: still waited for payments after 1s")
STATUS = Break("pay", "status", "status", "saw 500")


def gave_up(*seconds: float | None) -> list[Learned]:
    return [Learned("pass", reached=(Reached(PAY, None, 0.0, gave_up_s=each),)) for each in seconds]


@pytest.mark.parametrize(("ceiling", "waited", "nothing"), [
    (1.0, 1.0, True), (1.0, 0.95, True), (1.0, 3.0, True), (10.0, 1.0, False), (1.0, 0.85, False), (1.0, None, False),
])
def test_where_the_product_is_known_to_give_up_about_then_or_later_nothing_can_be_said(
        ceiling: float, waited: float | None, nothing: bool) -> None:
    waits = waits_of(gave_up(0.1, waited))
    for kind in (Hang(ceiling), LostReply("hang", ceiling)):
        tried = Try({}, (Placed(PAY, kind),))
        assert says_nothing(WAITED, tried, waits) is nothing
        assert with_what_is_sure(Learned("fail", (WAITED,)), tried, waits).broke is not nothing


def test_where_nothing_tells_the_proxy_the_step_a_call_of_any_may_be_it() -> None:
    nowhere = replace(PAY, step="")
    waits = waits_of([Learned("pass", reached=(Reached(nowhere, None, 0.0, gave_up_s=0.99),))])
    assert says_nothing(WAITED, Try({}, (Placed(nowhere, Hang(1.0)),)), waits)


def test_what_else_breaks_stays() -> None:
    waits, tried = waits_of(gave_up(1.0)), Try({}, (Placed(PAY, Hang(1.0)),))
    both = Learned("fail", (WAITED, STATUS))
    assert with_what_is_sure(both, tried, waits).breaks == (STATUS,)
    assert with_what_is_sure(Learned("fail", (WAITED,)), Try({}, (Placed(PAY, Status(500)),)), waits).broke
    assert not says_nothing(replace(WAITED, step="ship"), tried, waits)


class OfAbout:
    """Gives a call up after a second, or a little less: a hang of a second it sometimes sees the end of."""

    def __init__(self) -> None:
        self.hung = 0

    def __call__(self, tried: Try) -> Learned:
        holds = [number for number, placed in enumerate(tried.faults) if isinstance(placed.kind, Hang)]
        self.hung += bool(holds)
        sees_the_end = bool(holds) and self.hung <= 3
        usual = Reached(PAY, 200, 0.01, gave_up_s=0.99 if holds and not sees_the_end else None)
        return Learned("fail" if sees_the_end else "pass", (WAITED,) if sees_the_end else (), (usual,),
                       fired=frozenset(range(len(tried.faults))), signature=str(sees_the_end))


def test_a_hang_as_long_as_the_product_waits_is_no_find_and_no_broken_cell() -> None:
    found: Exploration = explore(OfAbout(), {}, [{"n": number} for number in range(9)], terms=Terms(cap_s=1.0, prune=False))
    assert (found.found, found.flaky) == ((), ())
    assert {cell.outcome for cell in found.cells if cell.kind == "hang"} == {"tolerated"}
