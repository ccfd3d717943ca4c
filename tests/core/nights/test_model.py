from __future__ import annotations

import pytest

from flowprobe.core.nights.model import Journey, Series


@pytest.mark.parametrize(("journey", "text"), [
    (Journey("Search", "user=pro-eu"), "Search (user=pro-eu)"),
    (Journey("Search", "user=pro-eu", "slow"), "Search (user=pro-eu) under slow"),
    (Journey("Search", ""), "Search"),
    (Journey("Search", "", "slow"), "Search under slow"),
])
def test_a_journey_is_told_with_who_plays_in_it_and_what_it_bears(journey: Journey, text: str) -> None:
    assert str(journey) == text


def test_a_series_is_told_with_its_journey_and_a_control_by_its_name() -> None:
    assert str(Series("step", "find", "Search", "user=pro-eu")) == "Search (user=pro-eu) find"
    assert str(Series("provider", "mail", "Search")) == "Search mail"
    assert str(Series("control", "health")) == "health"
