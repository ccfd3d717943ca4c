"""Each carrier says whose call it is, in the way of its own specification, and nothing of it stays for others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.carriers import CARRIERS, carried, carriers, stripped
from flowprobe.core.tracing import CallId, baggage, call_id

TRIALS = st.text("0123456789abcdef", min_size=16, max_size=16)
NUMBERS = st.integers(1, 2**32 - 1)
CALL = call_id("0a1b2c3d4e5f6789", 3, 2)
OURS = CallId("0a1b2c3d4e5f6789", 3, 2)
NAMED = ["traceparent", "baggage", "tracestate", "b3", "x-b3-traceid", "sentry-trace", "x-amzn-trace-id", "x-request-id",
         "x-correlation-id"]


def headers(**values: str) -> dict[bytes, bytes]:
    return {name.replace("_", "-").encode(): value.encode() for name, value in values.items()}


@given(TRIALS, NUMBERS, NUMBERS)
def test_every_carrier_brings_the_call_back(trial: str, step: int, attempt: int) -> None:
    sent = {name.encode(): value.encode() for name, value in carriers(call_id(trial, step, attempt)).items()}
    assert carried(sent) == tuple((name, CallId(trial, step, attempt)) for name in NAMED)


@pytest.mark.parametrize(("name", "value"), [
    ("x_request_id", "00000003-0000-0002-0a1b-2c3d4e5f6789"),
    ("x_request_id", CALL.upper()),
    ("b3", f"{CALL}-00f067aa0ba902b7-1-05e3ac9a4f6e3b90"),
    ("sentry_trace", f"{CALL}-00f067aa0ba902b7"),
    ("x_amzn_trace_id", f"Self=1-67891234-12456789abcdef012345678;Root=1-{CALL[:8]}-{CALL[8:]};Sampled=1"),
    ("tracestate", f"congo=t61rcWkgMzE,flowprobe={CALL}"),
    ("baggage", f"tenant=7 , {baggage(CALL)};p=1"),
])
def test_a_library_that_writes_it_in_its_own_way_is_understood(name: str, value: str) -> None:
    assert [call for _, call in carried(headers(**{name: value}))] == [OURS]


@pytest.mark.parametrize("value", ["", "garbage", "-", "Root=1-1-2", "0", f"{CALL}0", "flowprobe=zz", "00-zz-00-01", "\xff"])
def test_what_is_not_one_of_ours_is_nothing(value: str) -> None:
    assert carried({name.encode(): value.encode("latin-1") for name in CARRIERS}) == ()


@given(st.dictionaries(st.sampled_from([name.encode() for name in CARRIERS]), st.binary(max_size=80)))
def test_no_header_makes_it_fail(sent: dict[bytes, bytes]) -> None:
    assert all(name in CARRIERS for name, _ in carried(sent))


@pytest.mark.parametrize(("name", "value", "left"), [
    ("baggage", f"tenant=7,{baggage(CALL)}", "tenant=7"),
    ("baggage", baggage(CALL), ""),
    ("baggage", f" {baggage(CALL)} ; p=1 , a=1;q=2 ,b=2", "a=1;q=2,b=2"),
    ("baggage", "a=1", "a=1"),
    ("baggage", "", ""),
    ("tracestate", f"a=1, flowprobe={CALL} ,b=2", "a=1,b=2"),
    ("traceparent", "00-1-2-01", "00-1-2-01"),
    ("x-request-id", CALL, ""),
])
def test_ours_is_taken_out_and_nothing_else(name: str, value: str, left: str) -> None:
    assert stripped(name, value) == left
