"""Why calls were left alone, in words."""

from __future__ import annotations

from flowprobe.core.events import ExchangeEnded
from flowprobe.core.spared import Spared, spared_in, told


def exchange(spared: str, evidence: str) -> ExchangeEnded:
    return ExchangeEnded("x1", "payments", "GET", "h", "/", "GET /", None, None, evidence, 0.0, 1.0, 200, 200, spared=spared)


def test_calls_are_counted_by_edge_and_reason() -> None:
    seen = [exchange("unattributed", "none"), exchange("", "traceparent"), exchange("below trace", "learned"),
            exchange("unattributed", "none")]
    assert spared_in(seen) == {Spared("payments", "unattributed", "none"): 2, Spared("payments", "below trace", "learned"): 1}


def test_each_reason_is_a_sentence() -> None:
    seen = [exchange("below trace", "learned"), exchange("ambiguous", "ambiguous"), exchange("background", "owned"),
            exchange("unattributed", "none"), exchange("unattributed", "none")]
    assert list(told(spared_in(seen))) == [
        "not injected into 1 call to 'payments': attribution learned is below the environment's minimum trace",
        "not injected into 1 call to 'payments': it bears the marks of two trials, or only some items of a batch are ours",
        "not injected into 1 call to 'payments': no step of ours was in flight, nor shortly before",
        "not injected into 2 calls to 'payments': nothing on it says whose it is",
    ]
