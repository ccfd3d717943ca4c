"""Faults laid together, one at each call."""

from __future__ import annotations

from flowprobe.core.exploring.catalogue import FAMILIES, family
from flowprobe.core.exploring.exploration import Baseline
from flowprobe.core.exploring.layers import Layer, layers, proved
from flowprobe.core.exploring.model import Placed, Try
from flowprobe.core.exploring.notebook import Notebook
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.lost_reply import LostReply
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from tests.core.exploring.fake_products import Call, FakeProduct, Weakness

ONE, TWO = Call("a", "POST /a", "s"), Call("b", "POST /b", "s")
KINDS = (Status(500), Reset("request"), LostReply(), Body("html"))


def noted(product: FakeProduct) -> Notebook:
    notebook = Notebook(product, {})
    for call in (ONE, TWO):
        for kind in KINDS:
            notebook.single(Placed(call.site(), kind), "singles")
    return notebook


def test_one_fault_of_each_family_at_each_call_and_then_the_rest() -> None:
    found = layers(noted(FakeProduct((ONE, TWO))), Baseline(), 0, prune=True)
    assert [layer.family for layer in found] == ["lost", "error", "garbled", None]
    assert all(len({fault.site for fault in layer.faults}) == len(layer.faults) == 2 for layer in found)
    assert all(family(fault.kind) == layer.family for layer in found for fault in layer.faults if layer.family in FAMILIES)


def test_of_a_family_that_was_not_tried_alone_what_is_offered_stands_for_it() -> None:
    found = layers(noted(FakeProduct((ONE, TWO))), Baseline(), 0, prune=True, offered=lambda _: {"busy": Status(429)})
    assert [each.faults for each in found if each.family == "busy"] == [
        tuple(Placed(site, Status(429)) for site in {fault.site: None for fault in found[0].faults})]


def test_what_breaks_alone_is_in_no_layer() -> None:
    weak = Weakness("alone", ((ONE.site(), "refused"),))
    found = layers(noted(FakeProduct((ONE, TWO), (weak,))), Baseline(), 0, prune=True)
    assert {fault.name for layer in found for fault in layer.faults if fault.site == ONE.site()} == {"lost_reply", "body"}


def test_a_layer_that_breaks_for_being_together_is_a_find_and_is_taken_apart() -> None:
    weak = Weakness("both", ((ONE.site(), "refused"), (TWO.site(), "refused")))
    notebook = noted(FakeProduct((ONE, TWO), (weak,)))
    layer = Layer(tuple(Placed(call.site(), Status(500)) for call in (ONE, TWO)), "error")
    into: list[Layer] = []
    assert len(list(proved(notebook, layer, into))) == 1
    assert [len(each.faults) for each in into] == [1, 1]
    assert len(notebook.causes.found) == 1


def test_what_did_not_fall_is_a_layer_of_its_own() -> None:
    first = Call("a", "POST /a", "s", stops=True)
    notebook = noted(FakeProduct((first, TWO)))
    faults = (Placed(first.site(), Status(500)), Placed(TWO.site(), Status(500)))
    into: list[Layer] = []
    list(proved(notebook, Layer(faults), into))
    assert [each.faults for each in into] == [faults[:1], faults[1:]]
    assert notebook.ask(Try({}, faults)).fired == {0}
