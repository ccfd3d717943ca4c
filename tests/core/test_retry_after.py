"""Retry-After in both its forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.retry_after import asked_to_wait

NOON = "Sun, 06 Nov 1994 12:00:00 GMT"


@pytest.mark.parametrize(("asked", "date", "seconds"), [
    (None, None, None), ("2", None, 2.0), ("0", NOON, 0.0), ("Sun, 06 Nov 1994 12:00:30 GMT", NOON, 30.0),
    ("Sun, 06 Nov 1994 11:00:00 GMT", NOON, 0.0), ("Sun, 06 Nov 1994 12:00:30 GMT", None, None), ("soon", NOON, None),
    ("-1", None, None), ("٣", None, None), ("", NOON, None),
])
def test_seconds_and_dates_are_read(asked: str | None, date: str | None, seconds: float | None) -> None:
    assert asked_to_wait(asked, date) == seconds


@given(st.text(), st.text() | st.none())
def test_no_text_is_too_odd_to_be_read(asked: str, date: str | None) -> None:
    waited = asked_to_wait(asked, date)
    assert waited is None or 0 <= waited < 1e10
