import pytest

from flowprobe.core.statements import Facts, Invariant, Probe, Shows
from flowprobe.core.steps import Expect
from tests.scenes import HERE, a_step


@pytest.mark.parametrize(("patience", "every", "most"), [(0.0, 0.5, 1), (5.0, 0.5, 11), (1.0, 0.4, 4), (0.1, 0.5, 2)])
def test_a_probe_is_made_as_often_as_its_patience_allows(patience: float, every: float, most: int) -> None:
    assert Probe("a", a_step("probe a", "GET /a"), patience, every).most == most


def test_a_promise_looks_at_the_probes_of_both_its_sides() -> None:
    one, two = (Facts(shows=(Shows(name, Expect()),)) for name in "ab")
    assert Invariant("always", "x", HERE, one, two).probes == {"a", "b"}
