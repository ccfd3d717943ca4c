"""Whose call is it? The ladder, and that two claims are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core import tracing
from flowprobe.core.attribution import (
    AMBIGUOUS,
    NOBODY,
    RUNGS,
    Attribution,
    Rung,
    Signs,
    attribute,
    enough,
    rung_of,
    weakest,
)
from flowprobe.core.tracing import CallId

A, B = "a" * 16, "b" * 16
CALL_A = tracing.call_id(A, 3, 2)
OWNED = Attribution(A, "owned")


def by(name: str, trial: str) -> tuple[tuple[str, CallId], ...]:
    return ((name, CallId(trial, 3, 2)),)


def one(*trials: str) -> frozenset[str]:
    return frozenset(trials)


@pytest.mark.parametrize(("signs", "expected"), [
    (Signs(by("traceparent", A)), Attribution(A, "traceparent", CALL_A, 3)),
    (Signs(by("traceparent", A), one(A), one(A), one(A)), Attribution(A, "traceparent", CALL_A, 3)),
    (Signs(by("traceparent", "f" * 16) + by("b3", A)), Attribution(A, "b3", CALL_A, 3)),
    (Signs(marked=one(A), learned=one(A)), Attribution(A, "trial-id")),
    (Signs(learned=one(A), customers=one(A)), Attribution(A, "learned")),
    (Signs(customers=one(A)), Attribution(A, "credentials")),
    (Signs(), NOBODY),
    (Signs(by("traceparent", "f" * 16)), NOBODY),
    (Signs(by("traceparent", A) + by("baggage", B)), AMBIGUOUS),
    (Signs(by("traceparent", A), marked=one(B)), AMBIGUOUS),
    (Signs(marked=one(A, B)), AMBIGUOUS),
    (Signs(marked=one(A), learned=one(B)), AMBIGUOUS),
    (Signs(marked=one(A), customers=one(B)), AMBIGUOUS),
    (Signs(marked=one(A), customers=one(A, B)), Attribution(A, "trial-id")),
    (Signs(customers=one(A, B)), AMBIGUOUS),
])
def test_the_strongest_evidence_wins_and_two_claims_are_none(signs: Signs, expected: Attribution) -> None:
    assert attribute(signs, [A, B]) == expected


def test_a_product_of_ours_works_for_its_only_trial() -> None:
    assert attribute(Signs(), [A, B], otherwise=OWNED) == OWNED
    assert attribute(Signs(by("traceparent", "f" * 16)), [A], otherwise=OWNED) == OWNED


def test_ownership_is_weaker_than_any_mark() -> None:
    assert attribute(Signs(by("traceparent", B)), [A, B], otherwise=OWNED).trial == B
    assert attribute(Signs(marked=one(A, B)), [A, B], otherwise=OWNED) == AMBIGUOUS


def test_a_call_for_a_strange_customer_is_not_ours_by_its_listener() -> None:
    assert attribute(Signs(stranger=True), [A], otherwise=Attribution(A, "listener")) == NOBODY
    assert attribute(Signs(stranger=True), [A], otherwise=OWNED) == OWNED


SETS = st.frozensets(st.sampled_from([A, B]), max_size=2)


@given(st.lists(st.sampled_from([A, B, "f" * 16]), max_size=3), SETS, SETS, SETS)
def test_whoever_is_found_was_known_and_claimed_by_all(carried: list[str], marked: frozenset[str],
                                                       learned: frozenset[str], customers: frozenset[str]) -> None:
    signs = Signs(tuple(("b3", CallId(trial, 1, 1)) for trial in carried), marked, learned, customers)
    found = attribute(signs, [A, B])
    claims = ({*carried} & {A, B}) | marked | learned
    if found.trial is not None:
        assert claims <= {found.trial}
        assert not customers or found.trial in customers
    elif found.evidence == "none":
        assert not claims
        assert not customers


@pytest.mark.parametrize(("evidence", "rung"), [
    ("owned", "owned"), ("traceparent", "trace"), ("x-request-id", "trace"), ("trial-id", "trial-id"),
    ("learned", "learned"), ("credentials", "credentials"), ("listener", "listener"), ("proxy-user", "listener"),
    ("window", "window"), ("none", None), ("ambiguous", None),
])
def test_each_piece_of_evidence_stands_on_a_rung(evidence: str, rung: Rung | None) -> None:
    assert rung_of(evidence) == rung
    assert [enough(evidence, minimum) for minimum in RUNGS] == [
        rung is not None and RUNGS.index(minimum) >= RUNGS.index(rung) for minimum in RUNGS]


def test_the_weakest_of_some_rungs_is_the_lowest() -> None:
    assert weakest(["trial-id", "window", "learned"]) == "window"
