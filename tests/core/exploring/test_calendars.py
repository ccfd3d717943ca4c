"""When clocks change, and which days are odd."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from flowprobe.core.account import Strategy
from flowprobe.core.exploring.calendars import clock_changes, odd_days, span_of_days, span_of_moments


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(("zone", "changes"), [
    ("Europe/Berlin", ["2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00",
                       "2026-10-25T02:59:59+02:00", "2026-10-25T02:00:00+01:00"]),
    ("Australia/Lord_Howe", ["2026-04-05T01:59:59+11:00", "2026-04-05T01:30:00+10:30",
                             "2026-10-04T01:59:59+10:30", "2026-10-04T02:30:00+11:00"]),
    ("Asia/Tokyo", []),
])
def test_the_seconds_before_and_after_each_change_of_a_clock(zone: str, changes: list[str]) -> None:
    found = clock_changes(ZoneInfo(zone), moment("2026-01-01T00:00"), moment("2026-12-31T00:00"))
    assert [each.isoformat() for each in found] == changes


def test_universal_time_never_changes_not_even_in_all_the_years_that_there_are() -> None:
    assert clock_changes(UTC, *span_of_moments(Strategy("times", {"min": "0001-01-01T00:00",
                                                                  "max": "9999-12-31T23:59"}))) == ()


def test_the_odd_days_nearest_to_a_day() -> None:
    found = list(odd_days(date(2020, 1, 1), date(2039, 12, 31), date(2025, 6, 1)))
    assert found == [date(2024, 2, 29), date(2025, 1, 31), date(2024, 12, 31), date(2025, 3, 1)]
    assert list(odd_days(date(2100, 2, 1), date(2100, 2, 28), date(2100, 2, 1))) == []


@pytest.mark.parametrize(("options", "span"), [
    ({}, ("2020-01-01", "2039-12-31")),
    ({"min": "2024-02-28"}, ("2024-02-28", "2039-12-31")),
    ({"min": "2050-01-01"}, ("2050-01-01", "2050-01-01")),
    ({"max": "1999-12-31"}, ("1999-12-31", "1999-12-31")),
])
def test_a_bound_that_is_not_said_is_within_twenty_years(options: dict[str, str], span: tuple[str, str]) -> None:
    assert tuple(day.isoformat() for day in span_of_days(Strategy("dates", options))) == span
