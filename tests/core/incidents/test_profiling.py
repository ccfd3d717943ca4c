from __future__ import annotations

from flowprobe.core.incidents.model import Errors, Incident, Operation, OperationFit, Segment, Window
from flowprobe.core.incidents.profiling import phases, profile_of

USUAL, LATE = ((50.0, 0.1), (90.0, 0.2)), ((50.0, 0.6), (90.0, 1.2))
CHARGES, MAIL = Operation("payments", "POST", "/v1/charges"), Operation("api.mail.example")


def incident(*fits: OperationFit) -> Incident:
    return Incident("friday", Window(1_790_000_000.0, 1_790_001_800.0), 30.0, fits, ("access.log",))


def charges(*errors: Errors, healthy: bool = True, sticky: float = 0.0) -> OperationFit:
    worst = Segment(600, 1200, 500, LATE, 0.3, 4.0, errors, sticky)
    return OperationFit(CHARGES, (Segment(0, 600, 500, USUAL, 0.05, 0.5), worst, Segment(1200, 1800, 500, USUAL, 0.05, 0.5)),
                        USUAL if healthy else ())


def test_what_came_on_top_is_injected_and_an_ordinary_time_is_left_alone() -> None:
    said = profile_of(incident(charges()))
    assert said["faults"] == {"payments": [{
        "latency": {"quantiles": {"p50": "500ms", "p90": "1s", "cap": "3800ms"}},
        "match": {"method": "POST", "path": "/v1/charges"},
        "when": {"window": {"from": "600s", "to": "1200s"}, "draw": [0.0, 1]}}]}
    assert said["segments"] == {"ordinary": "0s", "worst": "600s", "ordinary-2": "1200s"}
    assert said["incident"]["calls"] == 1500


def test_without_a_healthy_time_a_call_takes_at_least_as_long() -> None:
    first, worst, _ = profile_of(incident(charges(healthy=False)))["faults"]["payments"]
    assert first["latency"] == {"quantiles": {"min": "50ms", "p50": "100ms", "p90": "200ms", "cap": "500ms"},
                                "mode": "at-least"}
    assert worst["latency"]["mode"] == "at-least"
    assert [phase.name for phase in phases(incident(charges(healthy=False)))] == ["onset", "worst", "recovery"]


def test_each_error_takes_its_part_of_one_draw_and_the_answers_the_rest() -> None:
    said = profile_of(incident(charges(Errors("503", 75, 0.15, ()), Errors("reset", 25, 0.05, ()), sticky=0.6)))
    faults = said["faults"]["payments"]
    assert [(next(iter(each)), each["when"]["draw"], each["when"]["sticky"]) for each in faults] == [
        ("status", [0.0, 0.15], 0.6), ("reset", [0.15, 0.2], 0.6), ("latency", [0.2, 1], 0.6)]


def test_a_call_that_hung_hangs_as_long_as_it_did_and_an_outage_has_no_answers() -> None:
    worst = Segment(0, 1800, 90, (), 0.0, 0.0, (Errors("hang", 90, 1.0, ((50.0, 12.0),)),))
    said = profile_of(incident(OperationFit(MAIL, (worst,))))
    assert said["faults"] == {"api-mail-example": [
        {"hang": "12s", "when": {"window": {"from": "0s", "to": "1800s"}, "draw": [0.0, 1.0]}}]}


def test_changes_of_several_operations_that_are_near_are_one() -> None:
    other = OperationFit(MAIL, (Segment(0, 610, 50, USUAL, 0.1, 0.2), Segment(610, 1800, 50, LATE, 0.1, 2.0)), USUAL)
    assert [phase.begin for phase in phases(incident(charges(), other))] == [0, 600, 1200]
