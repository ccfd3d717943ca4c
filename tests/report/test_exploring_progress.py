from __future__ import annotations

from typing import get_args

from flowprobe.core.exploring.exploration import Progress
from flowprobe.core.exploring.model import Learned, Phase, Try
from flowprobe.report.exploring_progress import PHASES, learned_words, progress_line
from flowprobe.report.spans import Line
from tests.explorations import DEFAULTS, FAILED, NO_INVITE

TRIED = Try({**DEFAULTS, "seats": 0}, (FAILED,), "states")
BROKE = Learned("fail", (NO_INVITE,))


def text(line: Line) -> str:
    return "".join(span.text for span in line)


def test_the_line_says_what_is_tried_how_far_it_is_and_what_was_learned_last() -> None:
    progress = Progress("states", TRIED, 34, 86, 2)
    assert text(progress_line(progress, defaults=DEFAULTS, last=BROKE)) == (
        "odd account states · 34 of about 120 · 2 found · seats=0 + status 500 on mail · "
        "last: broke, invite: charged, and no invite: 500 instead of 201")


def test_what_nobody_knows_is_not_said() -> None:
    progress = Progress("calibrate", Try(DEFAULTS, (), "calibrate"), 1, None, 0)
    assert text(progress_line(progress, defaults=DEFAULTS)) == "the journey without faults · 1 try · nothing odd at all"


def test_every_part_of_the_search_has_words() -> None:
    assert set(PHASES) == set(get_args(Phase))


def test_what_came_of_a_try() -> None:
    told = [learned_words(Learned(judged, because="why")) for judged in ("pass", "degraded", "refused", "inconclusive", "fail")]
    assert told == ["held", "degraded as promised", "the product refuses this state", "inconclusive, why", "broke, why"]


def test_what_of_the_journey_is_left_out_of_a_try_is_said() -> None:
    progress = Progress("shrink", Try(DEFAULTS, without=("search", "billed")), 1, None, 0)
    assert text(progress_line(progress, defaults=DEFAULTS)) == (
        "making a case smaller · 1 try · nothing odd at all, without search, billed")
