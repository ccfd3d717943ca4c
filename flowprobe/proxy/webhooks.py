"""`webhook`: a hold-queue between a provider and the product.

Its provider is answered at once where the webhook is late, out of order or lost, as a real receiver does that puts
what it gets into a queue; what the product then answers stands in the receipt. With its lease, whatever is held is
delivered at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from mitmproxy.http import HTTPFlow, Response

from flowprobe.core.decide import Injection
from flowprobe.core.faults.webhooks import Again, Delivery, Drop, Later, Shuffle
from flowprobe.proxy.courier import Courier, Parcel
from flowprobe.proxy.exchange import Exchange, Waits
from flowprobe.proxy.recorder import Recorder

__all__ = ["Webhooks"]

_PATIENCE_S = 10.0
"""So long a webhook is held back for others to change places with."""


@dataclass(slots=True, eq=False)
class _Held:
    exchange: Exchange
    injection: Injection
    parcel: Parcel
    answer: int


@dataclass(slots=True)
class _Queue:
    """Those of one fault that wait for each other; `shuffled` once some did change places."""

    together: int
    held: list[_Held] = field(default_factory=list)
    shuffled: bool = False


class Webhooks:
    """What is on its way, or held back. `courier` is set when we listen."""

    def __init__(self, recorder: Recorder, waits: Waits, clock: Callable[[], float]) -> None:
        self.courier = Courier()
        self._recorder = recorder
        self._waits = waits
        self._clock = clock
        self._queues: dict[tuple[str, str], _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, flow: HTTPFlow, exchange: Exchange, injection: Injection, action: Delivery) -> None:
        """Do to one webhook what was decided."""
        match action:
            case Drop(answer):
                self._answer(flow, exchange, answer)
                self._recorder.injected(exchange, injection, detail=f"never delivered; its provider was told {answer}")
            case Later(seconds, answer):
                self._keep(flow, exchange, answer)
                self._spawn(self._later(_Held(exchange, injection, Parcel.of(flow), answer), seconds))
            case Shuffle(together, answer):
                self._keep(flow, exchange, answer)
                self._queue(_Held(exchange, injection, Parcel.of(flow), answer), together)
            case Again():
                pass  # the product has to be told a first time
            case strange:
                assert_never(strange)

    def repeats(self, exchange: Exchange) -> bool:
        """Whether the product is to be told again what it was told now."""
        return not exchange.answered and any(isinstance(each.action, Again) for each in exchange.injections)

    async def again(self, flow: HTTPFlow, exchange: Exchange) -> None:
        """Deliver once more, as often as was decided. The provider hears of the first when all have arrived: else the
        journey could be over before them."""
        await self._repeat(exchange, Parcel.of(flow))

    def release(self, lease: str) -> None:
        """Deliver what a lease holds back, in the order in which it came."""
        for key, queue in list(self._queues.items()):
            if key[0] == lease:
                del self._queues[key]
                self._spawn(self._give_up(queue, "the lease ended"))

    # --- parts ---

    def _answer(self, flow: HTTPFlow, exchange: Exchange, answer: int) -> None:
        flow.response = Response.make(answer, b"")
        exchange.answered = True

    def _keep(self, flow: HTTPFlow, exchange: Exchange, answer: int) -> None:
        """Answer, and hold the webhook beyond that: what its provider does with the connection is no matter now."""
        self._answer(flow, exchange, answer)
        exchange.held, exchange.client = True, ""

    def _spawn(self, work: object) -> None:
        assert asyncio.iscoroutine(work), "what is spawned is awaited"
        task = asyncio.ensure_future(work)
        self._tasks.add(task)  # the loop holds tasks weakly
        task.add_done_callback(self._tasks.discard)

    async def _later(self, held: _Held, seconds: float) -> None:
        began = self._clock()
        how = await self._waits.until(held.exchange.ready + seconds, held.exchange)
        held.exchange.held = True
        now = self._clock()
        self._recorder.injected(
            held.exchange, held.injection, asked_s=seconds, slept_s=now - began, realised_s=now - held.exchange.ready,
            detail="the lease ended" if how == "released" else "",
        )
        await self._deliver(held)

    def _queue(self, held: _Held, together: int) -> None:
        key = (held.exchange.lease, held.injection.fault.id)
        queue = self._queues.setdefault(key, _Queue(together))
        queue.held.append(held)
        if len(queue.held) >= together:
            turned, queue.held, queue.shuffled = queue.held[::-1], [], True
            self._spawn(self._turned(turned))
        elif len(queue.held) == 1:
            asyncio.get_running_loop().call_later(_PATIENCE_S, self._tired, key, held)

    async def _turned(self, turned: list[_Held]) -> None:
        for place, held in enumerate(turned, 1):
            self._recorder.injected(held.exchange, held.injection,
                                    realised_s=self._clock() - held.exchange.ready,
                                    detail=f"came as number {len(turned) + 1 - place}, delivered as number {place}")
            await self._deliver(held)

    def _tired(self, key: tuple[str, str], first: _Held) -> None:
        queue = self._queues.get(key)
        if queue and queue.held and queue.held[0] is first:
            given_up, queue.held = _Queue(queue.together, queue.held, queue.shuffled), []
            self._spawn(self._give_up(given_up, f"no other came within {_PATIENCE_S:g} s"))

    async def _give_up(self, queue: _Queue, why: str) -> None:
        """Those that found nobody to change places with. Where none ever did, it is we who were late."""
        for held in queue.held:
            waited = self._clock() - held.exchange.ready
            if queue.shuffled:
                self._recorder.injected(held.exchange, held.injection, realised_s=waited,
                                        detail=f"held for {waited:.3f} s, not turned round: {why}")
            else:
                self._recorder.failed("webhook", f"held one for {waited:.3f} s and turned none round: {why}",
                                      held.exchange)
            await self._deliver(held)

    async def _deliver(self, held: _Held) -> None:
        exchange = held.exchange
        exchange.upstream_status = await self.courier.deliver(held.parcel)
        exchange.held = False
        if exchange.upstream_status is None:
            exchange.error = "the product did not answer"
        self._recorder.ended(exchange, held.answer)
        await self._repeat(exchange, held.parcel)

    async def _repeat(self, exchange: Exchange, parcel: Parcel) -> None:
        for injection in exchange.injections:
            times = injection.action.times if isinstance(injection.action, Again) else 1
            for _ in range(times - 1):
                if not exchange.injections:
                    return  # the lease ended
                status = await self.courier.deliver(parcel)
                told = "did not answer" if status is None else f"answered {status}"
                self._recorder.injected(exchange, injection, detail=f"delivered again: the product {told}")
