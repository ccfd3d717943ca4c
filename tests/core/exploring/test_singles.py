"""One fault at a time."""

from __future__ import annotations

from flowprobe.core.exploring.exploration import Baseline
from flowprobe.core.exploring.model import Placed, Reached
from flowprobe.core.exploring.notebook import Notebook
from flowprobe.core.exploring.singles import Menu, Revealed, shuffled, singles, variants
from tests.core.exploring.fake_products import Call, FakeProduct

READ, WRITE = Call("b", "GET /b", "s"), Call("a", "POST /a", "s", retries=1)
BASELINE = Baseline(tuple(Reached(call.site(), 200, 0.1, reply_bytes=9) for call in (READ, WRITE)))


def begun() -> tuple[Notebook, Menu]:
    menu = Menu(connections=False, cap_s=5.0, cannot=lambda _fault: "", seed=1)
    menu.add(BASELINE.sites)
    return Notebook(FakeProduct((READ, WRITE)), {}), menu


def test_what_is_over_at_once_comes_first_and_writes_before_reads() -> None:
    notebook, menu = begun()
    list(singles(notebook, menu, BASELINE))
    faults = [each.fault for each in notebook.alone]
    assert [(fault.name, fault.site) for fault in faults[:2]] == [("status", WRITE.site()), ("status", READ.site())]
    assert [fault.name for fault in faults[-2:]] == ["hang", "hang"]
    assert len({(fault.site, fault.name) for fault in faults}) == len(faults)


def test_variants_are_all_the_others() -> None:
    notebook, menu = begun()
    list(singles(notebook, menu, BASELINE))
    list(variants(notebook, menu, BASELINE))
    assert len(notebook.alone) == sum(len(menu.all(call.site())) for call in (READ, WRITE))


def test_the_seed_decides_between_equals() -> None:
    sites = [Call("x", f"POST /{number}", "s").site() for number in range(9)]
    assert shuffled(sites, 1) == shuffled(reversed(sites), 1) != shuffled(sites, 2)


def test_a_retry_is_taken_up_under_the_fault_that_brought_it_out_and_no_deeper_than_is_said() -> None:
    notebook, menu = begun()
    revealed = Revealed(notebook, menu, BASELINE, depth=1, prune=True)
    list(singles(notebook, menu, BASELINE))
    list(revealed.tries())
    within = {each.within[0].site for each in notebook.alone if each.within}
    assert within == {WRITE.site()}
    assert list(revealed.parents) == [WRITE.site(2)]
    assert revealed.passed_over
    assert all(isinstance(fault, Placed) for fault in revealed.parents[WRITE.site(2)])
