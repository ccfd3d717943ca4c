"""Probabilities through the real proxy: how often a fault falls is what was asked, and the same in every run."""

from __future__ import annotations

from math import comb

import pytest

from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import When
from tests.proxy.rig import Rig, fault, marks, new_trial

CALLS = 300


def interval(probability: float, calls: int, confidence: float = 0.99) -> tuple[int, int]:
    """The central interval of the binomial distribution: how often it may fall, at least and at most."""
    tail, beyond = (1 - confidence) / 2, 0.0
    least = most = -1
    for hits in range(calls + 1):
        beyond += comb(calls, hits) * probability**hits * (1 - probability) ** (calls - hits)
        if least < 0 and beyond > tail:
            least = hits
        if most < 0 and beyond >= 1 - tail:
            most = hits
    return least, most


def fallen(rig: Rig, probability: float, seed: int) -> list[int]:
    """Which of the calls were answered by the fault."""
    trial = new_trial()
    with rig.armed(trial, fault(Status(503), when=When(probability=probability)), seed=seed), rig.client() as client:
        codes = [client.get("/v1/charges", headers=marks(trial)).status_code for _ in range(CALLS)]
    assert set(codes) <= {200, 503}
    hit = [number for number, code in enumerate(codes, 1) if code == 503]
    assert [receipt.ordinal for receipt in rig.receipts(trial)] == hit
    return hit


def test_the_interval_is_the_binomial_one() -> None:
    assert interval(0.5, 10) == (1, 9)
    assert interval(0.5, 100) == (37, 63)


@pytest.mark.parametrize("probability", [0.02, 0.1, 0.5, 0.9])
def test_a_probability_is_met_within_the_99_percent_interval(rig: Rig, probability: float) -> None:
    least, most = interval(probability, CALLS)
    assert least <= len(fallen(rig, probability, seed=20)) <= most


def test_the_same_seed_falls_on_the_same_calls_and_another_on_others(rig: Rig) -> None:
    assert fallen(rig, 0.3, seed=7) == fallen(rig, 0.3, seed=7)
    assert fallen(rig, 0.3, seed=7) != fallen(rig, 0.3, seed=8)
