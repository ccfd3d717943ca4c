from __future__ import annotations

from flowprobe.core.faults.fault import Fault, FaultPlan, Match, When
from flowprobe.core.faults.status import Status
from flowprobe.core.incidents.model import Incident, Operation, OperationFit, Segment, Window
from flowprobe.core.values import Position
from flowprobe.report.incident import fitted_lines, profile_lines

HERE = Position("friday.yaml", 1, 1)


def test_what_was_left_out_is_said_with_its_reason() -> None:
    nothing = Incident("friday", Window(0.0, 60.0), 10.0, (), (), ("mail POST /send: 1 calls in the window",))
    assert ["".join(span.text for span in each) for each in fitted_lines(nothing)] == [
        "  left out: mail POST /send: 1 calls in the window"]


def test_a_segment_without_an_answer_says_so() -> None:
    fit = OperationFit(Operation("mail"), (Segment(0, 60, 30, (), 0.0, 0.0),))
    _, told = ["".join(span.text for span in each) for each in fitted_lines(Incident("x", Window(0, 60), 10, (fit,)))]
    assert "no answer" in told


def test_an_ordinary_profile_has_no_segments_and_is_shown_whole() -> None:
    plan = FaultPlan("slow", (Fault("mail", "mail", Status(503), HERE, Match(method=("POST",)), When(draw=(0.0, 0.25))),))
    told = ["".join(span.text for span in each) for each in profile_lines(plan)]
    assert told[1:] == ["  all  all the time", "    mail POST  status 503  25.0% of its calls"]
