import pytest

from flowprobe.core.events import ExchangeEnded
from flowprobe.core.evidence import fold
from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Expect, Sends, Under
from flowprobe.core.sends import judge_sends
from flowprobe.core.trial import NO_FAULTS
from tests.journals import Journal, ended, exchange, replied, sent, started, step_ended
from tests.scenes import HERE, a_plan, a_scenario, a_step


def promise(calls: object, path: str = "/v1/charges") -> Expect:
    return Expect(sends=(Sends("payments", "POST", path, calls, HERE),))  # type: ignore[arg-type]


def outcome(expect: Expect, *exchanges: ExchangeEnded, under: Expect | None = None) -> str:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()).proxy(*exchanges)
    plan = a_plan("slow", payments=Latency(1)) if under else NO_FAULTS
    unders = (Under("slow", {"one": under}, HERE),) if under else ()
    scenario = a_scenario(a_step("one", "GET /one", expect=expect), under=unders)
    judged, = judge_sends(scenario, plan, fold(journal.lines).trials[0])
    return judged.outcome


@pytest.mark.parametrize(("calls", "count", "found"), [
    (1, 1, "held"), (1, 0, "broken"), (1, 2, "broken"), (0, 0, "held"), ({"$lt": 3}, 2, "held"), ({"$lt": 3}, 3, "broken"),
])
def test_calls_are_counted(calls: object, count: int, found: str) -> None:
    assert outcome(promise(calls), *(exchange(f"x{n}") for n in range(count))) == found


def test_only_the_provider_method_and_path_that_are_named_count() -> None:
    others = (exchange("a", edge="mail"), exchange("b", method="GET"), exchange("c", path="/v1/charges/7"))
    assert outcome(promise(0), *others) == "held"
    assert outcome(promise(1, "/v1/charges/*"), *others) == "held"


def test_what_under_allows_is_degraded() -> None:
    assert outcome(promise(1), exchange("a"), exchange("b"), under=promise({"$lt": 3})) == "degraded"


def test_the_finding_names_the_place_and_both_numbers() -> None:
    journal = Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended())
    scenario = a_scenario(a_step("one", "GET /one", expect=promise(1)))
    finding = judge_sends(scenario, NO_FAULTS, fold(journal.lines).trials[0])[0].findings[0]
    assert (finding.where, finding.expected, finding.seen, finding.place) == (
        "POST /v1/charges to 'payments'", "once", "0 times", str(HERE))
