from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.tracing import CallId, baggage, call_id, parse_baggage, parse_call_id, traceparent

TRIALS = st.text("0123456789abcdef", min_size=16, max_size=16)
NUMBERS = st.integers(1, 2**32 - 1)


@given(TRIALS, NUMBERS, NUMBERS)
def test_a_trace_id_says_whose_call_it_is(trial: str, step: int, attempt: int) -> None:
    assert parse_call_id(call_id(trial, step, attempt)) == CallId(trial, step, attempt)


@given(TRIALS, NUMBERS)
def test_the_header_is_that_of_the_specification(trial: str, step: int) -> None:
    version, trace, span, flags = traceparent(call_id(trial, step, 1)).split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")
    assert int(span, 16) != 0


@given(st.text())
def test_foreign_ids_are_nobodys_and_nothing_raises(text: str) -> None:
    assert parse_call_id(text) is None or len(text) == 32
    assert parse_baggage(text) is None or "flowprobe.call" in text


@given(TRIALS, st.sampled_from(["", "a=1,", "a=1;p=2 , "]), st.sampled_from(["", ",b=2", ";prop=1,c=3"]))
def test_our_baggage_is_found_among_others(trial: str, before: str, after: str) -> None:
    call = call_id(trial, 3, 1)
    assert parse_baggage(before + baggage(call) + after) == CallId(trial, 3, 1)
