"""The cause of a failure in one sentence, with no more certainty than there is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.cause import Cause, Part, sentence

SEARCH = Part("search", "search", "latency", "latency 310ms", 0.31, 0.3)
PAYMENTS = Part("payments", "payments", "latency", "latency 500ms")
DOWN = Part("mail", "mail", "status", "status 503")
SURE = Cause((SEARCH,), (PAYMENTS,), "search", "within: …", 3, 3, 12)


@pytest.mark.parametrize(("cause", "said"), [
    (SURE, "fails at step 'search' because of search latency alone: breaks from 310 ms on (holds at 300 ms); seen 3 of 3 times; "
           "payments latency 500ms of the same plan is not needed."),
    (replace(SURE, holds_without=True, spare=()), "fails at step 'search' because of search latency alone: breaks from 310 ms on "
     "(holds at 300 ms); seen 3 of 3 times; holds without it."),
    (Cause((DOWN,), k=2, n=3), "fails now and then with mail status 503, by chance or by something else: seen 2 of 3 times."),
    (Cause((SEARCH, DOWN), (), k=3, n=3), "fails because of search latency and mail status 503 together: search latency "
                                          "breaks from 310 ms on (holds at 300 ms); seen 3 of 3 times."),
    (replace(SURE, spare=(), minimal=False, ended="6 trials were not enough"),
     "fails at step 'search' because of search latency: breaks with 310 ms (holds with 300 ms); seen 3 of 3 times; a smaller cause may be "
     "there: 6 trials were not enough."),
    (Cause((replace(SEARCH, holds_s=0.0),), k=3, n=3),
     "fails because of search latency alone: breaks with 310 ms already; seen 3 of 3 times."),
    (Cause((DOWN,)), "fails because of mail status 503 alone: not seen again, for no trial was left."),
    (replace(SURE, holds_without=False), "fails at step 'search' by now without any fault, too: whether it is because of search latency is "
                                         "unknown."),
    (Cause((), (DOWN,)), "failed, and nothing had been injected: no fault of the plan fell on a call, so none is why."),
    (replace(SURE, k=0), "failed at step 'search', and not again with search latency 310ms: 0 of 3 times. Its cause is unknown."),
    (replace(SURE, k=0, minimal=False, ended="6 trials were not enough"), "failed at step 'search', and not again with search "
     "latency 310ms: 0 of 3 times; 6 trials were not enough. Its cause is unknown."),
])
def test_a_cause_is_said_as_sure_as_it_is(cause: Cause, said: str) -> None:
    assert sentence(cause, "Search; always", ["acme-eu"]) == f"'Search; always' for acme-eu {said}"


@pytest.mark.parametrize(("cause", "sure"), [
    (replace(SURE, holds_without=True), "sure"),
    (SURE, "likely"),
    (replace(SURE, holds_without=True, k=2), "unknown"),
    (replace(SURE, holds_without=True, k=2, n=2), "likely"),
    (replace(SURE, holds_without=True, minimal=False), "likely"),
    (replace(SURE, holds_without=False), "unknown"),
    (replace(SURE, k=0), "unknown"),
])
def test_only_what_breaks_each_time_and_holds_without_is_sure(cause: Cause, sure: str) -> None:
    assert cause.sure == sure


@given(st.integers(0, 9), st.integers(0, 9), st.sampled_from([True, False, None]), st.booleans())
def test_nothing_is_a_because_that_did_not_break_each_time(k: int, more: int, held: bool | None, minimal: bool) -> None:
    cause = replace(SURE, k=k, n=k + more, holds_without=held, minimal=minimal, ended="" if minimal else "stopped")
    said = sentence(cause, "Search", ["acme-eu"])
    assert "fails at step 'search' because" not in said or (not more and held is not False)
    assert cause.sure == "unknown" or (not more and held is not False)
