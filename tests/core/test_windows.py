from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.windows import Calendar, Freeze, Window
from tests.scenes import HERE

BERLIN, NEW_YORK, KIRITIMATI = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Kiritimati")
WEEKDAYS, EVERY = (0, 1, 2, 3, 4), tuple(range(7))


def window(begin: str, end: str, *, days: tuple[int, ...] = EVERY, zone: ZoneInfo = BERLIN, faults: bool = False) -> Window:
    minutes = [int(text[:2]) * 60 + int(text[3:]) for text in (begin, end)]
    return Window(days, *minutes, zone, HERE, faults)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("at", "inside"), [
    ("2026-03-27 08:00", True), ("2026-03-27 07:59", False),  # Friday, winter time: 09:00 is 08:00 UTC
    ("2026-03-30 07:00", True), ("2026-03-30 15:00", False),  # Monday, summer time: 09:00 is 07:00 UTC
    ("2026-03-28 10:00", False),  # Saturday
    ("2028-02-29 10:00", True),  # a leap day, a Tuesday
])
def test_office_hours_go_by_the_clock_on_the_wall(at: str, inside: bool) -> None:
    assert window("09:00", "17:00", days=WEEKDAYS).holds(utc(at)) is inside


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_opens() -> None:
    night = window("22:00", "06:00", days=(4,))
    assert [night.holds(datetime(2026, 11, day, hour, tzinfo=BERLIN)) for day, hour in ((20, 21), (20, 22), (21, 5), (21, 6), (21, 22))] == [
        False, True, True, False, False]


def test_an_hour_that_comes_twice_is_inside_twice_and_one_that_is_left_out_never() -> None:
    half = window("02:15", "02:45")
    autumn = [utc("2026-10-25 00:30"), utc("2026-10-25 01:30")]
    spring = [utc("2026-03-29 00:00") + timedelta(minutes=minute) for minute in range(180)]
    assert all(half.holds(at) for at in autumn)
    assert not any(half.holds(at) for at in spring)


def test_the_clock_that_is_put_back_opens_a_window_again() -> None:
    """02:00 to 02:30, at the second 02:00: no boundary of the file stands there."""
    calendar = Calendar((window("02:00", "02:30"),))
    assert calendar.opens(utc("2026-10-25 00:40")) == utc("2026-10-25 01:00")


def test_the_clock_that_is_put_forward_opens_one_in_the_middle() -> None:
    assert Calendar((window("02:30", "04:00"),)).opens(utc("2026-03-29 00:10")) == utc("2026-03-29 01:00")


def test_the_next_opening_is_after_a_freeze() -> None:
    freeze = Freeze(date(2026, 12, 20), date(2027, 1, 4), BERLIN, HERE)
    calendar = Calendar((window("09:00", "17:00", days=WEEKDAYS),), (freeze,))
    assert calendar.closed_by(utc("2026-12-21 10:00")) == (freeze,)
    assert calendar.opens(utc("2026-12-21 10:00")) == utc("2027-01-05 08:00")
    assert calendar.is_open(utc("2026-12-19 22:59")) is False  # a Saturday
    assert Calendar((), (freeze,)).opens(utc("2026-12-19 23:00")) == utc("2027-01-04 23:00")


def test_a_calendar_that_never_opens_says_so() -> None:
    freeze = Freeze(date(2026, 1, 1), date(2030, 1, 1), BERLIN, HERE)
    assert Calendar((), (freeze,)).opens(utc("2026-12-21 10:00")) is None


def test_windows_for_faults_bind_faults_alone() -> None:
    calendar = Calendar((window("09:00", "17:00"), window("10:00", "11:00", faults=True)))
    noon, ten = utc("2026-11-23 11:00"), utc("2026-11-23 09:30")
    assert (calendar.is_open(noon), calendar.is_open(noon, faults=True)) == (True, False)
    assert calendar.is_open(ten, faults=True)
    assert calendar.opens(noon, faults=True) == utc("2026-11-24 09:00")
    assert Calendar((window("10:00", "11:00", faults=True),)).is_open(noon)


def test_without_windows_every_time_is_one() -> None:
    assert Calendar().is_open(utc("2026-11-23 11:00"), faults=True)


minutes = st.integers(0, 1439)
windows = st.builds(Window, st.lists(st.integers(0, 6), min_size=1, unique=True).map(tuple), minutes, st.integers(0, 1440),
                    st.sampled_from([BERLIN, NEW_YORK, KIRITIMATI, UTC]), st.just(HERE))
clock_changes = st.sampled_from(["2026-03-29 00:00", "2026-10-25 00:00", "2026-03-08 06:00", "2026-11-01 05:00", "2028-02-28 22:00", "2026-12-31 20:00"])


@settings(max_examples=150)
@given(st.lists(windows, min_size=1, max_size=3), clock_changes, st.integers(-600, 600))
def test_the_next_opening_is_open_and_nothing_before_it_is(some: list[Window], change: str, offset: int) -> None:
    now = utc(change) + timedelta(minutes=offset)
    calendar = Calendar(tuple(some))
    opens = calendar.opens(now)
    assert opens is not None
    assert calendar.is_open(opens)
    before = (now + timedelta(minutes=7 * number) for number in range(300))
    assert not any(calendar.is_open(at) for at in before if at < opens)
    assert opens == now or not calendar.is_open(opens - timedelta(seconds=1))
