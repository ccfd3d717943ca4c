"""Tries are compared: none is made twice, and the smallest that breaks the same is kept."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flowprobe.core.exploring.bench import Bench, broken
from flowprobe.core.exploring.model import Break, Enough, Learned

PAID, OTHER = Break("pay", "status", "status"), Break("invite", "status", "status")


@dataclass(frozen=True)
class Number:
    key: int


class Asked:
    def __init__(self, *inconclusive: int) -> None:
        self.numbers: list[int] = []
        self._inconclusive = list(inconclusive)

    def __call__(self, number: Number) -> Learned:
        self.numbers.append(number.key)
        if number.key in self._inconclusive:
            self._inconclusive.remove(number.key)
            return Learned("inconclusive")
        return Learned("fail", (PAID,)) if number.key >= 5 else Learned("pass")


def bench(asked: Asked, most: int = 9) -> Bench[Number]:
    return Bench(asked, PAID, most, Number(9), Learned("fail", (PAID,)))


def test_what_breaks_the_same_is_the_best_and_is_not_tried_twice() -> None:
    asked = Asked()
    compared = bench(asked)
    compared.holds(Number(1))
    assert [compared.breaks(Number(key)) for key in (9, 6, 4, 6, 1)] == [True, True, False, True, False]
    assert (asked.numbers, compared.best, compared.tries) == ([6, 4], Number(6), 2)


def test_what_nobody_can_tell_is_tried_once_more() -> None:
    asked = Asked(6, 7, 7)
    compared = bench(asked)
    assert (compared.breaks(Number(6)), compared.breaks(Number(7))) == (True, False)
    assert asked.numbers == [6, 6, 7, 7]


def test_no_more_than_so_many() -> None:
    compared = bench(Asked(), most=1)
    compared.breaks(Number(6))
    with pytest.raises(Enough, match="1 tries were not enough"):
        compared.breaks(Number(5))
    assert compared.best == Number(6)


@pytest.mark.parametrize(("learned", "wanted", "said"), [
    (Learned("fail", (PAID, OTHER)), OTHER, True), (Learned("fail", (PAID,)), OTHER, False),
    (Learned("fail"), None, True), (Learned("pass", (PAID,)), PAID, False)])
def test_the_same_promise_has_to_be_broken(learned: Learned, wanted: Break | None, said: bool) -> None:
    assert broken(learned, wanted) is said
