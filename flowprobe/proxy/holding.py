"""Exchanges that are kept waiting: before they are forwarded, or before their reply goes on."""

from __future__ import annotations

from collections.abc import Callable

from flowprobe.core.decide import Injection
from flowprobe.proxy.exchange import Exchange, Waits
from flowprobe.proxy.recorder import Recorder

__all__ = ["Holding"]

_GONE = "the caller gave up"
_PAST = "the provider took that long by itself"
_WORDS = {"gone": _GONE, "released": "the lease ended", "elapsed": "the ceiling was reached"}


class Holding:
    """Waits, and the receipts of them. `own_cost_s` is what the proxy itself adds to a call; it comes off one delay of
    each call, so that the caller sees what was asked."""

    def __init__(self, recorder: Recorder, clock: Callable[[], float]) -> None:
        self.own_cost_s = 0.0
        self.waits = Waits(clock)
        self._recorder = recorder
        self._clock = clock

    async def delay(self, exchange: Exchange, injection: Injection, seconds: float, *, since: float,
                    floor: bool = False) -> float:
        """Keep an exchange waiting until `seconds` after `since`; after a caller that gave up, nothing goes on. As a
        `floor`, it may be past that already. Returns the deadline, from which a delay that comes on top counts."""
        began = self._clock()
        paid = 0.0 if exchange.paid else self.own_cost_s
        exchange.paid = True
        past = floor and since + seconds <= began
        deadline = since + seconds - paid
        how = await self.waits.until(deadline, exchange)
        now = self._clock()
        self._recorder.injected(
            exchange, injection, asked_s=seconds, slept_s=now - began, realised_s=now - since + paid,
            gave_up_s=now - exchange.ready if how == "gone" else None,
            detail=_WORDS["released"] if how == "released" else _PAST if past else "",
        )
        if how == "gone":
            exchange.error, exchange.injections = _GONE, ()
            self._recorder.ended(exchange, None)
        return deadline

    async def hold(self, exchange: Exchange, injection: Injection, seconds: float) -> None:
        """Keep an exchange waiting for `seconds`, for the caller to give up."""
        began = self._clock()
        how = await self.waits.until(began + seconds, exchange)
        now = self._clock()
        self._recorder.injected(
            exchange, injection, asked_s=seconds, slept_s=now - began, realised_s=now - began,
            gave_up_s=now - exchange.ready if how == "gone" else None, detail=_WORDS[how],
        )
