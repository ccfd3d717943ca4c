"""The beta distribution, against what is known of it by other ways."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.beta import share_below

WHOLE = st.integers(1, 60)
SHARE = st.floats(0.001, 0.999)


@given(SHARE, WHOLE, WHOLE)
def test_for_whole_numbers_it_is_a_sum_of_binomials(x: float, a: int, b: int) -> None:
    """https://dlmf.nist.gov/8.17.E5"""
    tries = a + b - 1
    wanted = math.fsum(math.comb(tries, each) * x ** each * (1 - x) ** (tries - each) for each in range(a, tries + 1))
    assert share_below(x, a, b) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@given(SHARE, st.floats(0.05, 5000), st.floats(0.05, 5000))
def test_the_two_sides_make_one(x: float, a: float, b: float) -> None:
    assert share_below(x, a, b) + share_below(1 - x, b, a) == pytest.approx(1, abs=1e-9)


@given(SHARE, SHARE, st.floats(0.05, 5000), st.floats(0.05, 5000))
def test_it_never_falls(one: float, other: float, a: float, b: float) -> None:
    assert share_below(min(one, other), a, b) <= share_below(max(one, other), a, b) + 1e-12


def test_the_arcsine_distribution_and_the_ends() -> None:
    assert share_below(0.3, 0.5, 0.5) == pytest.approx(2 / math.pi * math.asin(math.sqrt(0.3)), abs=1e-13)
    assert (share_below(0.0, 2, 3), share_below(1.0, 2, 3)) == (0.0, 1.0)


def test_many_tries_are_as_a_normal_distribution() -> None:
    share, tries = 0.01, 1_000_000
    sd = math.sqrt(share * (1 - share) / tries)
    assert share_below(share + sd, share * tries, (1 - share) * tries) == pytest.approx(0.8413, abs=0.001)
