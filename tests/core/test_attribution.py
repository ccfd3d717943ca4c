"""Whose call is it? The ladder, and that two claims are none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core import tracing
from flowprobe.core.attribution import Attribution, Signs, attribute, without_our_baggage

A, B = "a" * 16, "b" * 16
CALL_A = tracing.call_id(A, 3, 2)
NOBODY = Attribution(None, "none")
AMBIGUOUS = Attribution(None, "ambiguous")


def traced(trial: str) -> str:
    return tracing.traceparent(tracing.call_id(trial, 3, 2))


def carried(trial: str) -> str:
    return tracing.baggage(tracing.call_id(trial, 3, 2))


@pytest.mark.parametrize(("signs", "expected"), [
    (Signs(traced(A)), Attribution(A, "traceparent", CALL_A, 3)),
    (Signs(traced(A), carried(A), (A.encode(),)), Attribution(A, "traceparent", CALL_A, 3)),
    (Signs(traced("f" * 16), carried(A)), Attribution(A, "baggage", CALL_A, 3)),
    (Signs("", f"x=1 , {carried(A)};p=1"), Attribution(A, "baggage", CALL_A, 3)),
    (Signs(texts=(b"/v1/x", b'{"ref": "' + A.encode() + b'-invite"}')), Attribution(A, "trial-id")),
    (Signs(), NOBODY),
    (Signs(traced("f" * 16)), NOBODY),
    (Signs("garbage", "flowprobe.call=zz"), NOBODY),
    (Signs(traced(A), carried(B)), AMBIGUOUS),
    (Signs(traced(A), texts=(B.encode(),)), AMBIGUOUS),
    (Signs(texts=(A.encode() + B.encode(),)), AMBIGUOUS),
])
def test_the_strongest_evidence_wins_and_two_claims_are_none(signs: Signs, expected: Attribution) -> None:
    assert attribute(signs, [A, B]) == expected


def test_a_product_of_ours_works_for_its_only_trial() -> None:
    assert attribute(Signs(), [A, B], sole=A) == Attribution(A, "owned")
    assert attribute(Signs(traced("f" * 16)), [A], sole=A) == Attribution(A, "owned")


def test_ownership_is_weaker_than_any_mark() -> None:
    assert attribute(Signs(traced(B)), [A, B], sole=A).trial == B
    assert attribute(Signs(texts=(A.encode(), B.encode())), [A, B], sole=A) == AMBIGUOUS


TRIALS = st.integers(0, 2**64 - 1).map(lambda n: f"{n:016x}")


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(TRIALS, min_size=1, max_size=5, unique=True), st.data())
def test_whoever_is_found_was_known_and_stood_alone(known: list[str], data: st.DataObject) -> None:
    claims = data.draw(st.lists(st.sampled_from(known), max_size=3))
    pads = data.draw(st.lists(st.binary(max_size=20), min_size=len(claims), max_size=len(claims)))
    texts = tuple(pad + b"/" + claim.encode() + b"/" for pad, claim in zip(pads, claims, strict=True))
    found = attribute(Signs(texts=texts), known)
    expected = {0: None, 1: claims[0] if claims else None}.get(len(set(claims)))
    assert found.trial == expected


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(), st.text(), st.lists(st.binary(), max_size=2))
def test_no_request_makes_it_fail(traceparent: str, baggage: str, texts: list[bytes]) -> None:
    assert attribute(Signs(traceparent, baggage, tuple(texts)), []) == NOBODY


@pytest.mark.parametrize(("header", "left"), [
    (f"tenant=7,{carried(A)}", "tenant=7"),
    (carried(A), ""),
    (f" {carried(A)} ; p=1 , a=1;q=2 ,b=2", "a=1;q=2,b=2"),
    ("a=1", "a=1"),
    ("", ""),
])
def test_our_baggage_is_taken_out_and_nothing_else(header: str, left: str) -> None:
    assert without_our_baggage(header) == left
