"""What came through to whom, and what follows from it."""

from __future__ import annotations

import pytest

from flowprobe.core.events import ExchangeEnded
from flowprobe.core.propagation import PROBED, Propagation, propagation, tells


def exchange(evidence: str = "owned", **carriers: str) -> ExchangeEnded:
    named = {name.replace("_", "-"): came for name, came in carriers.items()}
    return ExchangeEnded("x1", "payments", "GET", "h", "/", "GET /", "a", None, evidence, 0.0, 1.0, 200, 200, carriers=named)


def one(*exchanges: ExchangeEnded, id_sent: bool = True, owned: bool = True, nobodys: int = 0) -> Propagation:
    (row,) = propagation(exchanges, ["payments"], id_sent=id_sent, owned=owned, nobodys={"payments": nobodys, "x": 9})
    return row


def test_each_carrier_survived_was_changed_lost_or_came_sometimes() -> None:
    row = one(exchange(traceparent="survived", b3="changed", x_request_id="survived"),
              exchange(traceparent="survived", b3="changed", baggage="changed"))
    assert row.came == dict.fromkeys(PROBED, "lost") | {
        "traceparent": "survived", "b3": "changed", "x-request-id": "1 of 2", "baggage": "changed"}


@pytest.mark.parametrize(("exchanges", "owned", "rung", "advice"), [
    ([exchange(b3="survived")], True, "trace", "every call bears b3: `attribution: trace` can be asked for"),
    ([exchange(trial_id="survived")], False, "trial-id",
     "the id of the trial is in every call: `attribution: trial-id` can be asked for"),
    ([exchange(b3="changed")], True, "owned", "no call bears a mark: pass `traceparent` on"),
    ([exchange(b3="survived"), exchange()], False, "", "1 of 2 calls bear no mark: pass `traceparent` on"),
    ([exchange(b3="survived"), exchange(trial_id="survived")], False, "", "every call bears a mark, and none is in all"),
    ([], True, "", "the journey made no call to it"),
])
def test_the_rung_is_that_of_what_every_call_bears(exchanges: list[ExchangeEnded], owned: bool, rung: str,
                                                   advice: str) -> None:
    row = one(*exchanges, owned=owned)
    assert (row.rung, row.calls) == (rung, len(exchanges))
    assert row.advice.startswith(advice)


def test_an_id_that_was_not_sent_cannot_be_lost() -> None:
    assert one(exchange(), id_sent=False).came["trial-id"] == "not sent"


# --- of a product that others use as well ---------------------------------------------------------


def test_where_nothing_came_through_what_passed_may_be_ours() -> None:
    row = one(owned=False, nobodys=3)
    assert (row.calls, row.unattributed, row.rung, row.came) == (0, 3, "", {})
    assert row.advice.startswith("3 calls passed to it while the probe ran, and none can be told to be the journey's")
    assert "`baggage`" in row.advice
    assert "the persona's own customer" in row.advice
    assert not tells([row, one(exchange("baggage", baggage="survived"), owned=False)])


def test_what_passed_beside_calls_of_ours_is_said_and_leaves_the_answer() -> None:
    row = one(exchange("baggage", baggage="survived"), owned=False, nobodys=1)
    assert (row.calls, row.unattributed, row.rung) == (1, 1, "trace")
    assert row.advice.startswith("every call that can be told bears baggage: `attribution: trace` can be asked for; ")
    assert row.advice.endswith("1 more call passed to it while the probe ran that may be anybody's, the journey's too")
    assert tells([row])


def test_calls_before_the_journey_of_a_product_of_ours_are_not_its_calls() -> None:
    assert one(owned=True, nobodys=2) == one(owned=True)


def test_no_call_at_all_tells_nothing() -> None:
    silent = one(owned=False)
    assert silent.advice.startswith("no call to it passed the proxy")
    assert not tells([silent])
    assert not tells([])
    assert tells([silent, one(exchange(), owned=True)])


@pytest.mark.parametrize(("evidences", "rung"), [
    (["credentials"], "credentials"), (["b3", "credentials"], "credentials"), (["proxy-user"], "listener"),
    (["trial-id", "b3"], "trial-id"),
])
def test_what_an_environment_declares_tells_where_no_mark_does(evidences: list[str], rung: str) -> None:
    calls = [exchange(evidence, **({"b3": "survived"} if evidence == "b3" else {})) for evidence in evidences]
    row = one(*calls, owned=False)
    assert row.rung == rung
    assert row.advice.endswith(f"`attribution: {rung}` can be asked for")
