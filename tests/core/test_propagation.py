"""What came through to whom, and what follows from it."""

from __future__ import annotations

import pytest

from flowprobe.core.events import ExchangeEnded
from flowprobe.core.propagation import PROBED, Propagation, propagation


def exchange(**carriers: str) -> ExchangeEnded:
    named = {name.replace("_", "-"): came for name, came in carriers.items()}
    return ExchangeEnded("x1", "payments", "GET", "h", "/", "GET /", "a", None, "owned", 0.0, 1.0, 200, 200, carriers=named)


def one(*exchanges: ExchangeEnded, id_sent: bool = True, owned: bool = True) -> Propagation:
    (row,) = propagation(exchanges, ["payments"], id_sent=id_sent, owned=owned)
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
