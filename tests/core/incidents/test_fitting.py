"""What is fitted against what was drawn: shapes whose truth is known."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from flowprobe.core.incidents.fitting import fit, width_for
from flowprobe.core.incidents.model import Incident, Operation, Recording, Segment, Window, is_error
from flowprobe.core.incidents.quantiles import value_at

CHARGES = Operation("payments", "POST", "/v1/charges")
BEGAN, LENGTH = 1_790_000_000.0, 1800.0
WINDOW = Window(BEGAN, BEGAN + LENGTH)
Shape = Callable[[float, random.Random], tuple[float, str]]


def late(median: float, sd: float = 0.5) -> Callable[[random.Random], float]:
    return lambda draw: median * math.exp(draw.gauss(0, sd))


def step(time: float, draw: random.Random) -> tuple[float, str]:
    return late(0.8 if 600 < time < 1200 else 0.1)(draw), "200"


def spike(time: float, draw: random.Random) -> tuple[float, str]:
    return late(2.0 if 600 < time < 660 else 0.1)(draw), "200"


def errors(time: float, draw: random.Random) -> tuple[float, str]:
    return late(0.1)(draw), "503" if 600 < time < 1200 and draw.random() < 0.2 else "200"


def outage(time: float, draw: random.Random) -> tuple[float, str]:
    return (30.0, "hang") if 600 < time < 1200 else (late(0.1)(draw), "200")


def two_humps(time: float, draw: random.Random) -> tuple[float, str]:
    return late(2.0 if 600 < time < 1200 and draw.random() < 0.3 else 0.1, 0.2)(draw), "200"


def flat(_: float, draw: random.Random) -> tuple[float, str]:
    return late(0.1)(draw), "404" if draw.random() < 0.1 else "200"


def recorded(shape: Shape, *, rate: float = 8.0, seed: int = 1) -> Recording:
    draw, found, time = random.Random(seed), Recording(CHARGES), 0.0
    while (time := time + draw.expovariate(rate)) < LENGTH:
        found.add(BEGAN + time, *shape(time, draw))
    return found


def fitted(shape: Shape, **options: float) -> Incident:
    return fit("friday", [recorded(shape, **options)], WINDOW)  # type: ignore[arg-type]


def segments(shape: Shape) -> tuple[Segment, ...]:
    return fitted(shape).fits[0].segments


@pytest.mark.parametrize(("shape", "begins"), [
    (flat, [0]), (step, [0, 600, 1200]), (spike, [0, 600, 660]), (errors, [0, 600, 1200]), (outage, [0, 600, 1200]),
    (two_humps, [0, 600, 1200])])
def test_changes_are_found_within_a_window_and_none_where_there_is_none(shape: Shape, begins: list[float]) -> None:
    assert [each.begin for each in segments(shape)] == pytest.approx(begins, abs=width_for(WINDOW))


def test_the_quantiles_of_a_segment_are_those_that_were_drawn() -> None:
    before, worst, after = (dict(each.points) for each in segments(step))
    for points, median in ((before, 0.1), (worst, 0.8), (after, 0.1)):
        assert points[50.0] == pytest.approx(median, rel=0.05, abs=0.01)
        assert points[90.0] == pytest.approx(median * math.exp(0.5 * 1.2816), rel=0.07, abs=0.01)


def test_an_error_has_its_rate_and_is_no_latency() -> None:
    _, worst, _ = segments(errors)
    error, = worst.errors
    assert error.outcome == "503"
    assert error.rate == pytest.approx(0.2, abs=0.015)
    assert dict(worst.points)[50.0] == pytest.approx(0.1, rel=0.06)


def test_an_outage_has_no_answers() -> None:
    _, worst, _ = segments(outage)
    assert worst.points == ()
    assert [(each.outcome, each.rate) for each in worst.errors] == [("hang", 1.0)]


def test_what_the_product_is_told_it_did_wrong_is_an_answer() -> None:
    assert segments(flat)[0].errors == ()
    assert [each for each in ("200", "404", "429", "500", "504", "reset", "hang", "0") if is_error(each)] == [
        "429", "500", "504", "reset", "hang"]


def test_bad_calls_in_a_row_are_told_from_bad_calls_by_chance() -> None:
    state = {"bad": False}

    def spells(_: float, draw: random.Random) -> tuple[float, str]:
        if draw.random() < 0.2:
            state["bad"] = draw.random() < 0.3
        return 0.1, "503" if state["bad"] else "200"

    whole, = fitted(spells).fits[0].segments
    assert whole.sticky == pytest.approx(0.8, abs=0.08)
    assert segments(errors)[1].sticky == 0


def test_of_a_healthy_time_only_what_came_on_top_counts() -> None:
    one = recorded(step)
    incident = fit("friday", [one], Window(BEGAN + 600, BEGAN + 1200), healthy=Window(BEGAN, BEGAN + 600))
    assert incident.fits[0].mode == "add"
    assert value_at(incident.fits[0].healthy, 50) == pytest.approx(0.1, rel=0.06)


def test_an_operation_of_which_too_little_is_known_is_named_and_left_out() -> None:
    few = Recording(Operation("mail", "POST", "/send"))
    few.add(BEGAN + 1, 0.1, "200")
    incident = fit("friday", [few, recorded(step)], WINDOW, healthy=Window(BEGAN - 10, BEGAN))
    assert [each.operation for each in incident.fits] == [CHARGES]
    assert incident.fits[0].mode == "at-least"
    assert incident.left_out[0] == "mail POST /send: 1 calls in the window, and 20 are needed"
    assert "0 answers in the healthy window" in incident.left_out[1]
