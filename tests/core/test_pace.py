from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.pace import Bucket
from flowprobe.core.rules import Rate

rates = st.builds(lambda calls, seconds: Rate(calls, seconds, ""), st.integers(1, 50), st.sampled_from([1, 60, 3600]))


@given(rates, st.lists(st.floats(0, 5), min_size=1, max_size=60))
def test_in_no_time_more_calls_begin_than_the_rate_and_one_bucket(rate: Rate, pauses: list[float]) -> None:
    bucket, now, begins = Bucket.full(rate, 0.0), 0.0, []
    for pause in pauses:
        now += pause
        bucket, wait = bucket.take(now)
        begins.append(now + wait)
    full = max(1.0, rate.per_second)
    for first, begin in enumerate(begins):
        for last in range(first, len(begins)):
            assert last - first + 1 <= full + (begins[last] - begin) * rate.per_second + 1e-6


@given(rates, st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_a_clock_that_jumps_gives_no_more_than_a_full_bucket(rate: Rate, times: list[float]) -> None:
    bucket = Bucket.full(rate, 0.0)
    for now in times:
        bucket, wait = bucket.take(now)
        assert bucket.tokens <= max(1.0, rate.per_second) - 1
        assert wait >= 0


def test_a_clock_that_goes_back_does_not_stop_the_run() -> None:
    bucket = Bucket.full(Rate(1, 1, "1/s"), 1000.0)
    bucket, first = bucket.take(1000.0)
    bucket, second = bucket.take(0.0)
    bucket, third = bucket.take(1.0)
    assert (first, second, third) == (0.0, 1.0, 1.0)


def test_calls_are_spread_evenly() -> None:
    bucket, waits = Bucket.full(Rate(60, 60, "60/m"), 0.0), []
    for _ in range(4):
        bucket, wait = bucket.take(0.0)
        waits.append(wait)
    assert waits == [0.0, 1.0, 2.0, 3.0]
