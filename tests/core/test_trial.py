"""What is still promised while something is in trouble: the most specific says so, for each provider by itself."""

from __future__ import annotations

from typing import Any

import pytest

from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Expect, Sends, Under
from flowprobe.core.trial import promised_under
from tests.scenes import HERE, a_plan, a_scenario, a_step

ONCE = (Sends("payments", "POST", "/v1/charges", 1, HERE),)
FEW = (Sends("payments", "POST", "/v1/charges", {"$lt": 3}, HERE),)


def expect(**parts: Any) -> Expect:
    return Expect(**parts, positions=dict.fromkeys(parts, HERE))


STATUS = {"payments": expect(status=(201, 202)), "mail": expect(status=(201, 207)), "payments/latency": expect(status=(203,)),
          "both": expect(status=(299,)), "search": expect(sends=FEW)}


def promised(*keys: str, name: str = "x", **edges: Any) -> tuple[str, Expect] | None:
    scenario = a_scenario(a_step("pay", "POST /pay", expect=expect(status=(201,), sends=ONCE)),
                          under=tuple(Under(key, {"pay": STATUS[key]}, HERE) for key in keys))
    return promised_under(scenario, a_plan(name, **edges)).get("pay")


@pytest.mark.parametrize(("keys", "edges", "said", "status"), [
    (("payments",), {"payments": Status(503)}, "payments", (201, 202)),
    (("payments", "payments/latency"), {"payments": Latency(1.0)}, "payments/latency", (203,)),
    (("payments", "payments/latency"), {"payments": Hang(1.0)}, "payments", (201, 202)),
    (("payments", "mail"), {"payments": Status(503), "mail": Status(503)}, "payments, mail", (201, 207, 202)),
    (("payments", "mail"), {"mail": Status(503)}, "mail", (201, 207)),
])
def test_each_provider_in_trouble_has_its_say(keys: tuple[str, ...], edges: dict[str, Any], said: str, status: tuple[int, ...]) -> None:
    found = promised(*keys, **edges)
    assert found is not None
    assert (found[0], set(found[1].status or ())) == (said, set(status))
    assert found[1].sends == ONCE


def test_the_name_of_the_plan_speaks_for_all_of_it() -> None:
    found = promised("both", "payments", "mail", name="both", payments=Status(503), mail=Status(503))
    assert found is not None
    assert (found[0], found[1].status) == ("both", (299,))


def test_the_parts_of_two_providers_stand_side_by_side() -> None:
    found = promised("payments", "search", payments=Status(503), search=Status(503))
    assert found is not None
    assert (found[1].status, found[1].sends) == ((201, 202), FEW)


def test_without_a_word_for_it_nothing_else_is_promised() -> None:
    assert promised("mail", payments=Status(503)) is None
    assert promised("mail") is None
