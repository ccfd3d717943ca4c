"""Pure products for the search to be tried on: which tries break them is known."""

from __future__ import annotations

from collections.abc import Callable

from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Reached, Site, Try

CHARGE = Site("payments", "POST /v1/charges", "pay")
SEND = Site("mail", "POST /send", "invite")
PAID = Break("pay", "status", "status", "saw 500")


class Product:
    """Breaks `PAID` where `broken` says so. It remembers what it was asked, and has `enough` after so many tries."""

    def __init__(self, broken: Callable[[Try], bool], *, enough: int | None = None,
                 reached: tuple[Reached, ...] = ()) -> None:
        self.asked: list[Try] = []
        self._broken, self._enough, self._reached = broken, enough, reached

    def __call__(self, attempt: Try) -> Learned:
        if len(self.asked) == self._enough:
            raise Enough("the budget of 20 tries is used up")
        self.asked.append(attempt)
        return self.learned(attempt)

    def learned(self, attempt: Try) -> Learned:
        if self._broken(attempt):
            return Learned("fail", (PAID,), self._reached)
        return Learned("pass", (), self._reached)


def has(attempt: Try, wanted: Placed) -> bool:
    return any(placed == wanted for placed in attempt.faults)
