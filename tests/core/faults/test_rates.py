"""Rates read as they are written."""

from __future__ import annotations

import pytest

from flowprobe.core.faults.rates import UNITS, in_words, sized


@pytest.mark.parametrize(("rate", "words"), [
    (50_000, "50KB/s"), (1_500_000, "1.5MB/s"), (500, "500B/s"), (49_876.3, "49.88KB/s"), (0, "0B/s"),
])
def test_a_rate_in_words(rate: float, words: str) -> None:
    assert in_words(rate) == words


def test_bits_are_an_eighth_of_bytes() -> None:
    assert 8 * UNITS["kbit/s"] == UNITS["KB/s"]
    assert 8 * UNITS["Mbit/s"] == UNITS["MB/s"]


def test_a_chunk_holds_something() -> None:
    assert sized({}) is None
    assert sized({"chunk": 1}) is None
    wrong = sized({"chunk": 0})
    assert wrong
    assert (wrong.key, wrong.id) == ("chunk", "out-of-range")
