"""The beta distribution: what is known of a share after some tries."""

from __future__ import annotations

import math

__all__ = ["share_below"]

_TERMS, _CLOSE, _TINY = 1000, 1e-14, 1e-300


def share_below(x: float, a: float, b: float) -> float:
    """The probability that a share distributed as Beta(a, b) is at most x: the regularised incomplete beta function
    I_x(a, b), by its continued fraction (https://dlmf.nist.gov/8.17.E22), from the side on which that converges fast
    (https://dlmf.nist.gov/8.17.E4). `a` and `b` are above zero; right to about 12 digits up to a + b of a million."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - math.lgamma(a) - math.lgamma(b) + math.lgamma(a + b))
    if x < (a + 1) / (a + b + 2):
        return front / a / _fraction(x, a, b)
    return 1 - front / b / _fraction(1 - x, b, a)


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)) by the modified method of Lentz (Numerical Recipes, third edition, section 5.2)."""
    value, above, below = 1.0, 1.0, 0.0
    for term in range(1, _TERMS):
        step = _coefficient(term, x, a, b)
        below = 1 / _not_zero(1 + step * below)
        above = _not_zero(1 + step / above)
        value *= above * below
        if abs(above * below - 1) < _CLOSE:
            break
    return value


def _coefficient(term: int, x: float, a: float, b: float) -> float:
    half, odd = divmod(term, 2)
    if odd:
        return -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
    return half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
