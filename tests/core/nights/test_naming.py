from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flowprobe.core.nights.naming import another, named


def test_a_night_has_the_date_of_its_environment() -> None:
    at = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert (named(at, UTC), named(at, ZoneInfo("Europe/Berlin"))) == ("2026-11-23", "2026-11-24")


def test_a_further_one_of_the_same_date_is_numbered() -> None:
    assert another("2026-11-23", ["2026-11-23"]) == "2026-11-23.2"
    assert another("2026-11-23", ["2026-11-23", "2026-11-23.2"]) == "2026-11-23.3"
